import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import type { Tolerance } from "../../budget/autoscaling/scaling";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import type { ScaleTarget } from "./scale-target";
import { tolerant } from "./scaling-behavior";
import { boundIssues, metricIssues, metricSpec, type ScalingMetric } from "./scaling-metrics";

export { averageUtilization, type ScalingMetric } from "./scaling-metrics";

/** Arguments of `HorizontalAutoscaler`. */
export interface HorizontalAutoscalerArgs {
  readonly target: ScaleTarget;
  readonly labels?: Readonly<Record<string, string>>;
  /** Bounds, pods, whole numbers >= 1, `min` <= `max`. */
  readonly min: number;
  readonly max: number;
  /** At least one. */
  readonly metrics: readonly ScalingMetric[];
  /** @default Kubernetes's own */
  readonly behavior?: k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior;
  /**
   * Difference from its target that is left alone, shares from 0 to 1. Only for a cluster that knows it: Kubernetes 1.37, or
   * earlier with the feature HPAConfigurableTolerance. An older one drops it without a word. @default 0.1 in both directions
   */
  readonly tolerance?: Tolerance;
  readonly transform?: { readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs> };
}

/**
 * A HorizontalPodAutoscaler that owns the replicas of a workload.
 *
 * Trap: pods of a node that is lost count as present, without a metric, until they are evicted; meanwhile nothing is added.
 *
 * Trap: with several metrics, one that has no answer keeps the controller from taking pods away, and nothing else.
 *
 * Cost: between `min` and `max` pods.
 */
export class HorizontalAutoscaler extends pulumi.ComponentResource {
  readonly autoscaler: k8s.autoscaling.v2.HorizontalPodAutoscaler;

  constructor(name: string, args: HorizontalAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { target, labels, min, max, metrics, behavior, tolerance, transform = {} } = args;
    assertValid("HorizontalAutoscaler", name, [...boundIssues(min, max), ...metricIssues(metrics)]);
    target.claim(`HorizontalAutoscaler "${name}"`);
    super(COMPONENT_TYPES.horizontalAutoscaler, name, {}, opts);
    const acts = tolerant(behavior, tolerance);
    this.autoscaler = new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      ...transformed<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>(
        transform.autoscaler,
        name,
        {
          metadata: {
            name: target.name,
            namespace: target.namespace,
            ...(labels === undefined ? {} : { labels }),
          },
          spec: {
            scaleTargetRef: target.reference,
            minReplicas: min,
            maxReplicas: max,
            metrics: metrics.map(metricSpec),
            ...(acts === undefined ? {} : { behavior: acts }),
          },
        },
        { parent: this },
      ),
    );
    this.registerOutputs({});
  }
}
