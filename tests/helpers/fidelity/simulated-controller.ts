/** The simulated HorizontalPodAutoscaler, shown what the real one saw. */
import { DEFAULT_BEHAVIOR, step, type Behavior, type Memory, type ScalingRules } from "../../../simulation/autoscaler/behavior";
import {
  CALCULATOR_DEFAULTS,
  calculateReplicas,
  type SeenPod as SimulatedPod,
} from "../../../simulation/autoscaler/replica-calculator";
import { METRICS_WINDOW_SECONDS, type Rules, type Scenario, type SeenPod, type Sync } from "./scenario";

/** Replicas after each sync. */
export function runSimulated(scenario: Scenario, syncs: readonly Sync[]): number[] {
  const behavior = behaviorOf(scenario);
  const [first] = syncs;
  let memory: Memory = {
    recommendations: first === undefined ? [] : [{ at: first.at, replicas: first.replicasBefore }],
    ups: [],
    downs: [],
  };
  return syncs.map((sync) => {
    const wanted = recommended(scenario, sync);
    if (wanted === undefined) return sync.replicasBefore;
    const done = step(wanted, sync.replicasBefore, sync.at, memory, behavior, scenario);
    ({ memory } = done);
    return done.replicas;
  });
}

function recommended(scenario: Scenario, { world, pods, replicasBefore, at }: Sync): number | undefined {
  const [metric] = scenario.metrics;
  if (metric?.kind !== "cpu" || scenario.metrics.length > 1) {
    throw new Error(`the simulator does not know the metrics of "${scenario.name}"`);
  }
  const settings = { ...CALCULATOR_DEFAULTS, metricsWindowSeconds: METRICS_WINDOW_SECONDS };
  const blind = world.noResourceMetrics === true;
  const simulated = pods.map((pod) => simulatedPod(pod, blind));
  const request = scenario.requestMilli ?? 1000;
  return calculateReplicas(simulated, replicasBefore, metric.percent, request, at, settings);
}

function simulatedPod({ phase, ready, deleted, startedAt, changedAt, cpu, measuredAt }: SeenPod, blind: boolean): SimulatedPod {
  return {
    deleted: deleted || phase === "Failed",
    pending: phase === "Pending",
    startedAt,
    ready,
    changedAt,
    metric: cpu === undefined || blind ? undefined : { milliCores: cpu, at: measuredAt },
  };
}

function behaviorOf({ behavior }: Scenario): Behavior {
  return {
    scaleUp: rulesOf(behavior?.scaleUp, DEFAULT_BEHAVIOR.scaleUp),
    scaleDown: rulesOf(behavior?.scaleDown, DEFAULT_BEHAVIOR.scaleDown),
  };
}

function rulesOf(given: Rules | undefined, otherwise: ScalingRules): ScalingRules {
  return { ...otherwise, ...given } as ScalingRules;
}
