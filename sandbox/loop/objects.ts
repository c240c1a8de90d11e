/** What is scaled in `make loop`: one Deployment by CPU, and with KEDA one by requests. */
import type { KubernetesObject } from "../cluster/kubernetes-client";

export const NAMESPACE = "loop";

/** Core seconds that a request takes. */
export const CPU_SECONDS = 0.005;

const REQUESTED_CORES = 0.5;

/** Requests a second that a pod can serve at all: with fewer pods than this needs, somebody waits. */
export const MOST_BY_POD = REQUESTED_CORES / CPU_SECONDS;

/** Share of that at which pods are added. */
const TARGET = 0.6;

export const MIN_REPLICAS = 2;
const MAX_REPLICAS = 20;

/** Pods without which the load is not served. */
export function neededFor(load: number): number {
  return Math.max(MIN_REPLICAS, Math.ceil(load / MOST_BY_POD));
}

/** Quick, so that a few minutes show it all. */
const BEHAVIOR = {
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 5 }] },
  scaleDown: { stabilizationWindowSeconds: 15, policies: [{ type: "Percent", value: 50, periodSeconds: 5 }] },
};

/** Flags of the controller for the same reason. */
export const QUICK_CONTROLLER = [
  "--horizontal-pod-autoscaler-sync-period=2s",
  "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
  "--horizontal-pod-autoscaler-cpu-initialization-period=5s",
];

export type Workload = "by-cpu" | "by-requests";

export function namespace(): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } };
}

export function deployment(name: Workload): KubernetesObject {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      // Whoever scales it says how many.
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          containers: [
            {
              name: "main",
              image: "registry.example.com/loop:1",
              resources: { requests: { cpu: `${REQUESTED_CORES * 1000}m`, memory: "64Mi" } },
            },
          ],
        },
      },
    },
  };
}

export function horizontalAutoscaler(): KubernetesObject {
  const target = { type: "Utilization", averageUtilization: TARGET * 100 };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "by-cpu", namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "by-cpu" },
      minReplicas: MIN_REPLICAS,
      maxReplicas: MAX_REPLICAS,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      behavior: BEHAVIOR,
    },
  };
}

/** @param prometheus its address with a port */
export function scaledObject(prometheus: string): KubernetesObject {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "by-requests", namespace: NAMESPACE },
    spec: {
      scaleTargetRef: { name: "by-requests" },
      minReplicaCount: MIN_REPLICAS,
      maxReplicaCount: MAX_REPLICAS,
      pollingInterval: 2,
      cooldownPeriod: 30,
      // Without its metric it stays where it is, or goes up to this.
      fallback: { failureThreshold: 2, replicas: 4, behavior: "currentReplicasIfHigher" },
      advanced: { horizontalPodAutoscalerConfig: { behavior: BEHAVIOR } },
      triggers: [
        {
          type: "prometheus",
          metadata: {
            serverAddress: `http://${prometheus}`,
            query: "sum(rate(loop_requests_total[10s]))",
            threshold: String(TARGET * MOST_BY_POD),
            // No series is no zero: it would scale down.
            ignoreNullValues: "false",
          },
        },
      ],
    },
  };
}
