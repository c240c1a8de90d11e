/**
 * Methods at equal cost. A method that keeps more pods breaks fewer promises, so a comparison at one target says nothing. Each
 * method's target is swept, and its violations are read where it costs what the reactive trigger costs at 60 %.
 */
import { capacityFor, type Loop, type LoopResult, runLoop } from "./closed-loop";

/** A way to scale. */
export interface Method {
  readonly name: string;
  readonly reactive: "requests" | "cpu";
  /** What the second trigger reads at a target, or undefined without one. Work that no target changes is done before. */
  prepare(load: Float64Array, leadMinutes: number): (target: number) => Float64Array | undefined;
}

/** A method on a trace. */
export interface Outcome {
  readonly method: string;
  /** Violation minutes at the cost of the reactive trigger at 60 %, percent. Undefined when it cannot be that cheap. */
  readonly violations: number | undefined;
  /** Its violations by those of the reactive trigger, 0.01 percentage points added to each. */
  readonly ratio: number | undefined;
  /** Pods by those of the reactive trigger at the same target of 60 %. */
  readonly costAt60: number;
  /** Pods and violations by those of the reactive trigger at the same target of 70 %. */
  readonly costAt70: number;
  readonly violationsAt70: number;
}

export const WARM_UP_MINUTES = 8 * 1440;
const SWEEP = Array.from({ length: 21 }, (_, i) => Math.round(40 + 2 * i) / 100);
const REFERENCE = SWEEP.indexOf(0.6);
const FIXED = SWEEP.indexOf(0.7);
/** So that traces almost without violations do not decide a mean of ratios. */
const PRIOR = 0.01;

/** @param load of at least nine days, minute by minute */
export function compare(methods: readonly Method[], load: Float64Array, leadMinutes: number): Outcome[] {
  const loop: Loop = { load, capacity: capacityFor(load), leadMinutes, from: WARM_UP_MINUTES };
  const base = SWEEP.map((target) => runLoop(loop, { target, reactive: "requests", second: undefined }));
  const { pods: cost, violations: most } = base[REFERENCE] as LoopResult;
  return methods.map((method) => {
    const second = method.prepare(load, leadMinutes);
    const sweep = SWEEP.map((target) =>
      runLoop(loop, { target, reactive: method.reactive, second: second(target) }),
    );
    const violations = violationsAt(sweep, cost);
    return {
      method: method.name,
      violations,
      ratio: violations === undefined ? undefined : (violations + PRIOR) / (most + PRIOR),
      costAt60: (sweep[REFERENCE] as LoopResult).pods / cost,
      costAt70: (sweep[FIXED] as LoopResult).pods / (base[FIXED] as LoopResult).pods,
      violationsAt70:
        ((sweep[FIXED] as LoopResult).violations + PRIOR) / ((base[FIXED] as LoopResult).violations + PRIOR),
    };
  });
}

/** On the line between the two targets whose costs are nearest; undefined when even the highest target costs more. */
export function violationsAt(sweep: readonly LoopResult[], cost: number): number | undefined {
  const byCost = [...sweep].sort((a, b) => a.pods - b.pods);
  const above = byCost.findIndex(({ pods }) => pods >= cost);
  const right = byCost[above === -1 ? byCost.length - 1 : above] as LoopResult;
  if (above === 0) return right.pods === cost ? right.violations : undefined;
  const left = byCost[above === -1 ? byCost.length - 1 : above - 1] as LoopResult;
  const width = right.pods - left.pods;
  return width === 0
    ? right.violations
    : left.violations + ((right.violations - left.violations) * (cost - left.pods)) / width;
}

/** Geometric mean. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
