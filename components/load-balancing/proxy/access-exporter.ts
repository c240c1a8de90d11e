/** The exporter of the access log beside a proxy: mtail, which hears its lines on the loopback of the pod. */
import type * as k8s from "@pulumi/kubernetes";

import {
  EXPORTER_RUNTIME,
  accessBuckets,
  accessSeries,
  exporterSize,
  type ExporterSize,
} from "../../../budget/load-balancing/access-metrics";
import type { ProxyKind } from "../../../budget/load-balancing/proxy";
import { restrictedContainer } from "../../shared/kubernetes";
import { IMAGES } from "../../shared/versions";
import { accessProgram, type CountedRoute } from "./access-program";
import { completeService, type CompleteProxyArgs } from "./proxy-args";
import { PROXY_PORTS } from "./proxy-conf-args";
import { OWN_GROUP } from "./proxy-routes";
import { proxyTables } from "./proxy-routing";

/** Name of its program in the ConfigMap of the proxy, and where the container has it. */
export const ACCESS_PROGRAM = { key: "access.mtail", directory: "/etc/mtail" } as const;

/** Port of the metrics, by its name. */
export const ACCESS_PORT = "access";

/** Paths that are counted by themselves, each once. */
export function countedRoutes(args: CompleteProxyArgs): CountedRoute[] {
  const { routes = [], services = [], upstream } = args;
  const own = upstream.name ?? OWN_GROUP;
  const complete = services.map((service) => completeService(args, service));
  const claimed = proxyTables(routes, complete).flatMap(({ claims }) =>
    claims.map(({ base, owner: { service, route } }): CountedRoute => ({
      service: service?.name ?? own,
      route: base === "" ? "/" : base,
      open: route !== undefined,
    })),
  );
  const all = [{ service: own, route: "/", open: false }, ...claimed];
  return all.filter(
    (one, index) =>
      all.findIndex(({ service, route }) => service === one.service && route === one.route) === index,
  );
}

/** Bounds of the times, seconds: those of every service's budget. */
function bucketsOf(args: CompleteProxyArgs): number[] {
  const { budget, services = [] } = args;
  return accessBuckets([budget, ...services.map((service) => service.budget ?? budget)]);
}

/** The program that the exporter runs. */
export function accessProgramOf(proxy: ProxyKind, args: CompleteProxyArgs): string {
  return accessProgram({ proxy, routes: countedRoutes(args), buckets: bucketsOf(args) });
}

/** What it takes. */
export function accessExporterSize(args: CompleteProxyArgs): ExporterSize {
  const routes = countedRoutes(args);
  const open = routes.filter((route) => route.open).length;
  const buckets = bucketsOf(args).length;
  return exporterSize(args.cpuCores, accessSeries({ routes: routes.length - open, open, buckets }).value);
}

/** Its arguments. @param place of what is only so in a pod */
export function accessExporterArgs(
  place: { readonly program: string; readonly log: string; readonly port: number } = {
    program: `${ACCESS_PROGRAM.directory}/${ACCESS_PROGRAM.key}`,
    log: `127.0.0.1:${PROXY_PORTS.accessLog}`,
    port: PROXY_PORTS.accessMetrics,
  },
): string[] {
  return [
    `--progs=${place.program}`,
    `--logs=udp://${place.log}`,
    `--port=${place.port}`,
    // A label that says in which file a series is made up.
    "--emit_prog_label=false",
    // To stderr, for the root of the container is read-only.
    "--logtostderr",
    "--http_debugging_endpoint=false",
    "--http_info_endpoint=false",
  ];
}

/** Settings of its runtime, without which it takes three times the CPU. */
export function accessExporterEnvironment({ memoryMiB, threads }: ExporterSize): Record<string, string> {
  const { garbagePercent, shareOfMemory } = EXPORTER_RUNTIME;
  return {
    GOGC: `${garbagePercent}`,
    GOMEMLIMIT: `${Math.floor(memoryMiB.value * shareOfMemory)}MiB`,
    GOMAXPROCS: `${threads.value}`,
  };
}

/**
 * The container. Neither its end nor its slowness reaches the proxy, which sends datagrams and waits for nobody: lines that find no
 * room are not counted. One that is held back loses lines, hence a limit of CPU that is twice of what it needs.
 */
export function accessExporter(args: CompleteProxyArgs): k8s.types.input.core.v1.Container {
  const size = accessExporterSize(args);
  const memory = `${size.memoryMiB.value}Mi`;
  return {
    name: "access-exporter",
    image: IMAGES.accessExporter,
    args: accessExporterArgs(),
    env: Object.entries(accessExporterEnvironment(size)).map(([name, value]) => ({ name, value })),
    ports: [{ name: ACCESS_PORT, containerPort: PROXY_PORTS.accessMetrics }],
    resources: {
      requests: { cpu: `${size.cpuMillis.value}m`, memory },
      limits: { cpu: `${size.threads.value}`, memory },
    },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "config", mountPath: ACCESS_PROGRAM.directory, readOnly: true }],
    // No readiness: metrics that are missing are no reason to take the proxy away.
    livenessProbe: {
      httpGet: { path: "/metrics", port: ACCESS_PORT },
      periodSeconds: 30,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
  };
}
