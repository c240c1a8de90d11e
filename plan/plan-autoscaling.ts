/** The autoscaling part of the plan of a stack: who owns the replicas of each service, and what they follow. */
import type { HeadroomKind } from "../budget/autoscaling/planned";
import { planAutoscaling, type AutoscalingPlan } from "../budget/autoscaling/plan";
import { signalSeconds, steeringOf, type Steering } from "../budget/autoscaling/steering";
import { DEFAULT_REACTION, type ReactionTime } from "../budget/service/capacity";
import type { PerformanceBudget } from "../budget/core/performance-budget";
import type { ServicePlan } from "../budget/service/plan";
import type { ServiceInput, StackInputs } from "./stack-inputs";

/** What is planned of the autoscaling of a service. */
export interface PlannedAutoscaling {
  readonly steering: Steering;
  readonly plan: AutoscalingPlan;
}

/** The parts of a stack that decide it. */
export type AutoscalingParts = Pick<StackInputs, "cluster" | "autoscaling">;

/** How room is kept for pods while a node starts. */
export function headroomOf({ cluster, autoscaling }: AutoscalingParts): HeadroomKind {
  return (cluster.nodeStartSeconds ?? 0) > 0 ? (autoscaling?.headroom ?? "none") : "none";
}

export function serviceSteering(
  { autoscaling }: Pick<AutoscalingParts, "autoscaling">,
  { profile, resources, autoscaling: scaling }: Pick<ServiceInput, "profile" | "resources" | "autoscaling">,
  budget: PerformanceBudget,
): Steering {
  const hasPrometheus = autoscaling?.prometheus !== undefined;
  return steeringOf({ profile, resources, budget, scaling, hasPrometheus });
}

/**
 * From a rise in load to a pod that helps, before its warm-up. A signal of Prometheus shows it later than metrics-server. With
 * room kept for pods no node has to start.
 */
export function serviceReaction(parts: AutoscalingParts, steering: Steering): ReactionTime {
  const { nodeStartSeconds = 0 } = parts.cluster;
  return {
    ...DEFAULT_REACTION,
    metricsSeconds: signalSeconds(steering) ?? DEFAULT_REACTION.metricsSeconds,
    nodeSeconds: headroomOf(parts) === "none" ? nodeStartSeconds : 0,
  };
}

export function planServiceAutoscaling(
  parts: AutoscalingParts,
  name: string,
  service: ServiceInput,
  budget: PerformanceBudget,
  plan: ServicePlan,
): PlannedAutoscaling {
  const steering = serviceSteering(parts, service, budget);
  return {
    steering,
    plan: planAutoscaling({
      service: name,
      demand: service.demand,
      profile: service.profile,
      budget,
      resources: service.resources,
      processesPerPod: service.processesPerPod,
      plan: plan.numbers,
      steering,
      scaling: service.autoscaling,
      nodeStartSeconds: parts.cluster.nodeStartSeconds ?? 0,
      headroom: headroomOf(parts),
    }),
  };
}
