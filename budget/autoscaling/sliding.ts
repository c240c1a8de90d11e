/**
 * Windows that slide over a series of even steps. A step without a sample is NaN; it counts for nothing, and a window without
 * any sample has no value. What Prometheus's `_over_time` functions do, in linear time.
 */

/** The largest of each step and the `window - 1` before it. */
export function slidingMax(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length);
  // Steps whose values fall; the first is the largest of the window.
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value === value) {
      while (tail > head && (values[queue[tail - 1] as number] as number) <= value) tail--;
      queue[tail++] = i;
    }
    while (tail > head && (queue[head] as number) <= i - window) head++;
    result[i] = tail > head ? (values[queue[head] as number] as number) : NaN;
  }
  return result;
}

/** Sums of each step and the `window - 1` before it, and how many samples they have. */
export function slidingSum(
  values: Float64Array,
  window: number,
): { readonly sums: Float64Array; readonly counts: Int32Array } {
  const sums = new Float64Array(values.length);
  const counts = new Int32Array(values.length);
  let sum = 0;
  let count = 0;
  let notZero = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value === value) {
      sum += value;
      count++;
      if (value !== 0) notZero++;
    }
    const gone = i >= window ? (values[i - window] as number) : NaN;
    if (gone === gone) {
      sum -= gone;
      count--;
      if (gone !== 0) notZero--;
    }
    // What differences leave behind must not pile up, and a sum of nothing is not a little less than nothing.
    if (notZero === 0) sum = 0;
    sums[i] = count > 0 ? sum : NaN;
    counts[i] = count;
  }
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

/** A quantile as `quantile()` of PromQL has it: on a line between the two nearest. Sorts `values` in place. */
export function quantileOf(values: number[], quantile: number): number {
  if (values.length === 0) return NaN;
  values.sort((a, b) => a - b);
  const rank = quantile * (values.length - 1);
  const low = Math.floor(rank);
  const high = Math.min(low + 1, values.length - 1);
  const weight = rank - low;
  return (values[low] as number) * (1 - weight) + (values[high] as number) * weight;
}
