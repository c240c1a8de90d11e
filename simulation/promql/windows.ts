/** Windows of series: of samples that are there, and of what an expression comes to again and again. */
import type { Range } from "./expression";
import { keyOf, nameless, type Labels } from "./label-sets";
import type { Window } from "./range-functions";
import { Series, type SeriesStore } from "./series";
import type { VectorAt } from "./vector";

/**
 * Calls back with the window of each series that has a sample in it, until it is told that this is enough. The window is one
 * object for all: it holds until the next one.
 */
export type Windows = (at: number, each: (labels: Labels, window: Window) => boolean) => void;

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

const NONE = new Float64Array(0);

const emptyWindow = (): Changing<Window> => ({
  times: NONE,
  values: NONE,
  from: 0,
  to: 0,
  start: 0,
  end: 0,
  series: undefined,
});

/** @param closedWindows as before Prometheus 3: a window has both of its ends */
export function ranges(
  { selector, milliseconds }: Extract<Range, { kind: "range" }>,
  { store, closedWindows = false }: { readonly store: SeriesStore; readonly closedWindows?: boolean },
): Windows {
  const selected = store.selection(selector, (series) => series);
  const window = emptyWindow();
  // Series are mostly scraped together, and a window moves on as they do: it has as many samples as the last one.
  let usual = 1;
  return (at, each) => {
    const end = at - selector.offset;
    const start = end - milliseconds;
    const before = closedWindows ? start - 1 : start;
    window.start = start;
    window.end = end;
    const all = selected();
    for (let index = 0; index < all.length; index++) {
      const { samples } = all[index] as Series;
      const { times, length } = samples;
      const newest = length === 0 ? -Infinity : (times[length - 1] as number);
      // Long gone.
      if (newest <= before) continue;
      let from = length > usual ? length - usual : 0;
      const isFound =
        (times[from] as number) > before && (from === 0 || (times[from - 1] as number) <= before);
      if (!isFound) from = samples.after(before);
      if (from > 0) usual = length - from;
      window.from = from;
      window.to = newest <= end ? length : samples.after(end);
      if (from >= window.to) continue;
      window.times = times;
      window.values = samples.values;
      window.series = samples;
      if (each(samples.nameless, window)) return;
    }
  };
}

/** @param inner what is evaluated at each step. @param intervalMs step where none is named, milliseconds */
export function subquery(
  { milliseconds, step: named, offset }: Extract<Range, { kind: "subquery" }>,
  inner: VectorAt,
  intervalMs = 60_000,
): Windows {
  const step = named ?? intervalMs;
  const window = emptyWindow();
  return (at, each) => {
    const end = at - offset;
    const start = end - milliseconds;
    const series = new Map<string, Series>();
    // Moments are multiples of the step, whatever the moment of the query is.
    for (let time = (Math.floor(start / step) + 1) * step; time <= end; time += step) {
      const { labels: found, values } = inner(time);
      found.forEach((labels, index) => {
        const key = keyOf(labels);
        let one = series.get(key);
        if (one === undefined) series.set(key, (one = new Series(labels)));
        one.append(time, values[index] as number);
      });
    }
    for (const { labels, times, values, length } of series.values()) {
      if (each(nameless(labels), Object.assign(window, { times, values, from: 0, to: length, start, end })))
        return;
    }
  };
}
