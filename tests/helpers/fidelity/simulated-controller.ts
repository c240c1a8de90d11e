/** The simulated HorizontalPodAutoscaler, shown what the real one saw. */
import {
  HorizontalPodAutoscaler,
  type MetricsApis,
} from "../../../simulation/autoscaler/horizontal-pod-autoscaler";
import { readHpa } from "../../../simulation/autoscaler/hpa-object";
import {
  CALCULATOR_DEFAULTS,
  grouped,
  type SeenPod as SimulatedPod,
} from "../../../simulation/autoscaler/replica-calculator";
import { autoscaler } from "./manifests";
import { METRICS_WINDOW_SECONDS, type Scenario, type SeenPod, type Sync } from "./scenario";

const SETTINGS = { ...CALCULATOR_DEFAULTS, metricsWindowSeconds: METRICS_WINDOW_SECONDS };

/**
 * Replicas after each sync, of the very object that the real one was given.
 *
 * @param clock whether a sync counts from when it was told the metrics, or from when its decision was seen: what the real
 *   one remembers is stamped somewhere between the two
 */
export function runSimulated(
  scenario: Scenario,
  syncs: readonly Sync[],
  clock: "at" | "decidedAt" = "at",
): number[] {
  const simulated = new HorizontalPodAutoscaler(readHpa(autoscaler(scenario)), SETTINGS);
  return syncs.map((sync) => {
    const scale = {
      wanted: sync.replicasBefore,
      there: sync.pods.filter(({ deleted, phase }) => !deleted && phase !== "Failed").length,
      ready: sync.pods.filter(({ phase, ready }) => phase === "Running" && ready).length,
    };
    return simulated.sync(sync[clock], scale, apisOf(scenario, sync)).replicas;
  });
}

function apisOf({ requestMilli = 1000 }: Scenario, { at, world, pods }: Sync): MetricsApis {
  const groupsOf = (value: (pod: SeenPod) => number | undefined, isCpu: boolean) =>
    grouped(
      pods.map((pod) => simulatedPod(pod, value(pod))),
      at,
      isCpu,
      SETTINGS,
    );
  return {
    resource: () =>
      world.noResourceMetrics === true
        ? undefined
        : { groups: groupsOf(({ cpu }) => cpu, true), request: requestMilli },
    pods: (name) => groupsOf(({ custom }) => custom?.[name], false),
    external: (name) => world.external?.[name],
  };
}

function simulatedPod(pod: SeenPod, milliCores: number | undefined): SimulatedPod {
  const { phase, ready, deleted, startedAt, changedAt, measuredAt } = pod;
  return {
    deleted: deleted || phase === "Failed",
    pending: phase === "Pending",
    startedAt,
    ready,
    changedAt,
    metric: milliCores === undefined ? undefined : { milliCores, at: measuredAt },
  };
}
