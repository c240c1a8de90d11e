/** What the real KEDA and the simulated one are compared in: what Prometheus answers, phase by phase. */

/** Values of the series found; or the server answers an error. */
export type Answer = readonly number[] | "error";

export interface KedaScenario {
  readonly name: string;
  /** Fields of the ScaledObject's spec besides the defaults of {@link scaledObject}. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Fields of the trigger's metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly trigger?: Readonly<Record<string, unknown>>;
  readonly phases: readonly Answer[];
}

/** Each phase lasts long enough for the slowest way: failures over several polls, and the cooldown. */
export const PHASE_SECONDS = 24;

export const POLLING_SECONDS = 2;

const fallback = (behavior: string, replicas = 4) => ({
  fallback: { failureThreshold: 2, replicas, behavior },
});

export const KEDA_SCENARIOS: readonly KedaScenario[] = [
  { name: "up and down", phases: [[300], [900], [1100], [1095], [200]] },
  { name: "fractions", metadata: { threshold: "0.5" }, phases: [[2.2], [3.3], [0.4]] },
  {
    name: "a target for all pods together",
    trigger: { metricType: "Value" },
    phases: [[100], [500], [100], [10]],
  },
  { name: "no series is an error", metadata: { ignoreNullValues: "false" }, phases: [[600], [], [900], []] },
  { name: "no series is nothing", metadata: { ignoreNullValues: "true" }, phases: [[600], [], [900]] },
  { name: "several series are an error", phases: [[600], [300, 300], [800]] },
  { name: "an error without a fallback", phases: [[600], "error", [300]] },
  { name: "fallback to a number", spec: fallback("static"), phases: [[800], "error", [600]] },
  { name: "fallback to what is there", spec: fallback("currentReplicas"), phases: [[800], "error", [300]] },
  {
    name: "fallback to what is there if it is more",
    spec: fallback("currentReplicasIfHigher"),
    phases: [[800], "error", [200], "error"],
  },
  {
    name: "fallback to what is there if it is less",
    spec: fallback("currentReplicasIfLower"),
    phases: [[800], "error", [200], "error"],
  },
  {
    name: "fallback when there is no series",
    spec: fallback("currentReplicasIfHigher", 5),
    metadata: { ignoreNullValues: "false" },
    phases: [[300], [], [700], []],
  },
  { name: "to nothing and back", spec: { minReplicaCount: 0 }, phases: [[300], [0], [500]] },
  {
    name: "only above its activation",
    spec: { minReplicaCount: 0 },
    metadata: { activationThreshold: "150" },
    phases: [[300], [120], [160]],
  },
  { name: "an idle count", spec: { minReplicaCount: 3, idleReplicaCount: 0 }, phases: [[500], [0], [100]] },
  {
    name: "paused at a number",
    annotations: { "autoscaling.keda.sh/paused-replicas": "5" },
    phases: [[900], [100]],
  },
  {
    name: "no way down while scaling in is paused",
    annotations: { "autoscaling.keda.sh/paused-scale-in": "true" },
    phases: [[700], [200], [900]],
  },
  {
    name: "values are read at the polls",
    trigger: { useCachedMetrics: true },
    phases: [[300], [900], [200]],
  },
];

export function namespaceOf({ name }: KedaScenario): string {
  return name.replaceAll(/[^a-z0-9]+/g, "-");
}

/** @param server address of the scripted Prometheus */
export function scaledObject(scenario: KedaScenario, server: string): Record<string, unknown> {
  const { spec = {}, annotations = {}, metadata = {}, trigger = {} } = scenario;
  const once = { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 100, periodSeconds: 1 }] };
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name: "scripted", namespace: namespaceOf(scenario), annotations },
    spec: {
      scaleTargetRef: { name: "scripted" },
      minReplicaCount: 2,
      maxReplicaCount: 12,
      pollingInterval: POLLING_SECONDS,
      cooldownPeriod: 4,
      advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleUp: once, scaleDown: once } } },
      triggers: [
        {
          type: "prometheus",
          ...trigger,
          metadata: {
            serverAddress: `${server}/${namespaceOf(scenario)}`,
            query: "scripted",
            threshold: "100",
            ...metadata,
          },
        },
      ],
      ...spec,
    },
  };
}
