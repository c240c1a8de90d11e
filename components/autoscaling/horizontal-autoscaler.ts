import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { withoutNoise } from "../../budget/core/rounding";
import { transformed, type Transform } from "../shared/transform";
import type { ScaleTarget } from "./scale-target";

/** What an autoscaler steers by. Of several, the one that asks for the most pods counts. */
export type ScalingMetric =
  | {
      /** CPU of one container: that of the whole pod would be distorted by a sidecar. */
      readonly kind: "cpu";
      readonly container: string;
      /** Share of the request, above 0. Whole percents are steered to: the next lower one. */
      readonly utilization: number;
    }
  | {
      /** A metric of the pods, served under `custom.metrics.k8s.io`. */
      readonly kind: "pods";
      readonly metric: string;
      /** Labels of the series, where there are several of that name. */
      readonly matchLabels?: Readonly<Record<string, string>>;
      /** Mean over the pods, above 0. */
      readonly average: number;
    };

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
  readonly transform?: { readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs> };
}

/** `averageUtilization` for a share: rounded down, for a higher one would be above what was derived, but at least 1. */
export function averageUtilization(share: number): number {
  return Math.max(1, Math.floor(withoutNoise(share * 100)));
}

/**
 * A HorizontalPodAutoscaler that owns the replicas of a workload.
 *
 * Trap: pods of a node that is lost count as present, without a metric, until they are evicted; meanwhile nothing is added.
 *
 * Cost: between `min` and `max` pods.
 */
export class HorizontalAutoscaler extends pulumi.ComponentResource {
  readonly autoscaler: k8s.autoscaling.v2.HorizontalPodAutoscaler;

  constructor(name: string, args: HorizontalAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { target, labels, min, max, metrics, behavior, transform = {} } = args;
    target.claim(`HorizontalAutoscaler "${name}"`);
    super(COMPONENT_TYPES.horizontalAutoscaler, name, {}, opts);
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
            ...(behavior === undefined ? {} : { behavior }),
          },
        },
        { parent: this },
      ),
    );
    this.registerOutputs({});
  }
}

function metricSpec(metric: ScalingMetric): k8s.types.input.autoscaling.v2.MetricSpec {
  switch (metric.kind) {
    case "cpu":
      return {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: metric.container,
          target: { type: "Utilization", averageUtilization: averageUtilization(metric.utilization) },
        },
      };
    case "pods": {
      const { metric: name, matchLabels, average } = metric;
      return {
        type: "Pods",
        pods: {
          metric: { name, ...(matchLabels === undefined ? {} : { selector: { matchLabels } }) },
          target: { type: "AverageValue", averageValue: `${average}` },
        },
      };
    }
  }
}
