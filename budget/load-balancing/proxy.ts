/**
 * Sizes of the proxy in front of services: workers, connections, keep-alive, replicas. Units: requests/s, seconds,
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

/** What one service behind a proxy asks of it. */
export interface ProxiedLoad {
  readonly demand: Demand;
  /** Mean time of the service for one request, seconds, > 0. */
  readonly serviceTimeSeconds: number;
  /** Addresses that the upstream's name stands for at most: 1 for a cluster IP, the largest fleet for a headless Service. @default 1 */
  readonly upstreamAddresses?: number;
  /** Largest request body, MiB, > 0. */
  readonly maxBodyMiB: number;
}

/** A service beside the proxy's own. */
export interface OtherLoad extends ProxiedLoad {
  /** Name of the service. */
  readonly service: string;
  /** Its clients are counted apart. @default false */
  readonly countedApart?: boolean;
}

/** What the proxy is sized from: its own service, and others beside it. */
export interface ProxyInputs extends ProxiedLoad {
  /** @default "nginx" */
  readonly proxy?: ProxyKind;
  /** Ends TLS, which costs memory for each client. @default false */
  readonly tls?: boolean;
  /** Connections of clients at the same time over all pods, busy or idle, at peak, >= 1. */
  readonly clientConnections: number;
  /** CPU request of one pod, cores, > 0. */
  readonly cpuCores: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
  readonly disruption: Disruption;
  /** Services beside it. @default none */
  readonly others?: readonly OtherLoad[];
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
  /** The same for each of the other services, in their order. */
  readonly others: readonly { readonly upstreamKeepAlive: number; readonly inFlight: number }[];
  /** Connections that one worker keeps to all services. */
  readonly keptPerWorker: number;
  /** Requests in flight at peak over all pods and services, and twice of them in one worker. */
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

/** What all services together ask: rates are sums, and the growth is that of the fastest. */
export function totalDemand({
  demand,
  others = [],
}: {
  readonly demand: Demand;
  readonly others?: readonly { readonly demand: Demand }[] | undefined;
}): Demand {
  const all = [demand, ...others.map((other) => other.demand)];
  const sum = (of: (one: Demand) => number): number => all.reduce((total, one) => total + of(one), 0);
  return {
    baseRps: sum(({ baseRps }) => baseRps),
    peakRps: sum(({ peakRps }) => peakRps),
    growthPerMinute: Math.max(...all.map(({ growthPerMinute }) => growthPerMinute)),
  };
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
 * - of several services each has its keepalive and its bodies, rates and requests in flight are sums, and a worker has
 *   room for what it keeps to all of them beside as many clients
 */
export function proxySizes(inputs: ProxyInputs): ProxySizes {
  const { cpuCores, clientConnections, disruption, others = [] } = inputs;
  const demand = totalDemand(inputs);
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

  const loads = [inputs, ...others].map((load) => {
    const flying = concurrentRequests(load.demand.peakRps * (1 + PEAK_MARGIN), load.serviceTimeSeconds);
    const busyPerPod = (BURST_FACTOR * flying) / atPeak;
    return {
      inFlight: flying,
      busyPerPod,
      upstreamKeepAlive: Math.max(
        FEWEST_KEPT,
        load.upstreamAddresses ?? 1,
        Math.ceil(withoutNoise(busyPerPod / workers)),
      ),
      bodiesMiB: busyPerPod * load.maxBodyMiB,
    };
  });
  const sum = (of: (load: (typeof loads)[number]) => number): number =>
    loads.reduce((total, load) => total + of(load), 0);
  const inFlight = sum((load) => load.inFlight);
  const busyPerPod = sum((load) => load.busyPerPod);
  const keptPerWorker = sum((load) => load.upstreamKeepAlive);
  // One service's connections are those of its clients; those that are kept to several may be more.
  const perSide = Math.max(clientsPerWorker, others.length === 0 ? 0 : keptPerWorker);
  const workerConnections = Math.min(
    WORKER_CONNECTIONS.max,
    Math.max(WORKER_CONNECTIONS.min, powerOfTwo(2 * perSide)),
  );
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
    countedApart: others.filter(({ countedApart = false }) => countedApart).length,
  });
  return {
    workers,
    workerConnections,
    openFiles: 2 * workerConnections,
    clientsPerPod,
    upstreamKeepAlive: loads[0]?.upstreamKeepAlive ?? FEWEST_KEPT,
    others: loads.slice(1).map(({ upstreamKeepAlive, inFlight }) => ({ upstreamKeepAlive, inFlight })),
    keptPerWorker,
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
    scratchMiB: Math.max(1024, Math.ceil(sum((load) => load.bodiesMiB))),
    neededMiB: terms.reduce((sum, term) => sum + term.mib, 0),
    terms,
  };
}

/** The smallest power of two that is not below `value`. */
function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
