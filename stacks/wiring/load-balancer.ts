import type * as pulumi from "@pulumi/pulumi";

import type { RateLimit } from "../../budget/load-balancing/proxy-limits";
import { HaProxy } from "../../components/load-balancing/proxy/haproxy/haproxy";
import { Nginx } from "../../components/load-balancing/proxy/nginx/nginx";
import type { Proxy } from "../../components/load-balancing/proxy/proxy";
import {
  workloadName,
  type ClusterDns,
  type ProxiedService,
  type ProxyArgs,
  type ProxyUpstream,
} from "../../components/load-balancing/proxy/proxy-args";
import type { ProxyRoute } from "../../components/load-balancing/proxy/proxy-routes";
import { selectorLabels } from "../../components/shared/kubernetes";
import type { ElasticService } from "../../components/workload/elastic-service";
import type { Autoscaling } from "./autoscaling";
import { after, withAnnotations, type InFrontOfProxy } from "./public-load-balancer";
import { own } from "../../budget/core/own";
import type { StackPlan } from "../../plan/plan-stack";
import { publicServices } from "../../plan/public-services";
import type { ServiceConfig, StackConfig } from "../stack-file/config";
import { tlsOf } from "../stack-file/load-balancer-tls";

/** DNS of the cluster, as the stack file describes it. */
function dnsOf({ dns: { domain, server } }: StackConfig["cluster"]): ClusterDns {
  return { domain, ...(server === undefined ? {} : { server }) };
}

/** The service behind the proxy as the proxy knows it. */
function upstreamOf(name: string, service: ServiceConfig, built: ElasticService): ProxyUpstream {
  return {
    name,
    host: built.podsHost,
    labels: selectorLabels(name),
    port: built.port,
    addresses: built.replicas.max,
    demand: service.demand,
    serviceTimeSeconds: service.profile.serviceTimeSeconds,
    concurrency: service.profile.concurrencyPerPod,
    healthPath: service.health.ready,
    livePath: service.health.live,
  };
}

function routesOf(routes: NonNullable<StackConfig["loadBalancer"]>["routes"]): ProxyRoute[] {
  return routes.map(({ path, kind, port }) => ({ path, kind, ...(port === undefined ? {} : { port }) }));
}

/** Public services beside the proxy's own. */
function besides(
  config: StackConfig,
  plan: StackPlan,
  services: Readonly<Record<string, ElasticService>>,
  hidesClients: boolean,
): ProxiedService[] {
  const { loadBalancer } = config;
  if (loadBalancer === undefined) return [];
  return publicServices(config)
    .slice(1)
    .flatMap((name): ProxiedService[] => {
      const [service, planned, built] = [
        own(config.services, name),
        own(plan.services, name),
        own(services, name),
      ];
      const place = service?.public;
      if (service === undefined || planned === undefined || built === undefined || place === undefined)
        return [];
      const { maxBodyMiB, rateLimit } = place;
      return [
        {
          name,
          upstream: upstreamOf(name, service, built),
          hosts: place.hosts,
          paths: place.paths,
          routes: routesOf(place.routes),
          ...(maxBodyMiB === undefined ? {} : { maxBodyMiB }),
          ...(rateLimit === undefined
            ? {}
            : {
                rateLimit: hidesClients
                  ? limitOfEverybody({ ...loadBalancer, rateLimit }, service)
                  : rateLimit,
              }),
          budget: planned.budget,
          timeouts: planned.timeouts,
        },
      ];
    });
}

/**
 * The proxy in front of the public services, with the timeouts of each.
 *
 * @param inFront what stands in front of it, if anything outside the cluster does
 */
export function createLoadBalancer(
  config: StackConfig,
  plan: StackPlan,
  services: Readonly<Record<string, ElasticService>>,
  { prometheus, operators }: Autoscaling,
  options: pulumi.ComponentResourceOptions,
  inFront?: InFrontOfProxy,
): Proxy | undefined {
  const { loadBalancer, cluster } = config;
  if (loadBalancer === undefined) return undefined;
  const service = own(config.services, loadBalancer.service);
  const planned = own(plan.services, loadBalancer.service);
  const upstream = own(services, loadBalancer.service);
  if (service === undefined || planned === undefined || upstream === undefined) return undefined;
  const args: ProxyArgs = {
    configKey: "retrofitlink:loadBalancer",
    namespace: cluster.namespace,
    upstream: upstreamOf(loadBalancer.service, service, upstream),
    services: besides(config, plan, services, inFront?.hidesClients === true),
    routes: routesOf(loadBalancer.routes),
    clientConnections: loadBalancer.clientConnections,
    rateLimit:
      inFront?.hidesClients === true ? limitOfEverybody(loadBalancer, service) : loadBalancer.rateLimit,
    trustedProxies: [...loadBalancer.trustedProxies, ...(inFront?.trustedProxies ?? [])],
    maxBodyMiB: loadBalancer.maxBodyMiB,
    hosts: loadBalancer.hosts,
    hostsInFront: [...(loadBalancer.public?.hosts ?? []), ...(config.cdn?.hosts ?? [])],
    ...tlsOf(loadBalancer),
    headers: {
      // One owner: two would differ one day, and browsers take the stricter of each.
      owner: config.cdn?.headers ?? "proxy",
      // The cloud's load balancer redirects what is not TLS.
      tlsInFront: loadBalancer.headers.tlsInFront || inFront !== undefined,
    },
    cpuCores: loadBalancer.cpuCores,
    zones: cluster.zones,
    budget: planned.budget,
    timeouts: planned.timeouts,
    clusterDns: dnsOf(cluster),
    monitoringNamespace: cluster.monitoringNamespace,
    ...(plan.proxy === undefined ? {} : { plan: plan.proxy }),
    ...(prometheus === undefined ? {} : { prometheus, operators }),
    ...(inFront === undefined
      ? {}
      : {
          loadBalancerAddresses: inFront.loadBalancerAddresses,
          transform: { service: withAnnotations(inFront.serviceAnnotations) },
        }),
  };
  const name = workloadName(loadBalancer.proxy);
  const waiting = inFront === undefined ? options : after(options, inFront.before);
  return loadBalancer.proxy === "haproxy" ? new HaProxy(name, args, waiting) : new Nginx(name, args, waiting);
}

/** Pods divide a limit by the largest fleet, of which a part is there. */
const HEADROOM = 10;

/**
 * What an address may do that stands for all clients: so much that it never refuses anybody. The CDN's firewall counts
 * clients by `rateLimit`, and the proxy still admits no more than the service can answer.
 */
function limitOfEverybody(
  { rateLimit, clientConnections }: NonNullable<StackConfig["loadBalancer"]>,
  { demand }: ServiceConfig,
): RateLimit {
  return {
    requestsPerSecond: Math.max(rateLimit.requestsPerSecond, HEADROOM * demand.peakRps),
    burst: Math.max(rateLimit.burst, Math.ceil(demand.peakRps)),
    connections: Math.max(rateLimit.connections, HEADROOM * clientConnections),
  };
}
