/** The windows of `rolling.ts` over a whole series: for each step, what the window has that ends there. */
import { History, RollingSum, Sorted } from "./rolling";

/** The largest of each step and the `window - 1` before it. */
export function slidingMax(values: Float64Array, window: number): Float64Array {
  const last = new History(window);
  return values.map((value) => {
    last.push(value);
    return last.max(window);
  });
}

/** Sums of each step and the `window - 1` before it, and how many samples they have. */
export function slidingSum(
  values: Float64Array,
  window: number,
): { readonly sums: Float64Array; readonly counts: Int32Array } {
  const rolling = new RollingSum(window);
  const counts = new Int32Array(values.length);
  const sums = values.map((value, i) => {
    rolling.push(value);
    counts[i] = rolling.count;
    return rolling.sum;
  });
  return { sums, counts };
}

/** The series `steps` later; NaN before. A negative number of steps looks ahead. */
export function delayed(values: Float64Array, steps: number): Float64Array {
  const result = new Float64Array(values.length).fill(NaN);
  if (steps >= 0)
    result.set(values.subarray(0, Math.max(0, values.length - steps)), Math.min(steps, values.length));
  else result.set(values.subarray(-steps));
  return result;
}

/** A quantile as `quantile()` of PromQL has it. */
export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = new Sorted(values.length);
  for (const value of values) sorted.add(value);
  return sorted.quantile(quantile);
}
