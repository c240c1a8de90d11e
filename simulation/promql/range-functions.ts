/**
 * Functions of the samples in a window.
 *
 * Source: Prometheus, promql/functions.go (`extrapolatedRate`, `instantValue`, `linearRegression`, `quantile`), as of 3.5.
 */
import { total, type Series } from "./series";

/** Samples of one series in a window, without markers, in the order of time; times in milliseconds. */
export interface Window {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** From the first to before the last index. */
  readonly from: number;
  readonly to: number;
  /** Ends of the window. */
  readonly start: number;
  readonly end: number;
  /** Whose samples these are, where it has them for longer and knows sums of them. */
  readonly series?: Series | undefined;
}

/** @param parameters numbers that the function was given besides; undefined: no sample comes of it */
export type RangeFunction = (window: Window, parameters: readonly number[]) => number | undefined;

const sum = ({ series, values, from, to }: Window): number =>
  series === undefined ? total(values, from, to) : series.sum(from, to);

/**
 * The largest from one index to before another: a number rather than none. Loops of their own: windows are long, and one that
 * calls a function for each sample takes ten times as long.
 */
export function most(values: ArrayLike<number>, from: number, to: number): number {
  let found = values[from] ?? NaN;
  for (let index = from + 1; index < to; index++) {
    const value = values[index] as number;
    if (value > found || Number.isNaN(found)) found = value;
  }
  return found;
}

/** The smallest, likewise. */
export function least(values: ArrayLike<number>, from: number, to: number): number {
  let found = values[from] ?? NaN;
  for (let index = from + 1; index < to; index++) {
    const value = values[index] as number;
    if (value < found || Number.isNaN(found)) found = value;
  }
  return found;
}

const mean = (window: Window): number => sum(window) / (window.to - window.from);

const variance = (window: Window): number => {
  const { values, from, to } = window;
  const middle = mean(window);
  let total = 0;
  for (let index = from; index < to; index++) total += ((values[index] as number) - middle) ** 2;
  return total / (to - from);
};

/** Functions by name, with where the window and where the numbers are among their operands. */
export const RANGE_FUNCTIONS: Readonly<
  Record<string, { readonly of: RangeFunction; readonly parameters: readonly ("window" | "number")[] }>
> = {
  rate: plain((window) => extrapolated(window, true, true)),
  increase: plain((window) => extrapolated(window, true, false)),
  delta: plain((window) => extrapolated(window, false, false)),
  irate: plain((window) => latest(window, true)),
  idelta: plain((window) => latest(window, false)),
  sum_over_time: plain(sum),
  avg_over_time: plain(mean),
  min_over_time: plain(({ values, from, to }) => least(values, from, to)),
  max_over_time: plain(({ values, from, to }) => most(values, from, to)),
  count_over_time: plain(({ from, to }) => to - from),
  last_over_time: plain(({ values, to }) => values[to - 1]),
  first_over_time: plain(({ values, from }) => values[from]),
  present_over_time: plain(() => 1),
  stdvar_over_time: plain(variance),
  stddev_over_time: plain((window) => Math.sqrt(variance(window))),
  changes: plain((window) => count(window, (before, value) => before !== value)),
  resets: plain((window) => count(window, (before, value) => value < before)),
  deriv: plain((window) => {
    if (window.to - window.from < 2) return undefined;
    return regression(window, window.times[window.from] as number).slope;
  }),
  predict_linear: {
    parameters: ["window", "number"],
    of: (window, [seconds = 0]) => {
      if (window.to - window.from < 2) return undefined;
      const { slope, intercept } = regression(window, window.end);
      return slope * seconds + intercept;
    },
  },
  quantile_over_time: {
    parameters: ["number", "window"],
    of: ({ values, from, to }, [share = NaN]) => quantile(share, [...values.subarray(from, to)]),
  },
};

function plain(of: RangeFunction): {
  readonly of: RangeFunction;
  readonly parameters: readonly ["window"];
} {
  return { of, parameters: ["window"] };
}

function count({ values, from, to }: Window, counts: (before: number, value: number) => boolean): number {
  let total = 0;
  for (let index = from + 1; index < to; index++) {
    if (counts(values[index - 1] as number, values[index] as number)) total++;
  }
  return total;
}

/**
 * What a counter grew by, as if its samples reached the ends of the window: on each side by the distance, but by half the
 * mean distance of samples where the end is farther away, and not to before a counter was zero.
 */
function extrapolated(
  { times, values, from, to, start, end }: Window,
  isCounter: boolean,
  isRate: boolean,
): number | undefined {
  if (to - from < 2) return undefined;
  const first = values[from] as number;
  const last = values[to - 1] as number;
  const firstTime = times[from] as number;
  const lastTime = times[to - 1] as number;
  let grown = last - first;
  if (isCounter) {
    for (let index = from + 1; index < to; index++) {
      const before = values[index - 1] as number;
      // It began again at zero.
      if ((values[index] as number) < before) grown += before;
    }
  }
  const sampled = (lastTime - firstTime) / 1000;
  const between = sampled / (to - from - 1);
  const threshold = 1.1 * between;
  let before = (firstTime - start) / 1000;
  let after = (end - lastTime) / 1000;
  if (before >= threshold) before = between / 2;
  if (isCounter && grown > 0 && first >= 0) before = Math.min(before, sampled * (first / grown));
  if (after >= threshold) after = between / 2;
  const result = grown * ((sampled + before + after) / sampled);
  return isRate ? result / ((end - start) / 1000) : result;
}

function latest({ times, values, from, to }: Window, isRate: boolean): number | undefined {
  if (to - from < 2) return undefined;
  const [before, value] = [values[to - 2] as number, values[to - 1] as number];
  if (!isRate) return value - before;
  const seconds = ((times[to - 1] as number) - (times[to - 2] as number)) / 1000;
  return (value < before ? value : value - before) / seconds;
}

/** A straight line through the samples. @param at moment of the intercept, milliseconds */
function regression(
  { times, values, from, to }: Window,
  at: number,
): { readonly slope: number; readonly intercept: number } {
  const n = to - from;
  let [x, y, xy, xx] = [0, 0, 0, 0];
  for (let index = from; index < to; index++) {
    const seconds = ((times[index] as number) - at) / 1000;
    const value = values[index] as number;
    x += seconds;
    y += value;
    xy += seconds * value;
    xx += seconds * seconds;
  }
  const slope = (xy - (x * y) / n) / (xx - (x * x) / n);
  return { slope, intercept: y / n - (slope * x) / n };
}

/** Of values in any order, which are sorted; between two of them in proportion. */
export function quantile(share: number, values: number[]): number {
  if (values.length === 0 || Number.isNaN(share)) return NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  values.sort((a, b) => a - b);
  const rank = share * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (values[lower] ?? NaN) * (1 - weight) + (values[upper] ?? NaN) * weight;
}
