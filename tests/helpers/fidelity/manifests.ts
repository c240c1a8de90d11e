/** The objects of a scenario. */
import type { KubernetesObject } from "../../../sandbox/cluster/kubernetes-client";
import { namespaceOf, type Metric, type Scenario } from "./scenario";

const LABELS = { app: "scripted" };

export function deployment(namespace: string, replicas: number, requestMilli: number): KubernetesObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "scripted", namespace },
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podSpec(requestMilli) },
    },
  };
}

export function podObject(namespace: string, name: string, requestMilli: number): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: LABELS },
    // On a node, so that a deleted pod stays until its kubelet has spoken, which it never does.
    spec: { ...podSpec(requestMilli), nodeName: "scripted" },
  };
}

function podSpec(requestMilli: number): object {
  return {
    automountServiceAccountToken: false,
    containers: [{ name: "main", image: "scripted", resources: { requests: { cpu: `${requestMilli}m` } } }],
  };
}

/** As a stack would render it. */
export function autoscaler(scenario: Scenario): KubernetesObject {
  const { min, max, metrics, behavior } = scenario;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "scripted", namespace: namespaceOf(scenario) },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "scripted" },
      minReplicas: min,
      maxReplicas: max,
      metrics: metrics.map(metricSpec),
      ...(behavior === undefined ? {} : { behavior }),
    },
  };
}

function metricSpec(metric: Metric): object {
  switch (metric.kind) {
    case "cpu": {
      const target = { type: "Utilization", averageUtilization: metric.percent };
      return { type: "Resource", resource: { name: "cpu", target } };
    }
    case "cpu-value": {
      const target = { type: "AverageValue", averageValue: `${metric.milli}m` };
      return { type: "Resource", resource: { name: "cpu", target } };
    }
    case "pods": {
      const target = { type: "AverageValue", averageValue: `${metric.averageMilli}m` };
      return { type: "Pods", pods: { metric: { name: metric.name }, target } };
    }
    case "external-value": {
      const target = { type: "Value", value: `${metric.milli}m` };
      return { type: "External", external: { metric: { name: metric.name }, target } };
    }
    case "external-average": {
      const target = { type: "AverageValue", averageValue: `${metric.averageMilli}m` };
      return { type: "External", external: { metric: { name: metric.name }, target } };
    }
  }
}
