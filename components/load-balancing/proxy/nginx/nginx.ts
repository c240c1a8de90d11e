import { isIP } from "node:net";

import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { ProxyPlan } from "../../../../budget/load-balancing/proxy-plan";
import {
  rateLimitPerPod,
  type PodRateLimit,
  type RateLimit,
} from "../../../../budget/load-balancing/proxy-limits";
import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import { restrictedContainer } from "../../../shared/kubernetes";
import { IMAGES } from "../../../shared/versions";
import { NGINX_PATHS, NGINX_STATUS_PATH, nginxConf } from "./nginx-conf";
import { RESOLVER_FILE, resolverScript } from "./nginx-resolver";
import { duration } from "./nginx-syntax";
import { Proxy, type ProxyDefinition } from "../proxy";
import {
  admissionOf,
  completeService,
  ownTimeouts,
  type CompleteProxyArgs,
  type ProxyArgs,
} from "../proxy-args";
import type { ConnectionMetric } from "../proxy-autoscaling";
import { PROXY_PORTS, SCRATCH } from "../proxy-conf-args";
import type { PlannedLines } from "../proxy-pod";
import { routeTargets } from "../proxy-routes";
import { proxyTables } from "../proxy-routing";
import { keptTo, serviceConfs, sharedConfArgs, upstreamsOf } from "../proxy-shared-conf";
import { TLS_FILES } from "../proxy-tls";

/**
 * A fleet of nginx in front of one service or several, sized by proofs: the smallest fleet holds every client after the loss of a
 * zone, the largest carries the peak; the rate limit is divided among the pods; every timeout comes from the timeout chain.
 *
 * Trap: with a cluster IP as its upstream nginx knows a single server, so that there is nobody to try second and
 * nothing to mark as failed. Point `upstream.host` at a headless Service to get both.
 *
 * Cost: `minReplicas` pods of `cpuCores` and `memoryLimitMiB` at all times, and 50m and 32Mi for each exporter.
 */
export class Nginx extends Proxy {
  constructor(name: string, args: ProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super(NGINX, name, args, opts);
  }
}

/** nginx.conf, as soon as the service's name is known. */
function configuration(args: CompleteProxyArgs, plan: ProxyPlan, workload: string): pulumi.Output<string> {
  const server = args.clusterDns?.server;
  const { minReplicas, maxReplicas } = plan.numbers;
  const limitOf = (limit: RateLimit): PodRateLimit => rateLimitPerPod(limit, maxReplicas.value);
  const known = pulumi.all([upstreamsOf(args), pulumi.output([...(args.loadBalancerAddresses ?? [])])]);
  return known.apply(([{ namespace, servers }, addresses]) =>
    nginxConf({
      ...sharedConfArgs(
        { ...args, namespace },
        plan,
        workload,
        admissionOf(args, minReplicas.value),
        addresses,
      ),
      upstream: servers.slice(0, 1),
      services: serviceConfs(args, plan, servers.slice(1), limitOf),
      resolver: server === undefined ? { file: RESOLVER_FILE } : isIP(server) === 6 ? `[${server}]` : server,
      rateLimit: limitOf(args.rateLimit),
    }),
  );
}

/** What the plan counts on: directives of the configuration, each as often as it stands there. */
function plannedLines(args: CompleteProxyArgs, { numbers }: ProxyPlan): PlannedLines[] {
  const lines = (name: string, ...values: (string | number)[]): PlannedLines => [
    name,
    ...values.map((value) => `${name} ${value};`),
  ];
  const { routes = [], services = [], timeouts } = args;
  const { idle, request } = ownTimeouts(args);
  const groups = [
    { routes, kept: numbers.upstreamKeepAlive.value },
    ...services.map(({ name, routes: open = [] }) => ({ routes: open, kept: keptTo(numbers, name) })),
  ].map((group) => ({ ...group, targets: routeTargets(group.routes) }));
  // In the order of the servers, in each of which a service may have paths.
  const waits = proxyTables(
    routes,
    services.map((service) => completeService(args, service)),
  ).flatMap(({ claims }) => [
    request.proxy,
    ...claims.flatMap(({ base, owner: { service, route } }) => {
      if (route?.kind === "grpc") return [];
      const seconds =
        route === undefined
          ? (service?.timeouts ?? timeouts).request.proxy
          : (service?.timeouts ?? timeouts).idle.proxyClient;
      // A path and what is below it.
      return base === "" ? [seconds] : [seconds, seconds];
    }),
  ]);
  return [
    lines("worker_processes", numbers.workers.value),
    lines("worker_rlimit_nofile", numbers.openFiles.value),
    lines("worker_connections", numbers.workerConnections.value),
    lines("keepalive", ...groups.flatMap(({ kept, targets }) => [kept, ...targets.map(() => 2)])),
    lines(
      "keepalive_timeout",
      duration(idle.proxyClient),
      ...groups.flatMap(({ targets }) => [undefined, ...targets]).map(() => duration(idle.proxyUpstream)),
    ),
    lines("proxy_read_timeout", ...waits.map(duration)),
  ];
}

/** The figures of `stub_status` for Prometheus. */
function exporter(): k8s.types.input.core.v1.Container {
  return {
    name: "exporter",
    image: IMAGES.nginxExporter,
    args: [`--nginx.scrape-uri=http://127.0.0.1:${PROXY_PORTS.status}${NGINX_STATUS_PATH}`],
    ports: [{ name: "metrics", containerPort: PROXY_PORTS.metrics }],
    resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { cpu: "50m", memory: "32Mi" } },
    securityContext: restrictedContainer(),
    // No readiness: metrics that are missing are no reason to take the proxy away.
    livenessProbe: {
      httpGet: { path: "/metrics", port: "metrics" },
      periodSeconds: 30,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
  };
}

/** Connections of clients, as its exporter has them. */
export const NGINX_CONNECTIONS: ConnectionMetric = { name: "nginx_connections_active" };

const NGINX: ProxyDefinition = {
  proxy: "nginx",
  component: "Nginx",
  type: COMPONENT_TYPES.nginx,
  program: {
    container: "nginx",
    image: IMAGES.nginx,
    // As one process: the signals that the kubelet sends are nginx's.
    command: ["sh", "-c", `${resolverScript()}\nexec nginx -g "daemon off;"`],
    // The user and group `nginx` of the image.
    userId: 101,
    configPath: NGINX_PATHS.config,
    ports: [],
    reload: {
      files: [TLS_FILES.certificate, TLS_FILES.key],
      check: "nginx -t -q",
      pidFile: `${SCRATCH}/nginx.pid`,
      signal: "HUP",
    },
    sidecars: [exporter()],
    planned: plannedLines,
  },
  connections: NGINX_CONNECTIONS,
  configuration,
};
