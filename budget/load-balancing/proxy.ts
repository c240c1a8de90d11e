/**
 * Sizes of the proxy in front of a service: workers, connections, keep-alive, replicas. Units: requests/s, seconds,
 * pods, MiB. Its limits are in proxy-limits.ts, its memory in proxy-memory.ts.
 *
 * Sources: nginx's documentation of ngx_core_module and ngx_http_upstream_module; the Kubernetes documentation of the
 * HorizontalPodAutoscaler; Little's law.
 */
import {
  DEFAULT_REACTION,
  autoscalerTarget,
  concurrentRequests,
  podsLost,
  reactionSeconds,
  resilientReplicas,
  type Disruption,
} from "../service/capacity";
import type { Demand } from "../service/demand";
import { PEAK_MARGIN } from "../service/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import { addressZoneMiB, proxyMemory, type MemoryTerm, type ProxyKind } from "./proxy-memory";
import { wholeUp, withoutNoise } from "../core/rounding";

export type { ProxyKind } from "./proxy-memory";

/** What the proxy is sized from. */
export interface ProxyInputs {
  /** @default "nginx" */
  readonly proxy?: ProxyKind;
  /** Ends TLS, which costs memory for each client. @default false */
  readonly tls?: boolean;
  /** Of the service behind it, which is its own: it answers nothing by itself. */
  readonly demand: Demand;
  /** Mean time of the service for one request, seconds, > 0. */
  readonly serviceTimeSeconds: number;
  /** Connections of clients at the same time over all pods, busy or idle, at peak, >= 1. */
  readonly clientConnections: number;
  /** CPU request of one pod, cores, > 0. */
  readonly cpuCores: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
  readonly disruption: Disruption;
  /** Addresses that the upstream's name stands for at most: 1 for a cluster IP, the largest fleet for a headless Service. @default 1 */
  readonly upstreamAddresses?: number;
  /** Largest request body, MiB, > 0. */
  readonly maxBodyMiB: number;
}

/** Name of the workload of a proxy, where none is given. */
export function workloadName(proxy: ProxyKind): string {
  return `${proxy}-load-balancer`;
}

/** Requests/s that one core proxies with compression and an access log, at full utilization. Conservative; measure it. */
export const REQUESTS_PER_CORE = 2000;

/** Highest utilization of a proxy's core at which its own delay stays well below a millisecond, and its start. */
export const PROXY_PROFILE = { maxUtilization: 0.8, warmUpSeconds: 5 } as const;

/** Share of pods that the upper bound has above the lower one at least: what a core proxies is an estimate. */
const SPARE = 0.25;

/** Requests in flight vary around Little's mean; twice of it is rarely exceeded. */
const BURST_FACTOR = 2;

/**
 * Connections that a worker keeps at least: twice the 64 requests that may be in flight however low the rate is. With
 * fewer than are in flight at once, those beyond close their connection when they are answered, and the next request
 * opens one. A worker has room for them: it counts on one for each of its at least 512 clients.
 */
export const FEWEST_KEPT = 128;

/** Bounds of `worker_connections`. Each costs memory whether it is used or not, so the upper one adds pods instead. */
export const WORKER_CONNECTIONS = { min: 1024, max: 16_384 } as const;

/** Everything that follows from the inputs; what each is: {@link ProxyNumbers} of proxy-plan.ts. */
export interface ProxySizes {
  readonly workers: number;
  readonly workerConnections: number;
  readonly openFiles: number;
  readonly clientsPerPod: number;
  readonly upstreamKeepAlive: number;
  /** Requests in flight at peak over all pods, and twice of them in one worker. */
  readonly inFlight: number;
  readonly busyPerWorker: number;
  /** Pods for the base rate and for the peak with its margin, with nothing missing. */
  readonly atBase: number;
  readonly atPeak: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly reactionSeconds: number;
  readonly targetUtilization: number;
  readonly targetConnections: number;
  readonly addressZoneMiB: number;
  readonly scratchMiB: number;
  /** Memory one pod needs at worst, MiB, and its parts. */
  readonly neededMiB: number;
  readonly terms: readonly MemoryTerm[];
}

/**
 * `worker_processes` = ceil(cores), never `auto`, which counts the node's cores: 64 workers on two cores take turns,
 * and are throttled.
 */
export function workerProcesses(cpuCores: number): number {
  return Math.max(1, Math.ceil(cpuCores));
}

/** Pods that a rate needs at a utilization: ceil(rate / (cores * 2000/s * u)). */
export function podsForRate(rps: number, cpuCores: number, utilization: number): number {
  return Math.ceil(withoutNoise(rps / (cpuCores * REQUESTS_PER_CORE * utilization)));
}

/**
 * The whole arithmetic; planProxy() gives it as numbers with formulas.
 *
 * - pods for a rate = ceil(rate / (cores * 2000/s * u*)), u* as for any autoscaled service
 * - pods for clients = ceil(clients / (workers * 16384 / 2)): each client takes a connection of its own and one to the
 *   upstream. The lower bound already holds all clients of the peak, for CPU, which the autoscaler follows, does not show
 *   idle ones; the upper one has room for 20 % more of them at the same utilization, and is a quarter above the lower one
 *   at least, so that there is something to scale to where a core proxies less than was estimated.
 * - target connections = floor(u* * clients of a pod)
 * - worker_connections = the power of two in 1024..16384 with which the smallest fleet after the worst disruption
 *   still holds all clients
 * - worker_rlimit_nofile = 2 * worker_connections: a connection may have a temporary file
 * - keepalive = 2 * peak rate * 1.2 * service time / (pods * workers), at least 128, and at least one for each address
 *   of the upstream, for a cache smaller than the round trip through them never hits
 */
export function proxySizes(inputs: ProxyInputs): ProxySizes {
  const { demand, cpuCores, clientConnections, disruption, upstreamAddresses = 1 } = inputs;
  const workers = workerProcesses(cpuCores);
  const profile = { ...PROXY_PROFILE, serviceTimeSeconds: inputs.serviceTimeSeconds, concurrencyPerPod: 1 };
  const targetUtilization = autoscalerTarget(demand, profile, inputs.budget);

  const mostClientsPerPod = (workers * WORKER_CONNECTIONS.max) / 2;
  const podsForClients = Math.ceil(clientConnections / mostClientsPerPod);
  const moreClients = clientConnections * (1 + PEAK_MARGIN);
  const peakRps = demand.peakRps * (1 + PEAK_MARGIN);
  const atBase = Math.max(1, podsForRate(demand.baseRps, cpuCores, targetUtilization), podsForClients);
  const podsForMore = Math.ceil(withoutNoise(moreClients / mostClientsPerPod));
  const atPeak = Math.max(atBase, podsForRate(peakRps, cpuCores, targetUtilization), podsForMore);
  const minReplicas = resilientReplicas(atBase, disruption);

  const fewestLeft = minReplicas - podsLost(minReplicas, disruption);
  const clientsPerWorker = Math.ceil(clientConnections / (fewestLeft * workers));
  const workerConnections = Math.max(WORKER_CONNECTIONS.min, powerOfTwo(2 * clientsPerWorker));

  const inFlight = concurrentRequests(peakRps, inputs.serviceTimeSeconds);
  const busyPerPod = (BURST_FACTOR * inFlight) / atPeak;
  const busyPerWorker = Math.ceil(withoutNoise(busyPerPod / workers));
  const clientsPerPod = (workers * workerConnections) / 2;
  const targetConnections = Math.max(1, Math.floor(withoutNoise(clientsPerPod * targetUtilization)));
  const zone = addressZoneMiB(clientConnections);
  const terms = proxyMemory(inputs.proxy ?? "nginx", {
    workers,
    workerConnections,
    clientsPerPod,
    busy: busyPerWorker * workers,
    addressZoneMiB: zone,
    tls: inputs.tls ?? false,
  });
  return {
    workers,
    workerConnections,
    openFiles: 2 * workerConnections,
    clientsPerPod,
    upstreamKeepAlive: Math.max(FEWEST_KEPT, upstreamAddresses, busyPerWorker),
    inFlight,
    busyPerWorker,
    atBase,
    atPeak,
    minReplicas,
    maxReplicas: Math.max(
      resilientReplicas(atPeak, disruption),
      Math.ceil(withoutNoise(moreClients / targetConnections)),
      wholeUp(minReplicas * (1 + SPARE)),
    ),
    reactionSeconds: reactionSeconds(profile, DEFAULT_REACTION),
    targetUtilization,
    targetConnections,
    addressZoneMiB: zone,
    scratchMiB: Math.max(1024, Math.ceil(busyPerPod * inputs.maxBodyMiB)),
    neededMiB: terms.reduce((sum, term) => sum + term.mib, 0),
    terms,
  };
}

/** The smallest power of two that is not below `value`. */
function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
