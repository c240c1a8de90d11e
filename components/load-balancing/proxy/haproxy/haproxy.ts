import { isIP } from "node:net";

import * as pulumi from "@pulumi/pulumi";

import type { ProxyPlan } from "../../../../budget/load-balancing/proxy-plan";
import { PROBE_PATHS } from "../../../../budget/load-balancing/private-paths";
import { slidingWindow } from "../../../../budget/load-balancing/proxy-limits";
import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import { IMAGES } from "../../../shared/versions";
import { HAPROXY_CONFIG, HAPROXY_SECTIONS, haProxyConf } from "./haproxy-conf";
import { duration } from "./haproxy-syntax";
import { Proxy, type ProxyDefinition } from "../proxy";
import {
  admissionOf,
  clusterDomain,
  qualifiedHost,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "../proxy-args";
import { PROXY_PORTS, SCRATCH } from "../proxy-conf-args";
import type { PlannedLines } from "../proxy-pod";
import { routeTargets } from "../proxy-routes";
import { sharedConfArgs } from "../proxy-shared-conf";
import { TLS_FILES } from "../proxy-tls";

/**
 * A fleet of HAProxy in front of one service, with the promise of `Nginx` and what nginx does without a licence only in
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
  const { upstream, rateLimit } = args;
  const { minReplicas, maxReplicas } = plan.numbers;
  const { host, port } = upstream;
  const addresses = [...(args.loadBalancerAddresses ?? [])];
  const { namespace } = args;
  return pulumi.output({ host, port, addresses, namespace }).apply(({ host, port, addresses, namespace }) =>
    haProxyConf({
      ...sharedConfArgs(
        { ...args, namespace },
        plan,
        workload,
        admissionOf(args, minReplicas.value),
        addresses,
      ),
      upstream: [{ host: qualifiedHost(host, namespace, domain), port }],
      dns: {
        slots: upstream.addresses ?? 1,
        ...(server === undefined
          ? {}
          : { nameserver: isIP(server) === 6 ? `[${server}]:53` : `${server}:53` }),
      },
      healthPath: upstream.healthPath ?? PROBE_PATHS.ready,
      rateLimit: { window: slidingWindow(rateLimit, maxReplicas.value), connections: rateLimit.connections },
      fleet: {
        maxReplicas: maxReplicas.value,
        host: qualifiedHost(fleetService(workload), namespace, domain),
      },
    }),
  );
}

/** What the plan counts on: keywords of the configuration, each as often as it stands there. */
function plannedLines({ timeouts, routes = [] }: CompleteProxyArgs, { numbers }: ProxyPlan): PlannedLines[] {
  const lines = (name: string, ...values: (string | number)[]): PlannedLines => [
    name,
    ...values.map((value) => `${name} ${value}`),
  ];
  const { idle, request } = timeouts;
  const kept = duration(idle.proxyClient);
  return [
    lines("nbthread", numbers.workers.value),
    // Of the process, and of the frontend for clients.
    lines("maxconn", numbers.clientsPerPod.value, numbers.clientsPerPod.value),
    lines("timeout http-keep-alive", kept),
    lines("timeout tunnel", kept),
    lines("timeout server", duration(request.proxy), ...routeTargets(routes).map(() => kept)),
  ];
}

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
  connections: {
    name: "haproxy_frontend_current_sessions",
    matchLabels: { proxy: HAPROXY_SECTIONS.clients },
  },
  fleetService,
  configuration,
};
