/** What the autoscaling of a service is planned from, and what its plan holds. */
import type { Derived, Numbers } from "../core/derived";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Plan } from "../core/plan";
import type { Demand, ServiceProfile } from "../service/demand";
import type { ServiceNumbers } from "../service/planned";
import type { ServiceScaling } from "./scaling";
import type { Steering } from "./steering";

/** How room is kept for pods while a node starts. */
export type HeadroomKind = "none" | "capacity-buffer" | "pause-pods";

export interface AutoscalingInputs {
  /** As messages call it. */
  readonly service: string;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  /** Processes of a pod, whole number >= 1. @default 1 */
  readonly processesPerPod?: number;
  /** What its replicas are planned to be. */
  readonly plan: Pick<ServiceNumbers, "target" | "busy" | "busyCpu" | "min" | "max" | "atPeak" | "reaction">;
  readonly steering: Steering;
  /** @default everything follows from the profile */
  readonly scaling?: ServiceScaling | undefined;
  /** Until a new node is ready, seconds, >= 0. @default 0: there is always room */
  readonly nodeStartSeconds?: number;
  /** @default "none" */
  readonly headroom?: HeadroomKind;
}

/** Numbers of the autoscaling of a service. What is not asked for is not there. */
export interface AutoscalingNumbers extends Numbers {
  /** Who owns the replicas, and what they follow. */
  readonly steers: Derived<string>;
  /** Share of the slots of a pod that are busy at the target, 0..1. */
  readonly busyAtTarget: Derived;
  /** Requests in flight of a pod at the target, and requests/s. */
  readonly inFlightPerPod: Derived;
  readonly rpsPerPod: Derived;
  /** Pods that are there at least while metrics are missing. */
  readonly fallback: Derived;
}

export type AutoscalingPlan = Plan<AutoscalingNumbers>;

/** The field under which the pods of a scheduled load are. */
export const scheduledField = (name: string): string => `scheduled:${name}`;

/** From a rise in load to a pod that helps, with a node that has to start. What the reaction has of it already counts once. */
export function startUpSeconds({
  plan,
  nodeStartSeconds = 0,
  headroom = "none",
}: Pick<AutoscalingInputs, "nodeStartSeconds" | "headroom"> & {
  readonly plan: Pick<ServiceNumbers, "reaction">;
}): number {
  return plan.reaction.value + (headroom === "none" ? 0 : nodeStartSeconds);
}
