/** The autoscaler of a proxy: by CPU and by connections, whichever asks for more pods. */
import type * as k8s from "@pulumi/kubernetes";

import type { ProxyPlan } from "../../../budget/load-balancing/proxy";

/** Where the number of clients' connections of a pod comes from. */
export interface ConnectionMetric {
  /** Name in the custom metrics API, as the exporter calls it. */
  readonly name: string;
  /** Labels of the series, where the exporter has several of that name. */
  readonly matchLabels?: Readonly<Record<string, string>>;
}

/**
 * Metrics of the autoscaler.
 *
 * CPU is the proxy's alone: an exporter, idle beside it, would make a busy pod look half as busy. Connections need
 * something that serves the metric under `custom.metrics.k8s.io`, prometheus-adapter for one. While it is missing the
 * controller scales up by CPU and does not scale down, and the lower bound holds every client that was planned for.
 */
export function autoscalerMetrics(
  container: string,
  connections: ConnectionMetric,
  { targetUtilization, targetConnections }: Pick<ProxyPlan, "targetUtilization" | "targetConnections">,
): k8s.types.input.autoscaling.v2.MetricSpec[] {
  const { name, matchLabels } = connections;
  return [
    {
      type: "ContainerResource",
      containerResource: {
        name: "cpu",
        container,
        target: {
          type: "Utilization",
          averageUtilization: Math.floor(Number((targetUtilization * 100).toPrecision(12))),
        },
      },
    },
    {
      type: "Pods",
      pods: {
        metric: { name, ...(matchLabels === undefined ? {} : { selector: { matchLabels } }) },
        target: { type: "AverageValue", averageValue: `${targetConnections}` },
      },
    },
  ];
}

/** Up at once, to twice as many or by four pods; down after five quiet minutes, by a tenth a minute. */
export const SCALING_BEHAVIOR: k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 15 },
      { type: "Pods", value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: 300,
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
  },
};
