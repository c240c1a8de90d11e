/**
 * Replicas and autoscaler targets from demand. Units: requests/s, seconds, pods.
 *
 * Sources: Little's law (L = lambda * W); the M/M/c queue (A. K. Erlang's delay formula, often called Erlang C);
 * the Kubernetes documentation of the HorizontalPodAutoscaler's algorithm.
 */
import type { Demand, ServiceProfile } from "./demand";
import type { PerformanceBudget } from "../core/performance-budget";
import { wholeUp } from "../core/rounding";

/** Requests in service at the same time, L = lambda * W (Little). */
export function concurrentRequests(rps: number, secondsPerRequest: number): number {
  return rps * secondsPerRequest;
}

/**
 * Erlang C: the probability that a request has to wait, 0..1.
 *
 * Computed through the Erlang B recursion B(n) = a*B(n-1) / (n + a*B(n-1)), which neither overflows nor loses
 * digits for thousands of servers, then C = B / (1 - rho*(1 - B)).
 *
 * @param servers whole number >= 1
 * @param offeredLoad a = lambda * S in erlang, >= 0
 * @returns 1 when the load reaches the number of servers, for then the queue grows without bound
 */
export function erlangC(servers: number, offeredLoad: number): number {
  if (offeredLoad >= servers) return 1;
  if (offeredLoad <= 0) return 0;
  let blocking = 1;
  for (let n = 1; n <= servers; n++) {
    blocking = (offeredLoad * blocking) / (n + offeredLoad * blocking);
  }
  const utilization = offeredLoad / servers;
  return blocking / (1 - utilization * (1 - blocking));
}

/**
 * P(response time > t) in an M/M/c queue, 0..1: a wait that is zero or exponential with rate c*mu - lambda, plus an
 * exponential service time with rate mu. Real service times are heavier-tailed, so read it as a lower bound on pods.
 */
export function responseTimeTail(
  servers: number,
  offeredLoad: number,
  serviceTimeSeconds: number,
  t: number,
): number {
  if (offeredLoad >= servers) return 1;
  const mu = 1 / serviceTimeSeconds;
  const wait = erlangC(servers, offeredLoad);
  const slack = servers - offeredLoad - 1;
  const served = Math.exp(-mu * t);
  // At slack = 0 the two rates coincide and the difference quotient becomes its limit, mu*t.
  const queued = Math.abs(slack) < 1e-9 ? mu * t : (1 - Math.exp(-mu * t * slack)) / slack;
  return Math.min(1, served * (1 + wait * queued));
}

type ResponseBudget = Pick<PerformanceBudget, "responseTimeP95Seconds" | "responseTimeP99Seconds">;

/**
 * Longest mean service time with which the percentiles can be met at all, seconds: without any queue the tail of an
 * exponential service time is e^(-t/S), so S < t / ln(1/q).
 */
export function longestServiceTimeSeconds(budget: ResponseBudget): number {
  return Math.min(
    budget.responseTimeP95Seconds.target / Math.log(1 / 0.05),
    budget.responseTimeP99Seconds.target / Math.log(1 / 0.01),
  );
}

/**
 * Fewest pods that serve `rps` within the budget: enough that utilization stays at or below
 * `profile.maxUtilization` (Little), and enough that waiting keeps p95 and p99 (Erlang C).
 *
 * @throws RangeError when no number of pods can do it, because the service time alone breaks a percentile
 */
export function replicasForLoad(rps: number, profile: ServiceProfile, budget: ResponseBudget): number {
  const longest = longestServiceTimeSeconds(budget);
  if (profile.serviceTimeSeconds >= longest) {
    throw new RangeError(
      `a mean service time of ${profile.serviceTimeSeconds} s cannot keep the response-time budget with any number of ` +
        `pods; it has to be below ${longest.toFixed(4)} s`,
    );
  }
  const offered = concurrentRequests(rps, profile.serviceTimeSeconds);
  const byUtilization = wholeUp(offered / (profile.concurrencyPerPod * profile.maxUtilization));
  let pods = Math.max(1, byUtilization);
  while (!meetsPercentiles(pods * profile.concurrencyPerPod, offered, profile.serviceTimeSeconds, budget))
    pods++;
  return pods;
}

function meetsPercentiles(
  servers: number,
  offered: number,
  serviceTime: number,
  budget: ResponseBudget,
): boolean {
  const tail = (t: number): number => responseTimeTail(servers, offered, serviceTime, t);
  return (
    tail(budget.responseTimeP95Seconds.target) <= 0.05 && tail(budget.responseTimeP99Seconds.target) <= 0.01
  );
}

/** What may be missing at the same time as the load is there. */
export interface Disruption {
  /** Zones the pods are spread over, whole number >= 1. With 1 zone the loss of a zone is not survivable and not asked for. */
  readonly zones: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods, >= 0. */
  readonly maxUnavailable: number;
}

/** Pods that can be gone at once: one zone's share, or what a drain may take, whichever is more. */
export function podsLost(replicas: number, { zones, maxUnavailable }: Disruption): number {
  const zoneShare = zones > 1 ? Math.ceil(replicas / zones) : 0;
  return Math.max(zoneShare, maxUnavailable);
}

/**
 * Fewest pods of which `needed` are left after the worst disruption. Solved exactly rather than by
 * `needed + ceil(needed / zones)`, which is one short when the added pods enlarge the lost zone
 * (5 needed in 3 zones: 7 leave 4).
 */
export function resilientReplicas(needed: number, disruption: Disruption): number {
  let replicas = needed;
  while (replicas - podsLost(replicas, disruption) < needed) replicas++;
  return replicas;
}

/** How long the pieces between a rise in load and a pod that helps take, seconds. */
export interface ReactionTime {
  /** Until the metric shows the rise: scrape interval plus its averaging. @see DEFAULT_REACTION */
  readonly metricsSeconds: number;
  /** Sync period of the autoscaler. */
  readonly autoscalerSyncSeconds: number;
  /** Image pull and scheduling on a node that exists. */
  readonly schedulingSeconds: number;
  /** Until a new node is ready, 0 when headroom is kept for that. */
  readonly nodeSeconds: number;
}

/** metrics-server resolution 15 s, HPA sync period 15 s (both the upstream defaults), a pulled image. */
export const DEFAULT_REACTION: ReactionTime = {
  metricsSeconds: 15,
  autoscalerSyncSeconds: 15,
  schedulingSeconds: 5,
  nodeSeconds: 0,
};

/** Seconds from a rise in load to a new pod at full speed. */
export function reactionSeconds(profile: ServiceProfile, reaction: ReactionTime = DEFAULT_REACTION): number {
  return (
    reaction.metricsSeconds +
    reaction.autoscalerSyncSeconds +
    reaction.schedulingSeconds +
    reaction.nodeSeconds +
    profile.warmUpSeconds
  );
}

/**
 * Utilization the autoscaler steers to, 0..1: u* = rho_max / (1 + g * T_react), so that the load may grow for one
 * reaction time before utilization reaches rho_max. Never above the budget's CPU target.
 */
export function autoscalerTarget(
  demand: Pick<Demand, "growthPerMinute">,
  profile: ServiceProfile,
  budget: Pick<PerformanceBudget, "cpuUtilization">,
  reaction: ReactionTime = DEFAULT_REACTION,
): number {
  const growth = 1 + (demand.growthPerMinute * reactionSeconds(profile, reaction)) / 60;
  return Math.min(budget.cpuUtilization.target, profile.maxUtilization / growth);
}
