import type * as pulumi from "@pulumi/pulumi";

import { Nginx } from "../components/load-balancing/nginx";
import type { ElasticService } from "../components/workload/elastic-service";
import { after, withAnnotations, type ProxyEntrance } from "./cloud-load-balancer";
import { serviceBudget, type StackConfig } from "./config";
import { ladderOf } from "./derived";

/**
 * The proxy in front of one service, with the timeouts of that service.
 *
 * @param entrance what stands in front of it, if anything outside the cluster does
 */
export function createLoadBalancer(
  config: StackConfig,
  services: Readonly<Record<string, ElasticService>>,
  options: pulumi.ComponentResourceOptions,
  entrance?: ProxyEntrance,
): Nginx | undefined {
  const { loadBalancer, cluster } = config;
  const service = config.services[loadBalancer?.service ?? ""];
  const upstream = services[loadBalancer?.service ?? ""];
  if (loadBalancer?.proxy !== "nginx" || service === undefined || upstream === undefined) return undefined;
  return new Nginx(
    "nginx-load-balancer",
    {
      configKey: "retrofitlink:loadBalancer",
      namespace: cluster.namespace,
      upstream: {
        host: upstream.podsHost,
        port: upstream.port,
        addresses: upstream.replicas.max,
        demand: service.demand,
        serviceTimeSeconds: service.profile.serviceTimeSeconds,
        webSocketPaths: loadBalancer.webSocketPaths,
      },
      clientConnections: loadBalancer.clientConnections,
      rateLimit: loadBalancer.rateLimit,
      trustedProxies: [...loadBalancer.trustedProxies, ...(entrance?.trustedProxies ?? [])],
      maxBodyMiB: loadBalancer.maxBodyMiB,
      cpuCores: loadBalancer.cpuCores,
      zones: cluster.zones,
      budget: serviceBudget(config, service),
      timeouts: ladderOf(config, service),
      ...(entrance === undefined
        ? {}
        : {
            tlsInFront: true,
            loadBalancerAddresses: entrance.loadBalancerAddresses,
            transform: { service: withAnnotations(entrance.serviceAnnotations) },
          }),
    },
    entrance === undefined ? options : after(options, entrance.before),
  );
}
