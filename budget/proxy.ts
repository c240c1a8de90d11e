/**
 * Sizes of the proxy in front of a service: workers, connections, keep-alive, memory, replicas, its share of a rate
 * limit. Units: requests/s, seconds, pods, MiB.
 *
 * Sources: nginx's documentation of ngx_core_module, ngx_http_upstream_module and ngx_http_limit_req_module; zlib's
 * zconf.h for the memory of a compressor; Little's law.
 */
import {
  autoscalerTarget,
  concurrentRequests,
  podsLost,
  resilientReplicas,
  type Disruption,
} from "./capacity";
import type { Demand } from "./demand";
import type { PerformanceBudget } from "./performance-budget";
import type { TimeoutLadder } from "./timeouts";

/** What the proxy is sized from. */
export interface ProxyInputs {
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

/** Requests/s that one core proxies with compression and an access log, at full utilization. Conservative; measure it. */
export const REQUESTS_PER_CORE = 2000;

/** Highest utilization of a proxy's core at which its own delay stays well below a millisecond, and its start. */
const PROXY_PROFILE = { maxUtilization: 0.8, warmUpSeconds: 5 } as const;

/** Share added to the peak, as in `replicaPlan`. */
const PEAK_MARGIN = 0.2;

/** Requests in flight vary around Little's mean; twice of it is rarely exceeded. */
const BURST_FACTOR = 2;

/** Bounds of `worker_connections`. Each costs memory whether it is used or not, so the upper one adds pods instead. */
export const WORKER_CONNECTIONS = { min: 1024, max: 16_384 } as const;

/** One part of the memory a pod needs, MiB. */
interface MemoryTerm {
  readonly name: string;
  readonly mib: number;
}

/** Everything that follows from the inputs. */
export interface ProxyPlan {
  /** `worker_processes`. */
  readonly workers: number;
  /** `worker_connections`, of one worker. */
  readonly workerConnections: number;
  /** `worker_rlimit_nofile`, of one worker. */
  readonly openFiles: number;
  /** Clients one pod can serve at the same time. */
  readonly clientsPerPod: number;
  /** `keepalive`: idle connections one worker keeps to all addresses of the upstream together. */
  readonly upstreamKeepAlive: number;
  /** Lower bound of the autoscaler, pods. */
  readonly minReplicas: number;
  /** Upper bound of the autoscaler, pods. */
  readonly maxReplicas: number;
  /** CPU utilization the autoscaler steers to, 0..1. */
  readonly targetUtilization: number;
  /** Size of each shared zone of clients' addresses, MiB. */
  readonly addressZoneMiB: number;
  /** Disk for bodies of requests under way, MiB. */
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

/**
 * The whole derivation.
 *
 * - pods for a rate = ceil(rate / (cores * 2000/s * u*)), u* as for any autoscaled service
 * - pods for clients = ceil(clients / (workers * 16384 / 2)): each client takes a connection of its own and one to the
 *   upstream. Both bounds count all clients of the peak, for the autoscaler sees CPU, and an idle socket uses none.
 * - worker_connections = the power of two in 1024..16384 with which the smallest fleet after the worst disruption
 *   still holds all clients
 * - worker_rlimit_nofile = 2 * worker_connections: a connection may have a temporary file
 * - keepalive = 2 * peak rate * 1.2 * service time / (pods * workers), and at least one for each address of the
 *   upstream, for a cache smaller than the round trip through them never hits
 */
export function proxyPlan(inputs: ProxyInputs): ProxyPlan {
  const { demand, cpuCores, clientConnections, disruption, upstreamAddresses = 1 } = inputs;
  const workers = workerProcesses(cpuCores);
  const profile = { ...PROXY_PROFILE, serviceTimeSeconds: inputs.serviceTimeSeconds, concurrencyPerPod: 1 };
  const targetUtilization = autoscalerTarget(demand, profile, inputs.budget);
  const podsForRate = (rps: number): number =>
    Math.ceil(roundAway(rps / (cpuCores * REQUESTS_PER_CORE * targetUtilization)));

  const podsForClients = Math.ceil(clientConnections / ((workers * WORKER_CONNECTIONS.max) / 2));
  const peakRps = demand.peakRps * (1 + PEAK_MARGIN);
  const atBase = Math.max(1, podsForRate(demand.baseRps), podsForClients);
  const atPeak = Math.max(atBase, podsForRate(peakRps));
  const minReplicas = resilientReplicas(atBase, disruption);

  const fewestLeft = minReplicas - podsLost(minReplicas, disruption);
  const clientsPerWorker = Math.ceil(clientConnections / (fewestLeft * workers));
  const workerConnections = Math.max(WORKER_CONNECTIONS.min, powerOfTwo(2 * clientsPerWorker));

  const busyPerPod = (BURST_FACTOR * concurrentRequests(peakRps, inputs.serviceTimeSeconds)) / atPeak;
  const busyPerWorker = Math.ceil(roundAway(busyPerPod / workers));
  const clientsPerPod = (workers * workerConnections) / 2;
  const zone = addressZoneMiB(clientConnections);
  const terms = memoryTerms({
    workers,
    workerConnections,
    clientsPerPod,
    busy: busyPerWorker * workers,
    addressZoneMiB: zone,
  });
  return {
    workers,
    workerConnections,
    openFiles: 2 * workerConnections,
    clientsPerPod,
    upstreamKeepAlive: Math.max(2, upstreamAddresses, busyPerWorker),
    minReplicas,
    maxReplicas: resilientReplicas(atPeak, disruption),
    targetUtilization,
    addressZoneMiB: zone,
    scratchMiB: Math.max(1024, Math.ceil(busyPerPod * inputs.maxBodyMiB)),
    neededMiB: terms.reduce((sum, term) => sum + term.mib, 0),
    terms,
  };
}

/** Takes binary noise off a quotient, so that 7.000000000000001 are 7 and not 8. */
function roundAway(value: number): number {
  return Number(value.toPrecision(12));
}

/** The smallest power of two that is not below `value`. */
function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

/** Addresses one MiB of a shared zone holds: 128 bytes each on a 64-bit machine. */
const ADDRESSES_PER_MIB = 8192;

/** Zone for four times as many addresses as are connected, since those that left stay for a while. At least 10 MiB. */
function addressZoneMiB(clientConnections: number): number {
  return Math.max(10, Math.ceil((4 * clientConnections) / ADDRESSES_PER_MIB));
}

/** KiB that one thing of each kind takes. */
const KIB = {
  /** A slot of the connection table with its two events, used or not. */
  slot: 0.5,
  /** A client that waits: pools, header buffers, first proxy buffer, and the kernel's socket buffers. */
  client: 20,
  /** A response under way: 8 proxy buffers of 8 KiB, and zlib's 2^(15+2) + 2^(8+9) bytes. */
  response: 64 + 256,
} as const;

/** Responses that may be under way in one pod, however low the rate is. */
const FEWEST_RESPONSES = 64;

interface MemoryInputs {
  readonly workers: number;
  readonly workerConnections: number;
  readonly clientsPerPod: number;
  readonly busy: number;
  readonly addressZoneMiB: number;
}

function memoryTerms(inputs: MemoryInputs): MemoryTerm[] {
  const ofKib = (kib: number): number => Math.ceil(kib / 1024);
  const responses = Math.max(FEWEST_RESPONSES, inputs.busy);
  return [
    { name: "processes", mib: 16 * (1 + inputs.workers) },
    { name: "connection tables", mib: ofKib(inputs.workers * inputs.workerConnections * KIB.slot) },
    { name: "address zones", mib: 2 * inputs.addressZoneMiB },
    { name: "clients", mib: ofKib(inputs.clientsPerPod * KIB.client) },
    { name: "responses", mib: ofKib(responses * KIB.response) },
  ];
}

/** What one client address may do, over all pods of the proxy together. */
export interface RateLimit {
  /** Sustained requests/s, > 0. */
  readonly requestsPerSecond: number;
  /** Requests that may come at once on top of it, a whole number >= 0. */
  readonly burst: number;
  /** Requests in flight at the same time, a whole number >= 1. */
  readonly connections: number;
}

/** One pod's share of a {@link RateLimit}. */
export interface PodRateLimit {
  /** `rate`, requests/minute: nginx takes whole numbers, and a share per second is soon less than one. */
  readonly requestsPerMinute: number;
  /** `burst`, requests. */
  readonly burst: number;
  /** `limit_conn`, requests in flight. */
  readonly connections: number;
}

/**
 * Divides a limit among the pods. Each pod counts by itself, so the effective limit is rate * pods; divided by the
 * largest fleet, a client that reaches every pod never gets more than it was promised to be held to.
 *
 * The burst stays whole: a page's parallel requests come over one connection, and so meet a single pod.
 *
 * @param pods pods of the proxy at most, whole number >= 1
 */
export function rateLimitPerPod(limit: RateLimit, pods: number): PodRateLimit {
  return {
    requestsPerMinute: Math.floor(roundAway((limit.requestsPerSecond * 60) / pods)),
    burst: limit.burst,
    connections: Math.floor(limit.connections / pods),
  };
}

/** How long the proxy tries to reach a server, and how late it may still turn to another one. */
export interface RetryLimits {
  /** `proxy_connect_timeout`, seconds. */
  readonly connectSeconds: number;
  /** `proxy_next_upstream_timeout`, seconds. */
  readonly windowSeconds: number;
}

/**
 * Limits of a second attempt, seconds: window = min(load balancer - proxy, proxy) / 2, connect = min(1, window / 2).
 *
 * A second attempt that starts at the window's end still answers before the load balancer gives up, for window +
 * connect + proxy < load balancer. And since the window is shorter than the proxy's own timeout, a request that timed
 * out is never repeated: that would double the load of a service that is already too slow.
 */
export function retryLimits({ request }: Pick<TimeoutLadder, "request">): RetryLimits {
  const windowSeconds = Math.min(request.loadBalancer - request.proxy, request.proxy) / 2;
  return { connectSeconds: Math.min(1, windowSeconds / 2), windowSeconds };
}
