/** What scenarios are made of: pods, loads, rules. Short windows, so that seconds are enough, well between multiples of the sync period. */
import type { Rules, Scenario, ScriptedPod, World } from "./scenario";

export const LONG = 3600;

/** A pod that has been ready for an hour, measured five seconds ago. */
export function pod(cpu: number | undefined, change: Partial<ScriptedPod> = {}): ScriptedPod {
  return {
    phase: "Running",
    ready: true,
    deleted: false,
    startedAgo: LONG,
    changedAgo: LONG - 60,
    cpu,
    measuredAgo: 5,
    ...change,
  };
}

export const pods = (count: number, cpu: number | undefined, change?: Partial<ScriptedPod>): ScriptedPod[] =>
  Array.from({ length: Math.max(0, count) }, () => pod(cpu, change));

/** All pods that are asked for are ready and share a load of so many cores' thousandths. */
export const shared = (total: number, replicas: number): World => ({
  pods: pods(replicas, Math.round(total / Math.max(1, replicas))),
});

export const at = <T>(steps: readonly T[], step: number): T => steps[Math.min(step, steps.length - 1)] as T;

/** The load of each step, shared. */
export const loads =
  (...totals: readonly number[]) =>
  (step: number, replicas: number): World =>
    shared(at(totals, step), replicas);

export const up = (rules: Rules): Rules => ({ stabilizationWindowSeconds: 0, ...rules });
export const percent = (value: number, periodSeconds: number) =>
  ({ type: "Percent", value, periodSeconds }) as const;
export const podsPer = (value: number, periodSeconds: number) =>
  ({ type: "Pods", value, periodSeconds }) as const;

/** Goes where it wants within three seconds, down after six. */
export const FAST = {
  scaleUp: up({ policies: [percent(100, 3), podsPer(4, 3)] }),
  scaleDown: { stabilizationWindowSeconds: 6, policies: [percent(100, 3)] },
};

/** Neither waits nor is limited. */
export const FREE = {
  scaleUp: up({ policies: [podsPer(100, 2)] }),
  scaleDown: { stabilizationWindowSeconds: 0, policies: [percent(100, 2)] },
};

export const CPU_50 = [{ kind: "cpu", percent: 50 }] as const;

export type Sketch = Partial<Scenario> & Pick<Scenario, "name" | "world">;

export const scenario = (sketch: Sketch): Scenario => ({
  min: 2,
  max: 40,
  replicas: 4,
  steps: 14,
  metrics: CPU_50,
  behavior: FAST,
  ...sketch,
});

export const without = (one: Scenario): Scenario => {
  const rest: { -readonly [Key in keyof Scenario]: Scenario[Key] } = { ...one };
  delete rest.behavior;
  return rest;
};
