/** What a HorizontalPodAutoscaler steers by, and how the API has it. Pure. */
import type * as k8s from "@pulumi/kubernetes";

import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { withoutNoise } from "../../budget/core/rounding";

type Labels = Readonly<Record<string, string>>;

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
      /** Memory of one container. Only for what gives memory back: a heap that stays large never lets pods go. */
      readonly kind: "memory";
      readonly container: string;
      /** Mean over the pods, MiB, a whole number >= 1. A share would move when the request does. */
      readonly averageMiB: number;
    }
  | {
      /** A metric of the pods, served under `custom.metrics.k8s.io`. */
      readonly kind: "pods";
      readonly metric: string;
      /** Labels of the series, where there are several of that name. */
      readonly matchLabels?: Labels;
      /** Mean over the pods, above 0. */
      readonly average: number;
    }
  | {
      /** A metric of one other object, such as an Ingress, served under `custom.metrics.k8s.io`. */
      readonly kind: "object";
      readonly object: { readonly apiVersion: string; readonly kind: string; readonly name: string };
      readonly metric: string;
      readonly matchLabels?: Labels;
      /** For each pod, above 0. */
      readonly average: number;
    }
  | {
      /** A metric of nothing in the cluster, served under `external.metrics.k8s.io`: the length of a queue. */
      readonly kind: "external";
      readonly metric: string;
      readonly matchLabels?: Labels;
      /** For each pod, above 0. */
      readonly average: number;
    };

/** `averageUtilization` for a share: rounded down, for a higher one would be above what was derived, but at least 1. */
export function averageUtilization(share: number): number {
  return Math.max(1, Math.floor(withoutNoise(share * 100)));
}

/** `averageValue` of a number: thousandths are the finest that the API has. */
export function averageValue(average: number): string {
  return String(Math.max(0.001, Math.floor(withoutNoise(average * 1000)) / 1000));
}

export function metricSpec(metric: ScalingMetric): k8s.types.input.autoscaling.v2.MetricSpec {
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
    case "memory":
      return {
        type: "ContainerResource",
        containerResource: {
          name: "memory",
          container: metric.container,
          target: { type: "AverageValue", averageValue: `${metric.averageMiB}Mi` },
        },
      };
    case "pods":
      return { type: "Pods", pods: { metric: named(metric), target: perPod(metric.average) } };
    case "object":
      return {
        type: "Object",
        object: {
          describedObject: metric.object,
          metric: named(metric),
          target: perPod(metric.average),
        },
      };
    case "external":
      return { type: "External", external: { metric: named(metric), target: perPod(metric.average) } };
  }
}

function named({ metric, matchLabels }: { readonly metric: string; readonly matchLabels?: Labels }): {
  name: string;
  selector?: { matchLabels: Labels };
} {
  return { name: metric, ...(matchLabels === undefined ? {} : { selector: { matchLabels } }) };
}

const perPod = (average: number): { type: string; averageValue: string } => ({
  type: "AverageValue",
  averageValue: averageValue(average),
});

/** What is wrong with metrics, which the API server would take all the same, or refuse without saying what to do. */
export function metricIssues(metrics: readonly ScalingMetric[]): Issue[] {
  const issues = metrics.flatMap((metric, index): Issue[] => {
    const given = {
      cpu: ["utilization", "utilization" in metric ? metric.utilization : 0],
      memory: ["averageMiB", "averageMiB" in metric ? metric.averageMiB : 0],
    } as const;
    const [key, value] =
      metric.kind === "cpu" || metric.kind === "memory"
        ? given[metric.kind]
        : (["average", metric.average] as const);
    return value > 0 && Number.isFinite(value)
      ? []
      : [
          issue(pathOf(`metrics[${index}].${key}`), value, {
            allowed: "a number above 0",
            fix: "Give what one pod has at the target.",
          }),
        ];
  });
  return metrics.length > 0
    ? issues
    : [
        issue(pathOf("metrics"), metrics, {
          allowed: "at least one metric",
          fix: "Give CPU of a container; without a metric Kubernetes takes the CPU of whole pods at 80 %.",
        }),
      ];
}

/** Bounds that are upside down. @param least allowed */
export function boundIssues(min: number, max: number, least: 0 | 1 = 1): Issue[] {
  const isWhole = (value: number): boolean => Number.isInteger(value);
  const wrongMin = !isWhole(min) || min < least;
  return [
    ...(wrongMin
      ? [
          issue(pathOf("min"), min, {
            allowed: `a whole number from ${least} (pods)`,
            fix: "Give the fewest pods that may run.",
          }),
        ]
      : []),
    ...(!isWhole(max) || max < Math.max(1, wrongMin ? 1 : min)
      ? [
          issue(pathOf("max"), max, {
            allowed: `a whole number from min, ${min}, on (pods)`,
            fix: "Give the most pods that may run; the bounds are upside down.",
          }),
        ]
      : []),
  ];
}
