/**
 * What may be missing, and how soon more is there. Units: requests/s, seconds, pods.
 *
 * Sources: Little's law (L = lambda * W); the Kubernetes documentation of the HorizontalPodAutoscaler's algorithm.
 */
import type { Demand, ServiceProfile } from "./demand";
import type { PerformanceBudget } from "../core/performance-budget";

/** Requests in service at the same time, L = lambda * W (Little). */
export function concurrentRequests(rps: number, secondsPerRequest: number): number {
  return rps * secondsPerRequest;
}

/** What may be missing at the same time as the load is there. */
export interface Disruption {
  /** Zones the pods are spread over, whole number >= 1. With 1 zone the loss of a zone is not survivable and not asked for. */
  readonly zones: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods, >= 0. */
  readonly maxUnavailable: number;
}

/** What a proof about a lost zone takes for granted. */
export const EVEN_ZONES = "pods spread evenly over the zones";

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

/**
 * How much the load grows until a pod that was asked for because of it helps, factor >= 1:
 * 1 + g * T_react, g the growth per minute.
 */
export function growthFactor({ growthPerMinute }: Pick<Demand, "growthPerMinute">, seconds: number): number {
  return 1 + (growthPerMinute * seconds) / 60;
}

/** Seconds from a rise in load to a new pod at full speed. */
export function reactionSeconds(
  profile: Pick<ServiceProfile, "warmUpSeconds">,
  reaction: ReactionTime = DEFAULT_REACTION,
): number {
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
  profile: Pick<ServiceProfile, "maxUtilization" | "warmUpSeconds">,
  budget: Pick<PerformanceBudget, "cpuUtilization">,
  reaction: ReactionTime = DEFAULT_REACTION,
): number {
  const growth = growthFactor(demand, reactionSeconds(profile, reaction));
  return Math.min(budget.cpuUtilization.target, profile.maxUtilization / growth);
}
