/** The simulated KEDA and HorizontalPodAutoscaler, second by second. */
import { HorizontalPodAutoscaler } from "../../../simulation/autoscaler/horizontal-pod-autoscaler";
import { Keda } from "../../../simulation/autoscaler/keda";
import { readScaledObject } from "../../../simulation/autoscaler/scaled-object";
import { PHASE_SECONDS, POLLING_SECONDS, scaledObject, type KedaScenario } from "./keda-scenarios";

/** Between two looks of the autoscaler, seconds. */
export const SYNC_SECONDS = 2;

/** Until a pod that was asked for is ready, seconds. */
const START_SECONDS = 2;

/** Replicas at the end of each phase. @param replicas at the start */
export function simulatedKeda(scenario: KedaScenario, replicas: number): number[] {
  const object = readScaledObject(scaledObject(scenario, "http://prometheus"));
  let answer = scenario.phases[0] ?? [];
  const keda = new Keda(object, () => (answer === "error" ? "no answer" : answer), 0);
  const autoscaler = object.paused === undefined ? new HorizontalPodAutoscaler(object.hpa) : undefined;
  let wanted = replicas;
  const history: number[] = [];
  const ends: number[] = [];
  for (const phase of scenario.phases) {
    answer = phase;
    for (let second = 0; second < PHASE_SECONDS; second++) {
      const now = history.length + 1;
      const ready = Math.min(wanted, ...history.slice(-START_SECONDS));
      const workload = { wanted, ready };
      if (now % POLLING_SECONDS === 0) wanted = keda.poll(now, workload) ?? wanted;
      if (now % SYNC_SECONDS === 1 && autoscaler !== undefined) {
        const scale = { wanted, there: wanted, ready };
        const external = (name: string): number[] | undefined => {
          const value = keda.metric(name, now, { wanted, ready });
          return value === undefined ? undefined : [value];
        };
        const apis = { resource: () => undefined, pods: () => undefined, external };
        wanted = autoscaler.sync(now, scale, apis).replicas;
      }
      history.push(wanted);
    }
    ends.push(wanted);
  }
  return ends;
}
