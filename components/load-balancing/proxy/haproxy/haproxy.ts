import { isIP } from "node:net";

import * as pulumi from "@pulumi/pulumi";

import type { ProxyPlan } from "../../../../budget/load-balancing/proxy-plan";
import { PROBE_PATHS } from "../../../../budget/load-balancing/private-paths";
import { slidingWindow, type RateLimit } from "../../../../budget/load-balancing/proxy-limits";
import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import { IMAGES } from "../../../shared/versions";
import { HAPROXY_CONFIG, HAPROXY_SECTIONS, haProxyConf } from "./haproxy-conf";
import type { HaProxyLimit } from "./haproxy-conf-args";
import { duration } from "./haproxy-syntax";
import { Proxy, type ProxyDefinition } from "../proxy";
import {
  admissionOf,
  clusterDomain,
  completeService,
  ownTimeouts,
  qualifiedHost,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "../proxy-args";
import type { ConnectionMetric } from "../proxy-autoscaling";
import { PROXY_PORTS, SCRATCH } from "../proxy-conf-args";
import type { PlannedLines } from "../proxy-pod";
import { routeTargets } from "../proxy-routes";
import { serviceConfs, sharedConfArgs, upstreamsOf } from "../proxy-shared-conf";
import { TLS_FILES } from "../proxy-tls";

/**
 * A fleet of HAProxy in front of one service or several, with the promise of `Nginx` and what nginx does without a licence only in
 * part: it asks each pod of the service whether it is ready, lets requests wait in a bounded queue, and divides the rate
 * limit by the pods that are ready now.
 *
 * Trap: a body of more than 2 KiB that does not say how long it is gets a 411, since HAProxy could not bound it.
 *
 * Cost: `minReplicas` pods of `cpuCores` and `memoryLimitMiB` at all times.
 */
export class HaProxy extends Proxy {
  constructor(name: string, args: ProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super(HAPROXY, name, args, opts);
  }
}

/** By which the pods count each other. */
function fleetService(workload: string): string {
  return `${workload}-pods`;
}

/** haproxy.cfg, as soon as the service's name is known. */
function configuration(args: CompleteProxyArgs, plan: ProxyPlan, workload: string): pulumi.Output<string> {
  const domain = clusterDomain(args);
  const server = args.clusterDns?.server;
  const { upstream, rateLimit, services = [] } = args;
  const { minReplicas, maxReplicas } = plan.numbers;
  const limitOf = (limit: RateLimit): HaProxyLimit => ({
    window: slidingWindow(limit, maxReplicas.value),
    connections: limit.connections,
  });
  const known = pulumi.all([upstreamsOf(args), pulumi.output([...(args.loadBalancerAddresses ?? [])])]);
  return known.apply(([{ namespace, servers }, addresses]) =>
    haProxyConf({
      ...sharedConfArgs(
        { ...args, namespace },
        plan,
        workload,
        admissionOf(args, minReplicas.value),
        addresses,
      ),
      upstream: servers.slice(0, 1),
      services: serviceConfs(args, plan, servers.slice(1), limitOf).map((service, index) => {
        const { healthPath = PROBE_PATHS.ready, addresses: slots = 1 } =
          services[index]?.upstream ?? upstream;
        return { ...service, healthPath, slots };
      }),
      dns: {
        slots: upstream.addresses ?? 1,
        ...(server === undefined
          ? {}
          : { nameserver: isIP(server) === 6 ? `[${server}]:53` : `${server}:53` }),
      },
      healthPath: upstream.healthPath ?? PROBE_PATHS.ready,
      rateLimit: limitOf(rateLimit),
      fleet: {
        maxReplicas: maxReplicas.value,
        host: qualifiedHost(fleetService(workload), namespace, domain),
      },
    }),
  );
}

/** What the plan counts on: keywords of the configuration, each as often as it stands there. */
function plannedLines(args: CompleteProxyArgs, { numbers }: ProxyPlan): PlannedLines[] {
  const lines = (name: string, ...values: (string | number)[]): PlannedLines => [
    name,
    ...values.map((value) => `${name} ${value}`),
  ];
  const { routes = [], services = [] } = args;
  const { idle, request } = ownTimeouts(args);
  const kept = duration(idle.proxyClient);
  return [
    lines("nbthread", numbers.workers.value),
    // Of the process, and of the frontend for clients.
    lines("maxconn", numbers.clientsPerPod.value, numbers.clientsPerPod.value),
    lines("timeout http-keep-alive", kept),
    lines("timeout tunnel", kept),
    lines(
      "timeout server",
      duration(request.proxy),
      ...routeTargets(routes).map(() => kept),
      ...services.flatMap((given) => {
        const service = completeService(args, given);
        const waits = duration(service.timeouts.request.proxy);
        // Requests, and bodies on their way.
        const own = service.upstream.concurrency === undefined ? [waits] : [waits, waits];
        const open = duration(service.timeouts.idle.proxyClient);
        return [...own, ...routeTargets(service.routes).map(() => open)];
      }),
    ),
  ];
}

/** Connections of clients, as its exporter has them. */
export const HAPROXY_CONNECTIONS: ConnectionMetric = {
  name: "haproxy_frontend_current_sessions",
  matchLabels: { proxy: HAPROXY_SECTIONS.clients },
};

const HAPROXY: ProxyDefinition = {
  proxy: "haproxy",
  component: "HaProxy",
  type: COMPONENT_TYPES.haProxy,
  program: {
    container: "haproxy",
    image: IMAGES.haproxy,
    // A master that reloads without a gap, in the foreground.
    command: ["haproxy", "-W", "-db", "-p", `${SCRATCH}/haproxy.pid`, "-f", HAPROXY_CONFIG],
    // The user and group `haproxy` of the image.
    userId: 99,
    configPath: HAPROXY_CONFIG,
    ports: [{ name: "metrics", containerPort: PROXY_PORTS.metrics }],
    reload: {
      files: [TLS_FILES.certificate, TLS_FILES.key],
      check: `haproxy -c -q -f ${HAPROXY_CONFIG}`,
      pidFile: `${SCRATCH}/haproxy.pid`,
      signal: "USR2",
    },
    sidecars: [],
    planned: plannedLines,
  },
  connections: HAPROXY_CONNECTIONS,
  fleetService,
  configuration,
};
