/** A service, its rendered objects and made-up traces. */
import { serviceTime } from "../../../../budget/service/service-time";
import type { Manifest } from "../../../../simulation/replay/rendered";
import type { ReplayService } from "../../../../simulation/replay/service";
import type { Trace } from "../../../../simulation/replay/trace";
import type { Scenario } from "../../../../simulation/scenario";

/** 2026-03-02, a Monday. */
export const START = Date.UTC(2026, 2, 2) / 1000;

/** 8 slots of 30 ms: 267 requests/s a pod. */
export const SERVICE: ReplayService = {
  name: "backend",
  slots: 8,
  time: serviceTime({ serviceTimeSeconds: 0.03, serviceTimeP95Seconds: 0.08, serviceTimeP99Seconds: 0.15 }),
  balancing: "least-connections",
  promised: { p95: 0.2, p99: 0.5, errors: 0.01 },
  cpuSecondsPerRequest: 0.003,
  cpuCores: 1,
  memoryMiB: 1024,
  usableCores: 1,
  schedulingSeconds: 5,
  warmUpSeconds: 12,
  zones: 3,
  mostPerPod: 200,
  answerSeconds: 10,
  maxUnavailable: 1,
  rollout: { maxSurge: "25%", maxUnavailable: 0, minReadySeconds: 12 },
  baseRps: 300,
  peakRps: 1200,
  maxUtilization: 0.75,
  busy: 0.6,
  horizonSeconds: 120,
};

/** A pod of the service, and its proxies, as the simulation second by second has them. */
export const POD: Scenario["pod"] = {
  slots: 8,
  serviceTimeSeconds: 0.03,
  spread: { kind: "exponential" },
  cpuSecondsPerRequest: 0.003,
  cpuCores: 1,
  usableCores: 1,
  startSeconds: SERVICE.schedulingSeconds + SERVICE.warmUpSeconds,
};
export const BALANCING: Scenario["balancing"] = {
  kind: "least-connections",
  proxies: 2,
  maxConnections: 100,
  maxFails: 3,
  failSeconds: 10,
  answerSeconds: 10,
};

export const LABELS = { namespace: "retrofitlink", service: "backend" };

const BEHAVIOR = {
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
    selectPolicy: "Min",
    policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
  },
};

const target = { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "backend" } };

/** By CPU, as the stack renders it. */
export function hpa(averageUtilization = 40, spec: object = {}): Manifest {
  return {
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "backend", namespace: "retrofitlink" },
    spec: {
      ...target,
      minReplicas: 3,
      maxReplicas: 30,
      behavior: BEHAVIOR,
      metrics: [
        {
          type: "ContainerResource",
          containerResource: {
            name: "cpu",
            container: "backend",
            target: { type: "Utilization", averageUtilization },
          },
        },
      ],
      ...spec,
    },
  };
}

export const RPS = 'sum(rate(http_requests_total{namespace="retrofitlink",service="backend"}[1m]))';

/** By requests, with the fields of KEDA's CRD. */
export function scaledObject(spec: object = {}, query = RPS): Manifest {
  return {
    kind: "ScaledObject",
    metadata: { name: "backend", namespace: "retrofitlink" },
    spec: {
      ...target,
      pollingInterval: 15,
      minReplicaCount: 3,
      maxReplicaCount: 30,
      advanced: { horizontalPodAutoscalerConfig: { behavior: BEHAVIOR } },
      fallback: { failureThreshold: 3, replicas: 6, behavior: "currentReplicasIfHigher" },
      triggers: [
        {
          type: "prometheus",
          name: "requests",
          metricType: "AverageValue",
          metadata: {
            serverAddress: "http://prometheus:9090",
            query,
            threshold: "130",
            ignoreNullValues: "false",
          },
        },
      ],
      ...spec,
    },
  };
}

/** @param rate requests/s at a minute */
export function traceOf(minutes: number, rate: (minute: number) => number, name = "made up"): Trace {
  const requests = Float64Array.from({ length: minutes }, (_, minute) => 60 * rate(minute));
  return { name, startSeconds: START, stepSeconds: 60, requests, gaps: [] };
}

/** A day between 200 and 1,200 requests/s. */
export const dayRate = (minute: number): number => 700 - 500 * Math.cos((2 * Math.PI * minute) / 1440);
