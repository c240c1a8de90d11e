/**
 * Connections to Redis: how many one process keeps, and how many the server has to admit. Units: connections,
 * requests/s, seconds, pods.
 *
 * Sources: Little's law (L = lambda * W); the Kubernetes documentation of `maxSurge`, which rounds up, and of a
 * Deployment's rolling update, which does not count pods that are terminating; redis.conf on `maxclients`.
 */
import { concurrentRequests } from "./capacity";
import type { ServiceProfile } from "./demand";
import { wholeUp } from "../core/rounding";

/** How a service uses one cache, measured or estimated. */
export interface CacheCalls {
  /** Calls to the cache that one request makes on average, > 0. 0.5 means every second request makes one. */
  readonly callsPerRequest: number;
  /** Mean round trip of one call at the client, seconds, > 0. */
  readonly callSeconds: number;
}

/** What decides the size of one process's pool. */
export interface PoolLoad extends CacheCalls {
  /** Highest request rate that can meet one process, requests/s, >= 0. */
  readonly peakRpsPerProcess: number;
  /** Requests the process works on at the same time, whole number >= 1. */
  readonly concurrencyPerProcess: number;
  /** Factor over the mean number of calls in flight, for bursts, >= 1. @default 2 */
  readonly headroom?: number;
}

/** One connection carries the others' calls while the other is being re-established. */
const SMALLEST_POOL = 2;

/**
 * Connections one process keeps to one cache.
 *
 * Little gives the mean number of calls in flight, L = rps * callsPerRequest * callSeconds; bursts take a multiple of
 * it. Beyond concurrencyPerProcess * ceil(callsPerRequest) a connection could not be used even if every request in
 * the process made all its calls at once, so the pool ends there:
 *
 * pool = max(2, min(ceil(headroom * L), concurrencyPerProcess * ceil(callsPerRequest)))
 *
 * A cache that turns slow fills the pool and makes callers wait, which is the back-pressure wanted: more connections
 * to a single-threaded server only move the queue.
 */
export function poolSize(load: PoolLoad): number {
  const { peakRpsPerProcess, concurrencyPerProcess, callsPerRequest, callSeconds, headroom = 2 } = load;
  const inFlight = concurrentRequests(peakRpsPerProcess * callsPerRequest, callSeconds);
  const usable = concurrencyPerProcess * Math.ceil(callsPerRequest);
  return Math.max(SMALLEST_POOL, Math.min(wholeUp(headroom * inFlight), usable));
}

/**
 * Pool of one process of a service for one cache.
 *
 * The process is taken as saturated, at concurrency / serviceTime requests/s, whatever the demand: load balancers
 * are never even, and until the autoscaler has reacted the pods that are there carry everything. A plan that divides
 * the peak by the maximum of replicas would be short exactly then. L becomes concurrency * (share of a request's
 * time spent in the cache).
 *
 * @param processesPerPod processes that share the pod's concurrency, whole number >= 1
 */
export function servicePoolSize(
  profile: Pick<ServiceProfile, "serviceTimeSeconds" | "concurrencyPerPod">,
  processesPerPod: number,
  calls: CacheCalls,
): number {
  const concurrencyPerProcess = Math.ceil(profile.concurrencyPerPod / processesPerPod);
  const peakRpsPerProcess = concurrencyPerProcess / profile.serviceTimeSeconds;
  return poolSize({ ...calls, peakRpsPerProcess, concurrencyPerProcess });
}

/** How fast a rollout replaces pods. */
export interface RolloutPace {
  /** How long a pod that was told to stop may keep its connections, seconds: `terminationGracePeriodSeconds`. */
  readonly terminationSeconds: number;
  /** How long a new pod takes at least until it counts and the next ones are replaced, seconds: `minReadySeconds`. */
  readonly readySeconds: number;
}

/** The pace of a service's rollout. @param terminationSeconds its `terminationGracePeriodSeconds` */
export function paceOf(
  terminationSeconds: number,
  { warmUpSeconds }: Pick<ServiceProfile, "warmUpSeconds">,
): RolloutPace {
  return { terminationSeconds, readySeconds: Math.ceil(warmUpSeconds) };
}

/** A workload that keeps connections, at its largest. */
export interface ConnectionUser {
  /** Upper bound of its autoscaler, pods, whole number >= 1. */
  readonly maxReplicas: number;
  /** `maxSurge` of its rollout, share of the replicas, 0..1. 0 for pods that are gone before their successors start. */
  readonly maxSurge: number;
  /** Processes that open pools of their own in one pod, whole number >= 1. */
  readonly processesPerPod: number;
  /** Connections one process keeps, whole number >= 1. */
  readonly poolSize: number;
  /** @default unknown: in a rollout every pod may be there twice */
  readonly pace?: RolloutPace;
}

/**
 * Pods whose processes run at the same time during one rollout, at most.
 *
 * A Deployment keeps max + surge pods that were not told to stop. It tells as many old ones to stop as new ones count,
 * and starts the next at once, without waiting for those to end: each wave takes `readySeconds`, and lives on for
 * `terminationSeconds`. So ceil(termination / ready) waves of the surge overlap:
 *
 * min(2 * max, max + surge * (1 + ceil(termination / ready))), surge = ceil(max * maxSurge)
 *
 * No more than twice the pods, for there are no others than the old and the new ones.
 */
export function livingPods({ maxReplicas, maxSurge, pace }: Omit<ConnectionUser, "poolSize">): number {
  const surge = wholeUp(maxReplicas * maxSurge);
  if (surge === 0) return maxReplicas;
  // What is ready at once is replaced at once.
  const overlap =
    pace === undefined || pace.readySeconds === 0
      ? Infinity
      : Math.ceil(pace.terminationSeconds / pace.readySeconds);
  return Math.min(2 * maxReplicas, maxReplicas + surge * (1 + overlap));
}

/**
 * Connections its users open at worst: all of them at their maximum of replicas and rolling out at the same time, sum of
 * {@link livingPods} * processesPerPod * poolSize.
 */
export function expectedClients(users: readonly ConnectionUser[]): number {
  return users.reduce((sum, user) => sum + livingPods(user) * user.processesPerPod * user.poolSize, 0);
}

/** Share kept free over what users open: connections of pods that died are only noticed after `tcp-keepalive`. */
export const CLIENT_MARGIN = 0.2;

/** Connections of the metrics exporter, the probes and people with `redis-cli`. */
export const RESERVED_CLIENTS = 32;

/**
 * Connections that the members of a replicated Redis keep to one of them: the replicas' links, and of each Sentinel two,
 * one for commands and one for news.
 *
 * @param members servers, each with a Sentinel beside it, whole number >= 1
 */
export function replicationClients(members: number): number {
  return members - 1 + 2 * members;
}

/**
 * `maxclients` of a Redis: 1.2 * expectedClients + reserve. Redis keeps no slots for anyone, so the reserve is only
 * there as long as the users stay within their pools.
 *
 * The server needs 32 open files more than this (`CONFIG_MIN_RESERVED_FDS`) and lowers `maxclients` when it does not
 * get them; container runtimes allow far more.
 *
 * @param reserve connections, whole number >= 0. @default RESERVED_CLIENTS
 */
export function maxClients(users: readonly ConnectionUser[], reserve: number = RESERVED_CLIENTS): number {
  return wholeUp(expectedClients(users) * (1 + CLIENT_MARGIN)) + reserve;
}
