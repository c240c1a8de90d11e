import type * as k8s from "@pulumi/kubernetes";

import type { Tolerance } from "../../budget/autoscaling/scaling";
import type { Transform } from "../shared/transform";
import type { ScaleTarget } from "./scale-target";
import type { ScalingTrigger } from "./scaling-triggers";

/** What stands still, while somebody looks: everything, at a number of pods; or only one direction. */
export type ScalingPause =
  | { readonly kind: "all"; /** @default the pods that there are */ readonly replicas?: number }
  | { readonly kind: "scale-in" }
  | { readonly kind: "scale-out" };

/** Arguments of `EventDrivenAutoscaler`. */
export interface EventDrivenAutoscalerArgs {
  readonly target: ScaleTarget;
  readonly labels?: Readonly<Record<string, string>>;
  /** Bounds, pods, whole numbers, `min` <= `max`; `min` may be 0 where something but CPU decides. */
  readonly min: number;
  readonly max: number;
  /** At least one. */
  readonly triggers: readonly ScalingTrigger[];
  /** @default Kubernetes's own */
  readonly behavior?: k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior;
  /** As of `HorizontalAutoscaler`. @default 0.1 in both directions */
  readonly tolerance?: Tolerance;
  /**
   * What runs while a trigger has no answer: at least `replicas`, and what is there if that is more; after `failures` failures
   * in a row, whole number >= 1. @default nothing is added or taken away, and failures are 3
   */
  readonly fallback?: { readonly replicas: number; readonly failures?: number };
  /** How often KEDA itself looks, seconds, >= 1: for what is cached, and to start from no pod. @default 15 */
  readonly pollingSeconds?: number;
  /** How long nothing has to be there until the last pod goes, seconds, >= 0; for `min` 0. @default 300 */
  readonly cooldownSeconds?: number;
  /** @default it runs */
  readonly pause?: ScalingPause;
  readonly transform?: {
    readonly scaledObject?: Transform<k8s.apiextensions.CustomResourceArgs>;
    readonly authentication?: Transform<k8s.apiextensions.CustomResourceArgs>;
  };
}
