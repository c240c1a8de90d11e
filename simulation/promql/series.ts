/** Series of samples, as a Prometheus keeps them. Times are milliseconds since 1970. */
import type { Matcher, Selector } from "./expression";

export type Labels = Readonly<Record<string, string>>;

/** What is known of a series at a moment. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * What stands for "from here on there is none" (a staleness marker). Prometheus has a NaN of its own for it, which
 * JavaScript may not tell from others.
 */
export const STALE = -Number.MAX_VALUE;

export class Series {
  length = 0;
  times = new Float64Array(64);
  values = new Float64Array(64);
  /** Markers among the samples. */
  markers = 0;

  constructor(readonly labels: Labels) {}

  /** @param time not before the last one; a second sample of the same time is dropped, as Prometheus does */
  append(time: number, value: number): void {
    const { length } = this;
    if (length > 0 && time <= (this.times[length - 1] ?? 0)) return;
    if (length === this.times.length) {
      const [times, values] = [new Float64Array(2 * length), new Float64Array(2 * length)];
      times.set(this.times);
      values.set(this.values);
      this.times = times;
      this.values = values;
    }
    this.times[length] = time;
    this.values[length] = value;
    if (value === STALE) this.markers++;
    this.length++;
  }

  /** Index of the first sample later than a time. */
  after(time: number): number {
    const { times, length } = this;
    if (length === 0 || time < (times[0] ?? 0)) return 0;
    const last = times[length - 1] ?? 0;
    if (time >= last) return length;
    // Samples are mostly evenly apart: the first guess is near.
    let low = 0;
    let high = length - 1;
    const first = times[0] ?? 0;
    const guess = Math.floor(((time - first) / (last - first)) * (length - 1));
    if ((times[guess] ?? 0) <= time) low = guess;
    else high = guess;
    if (low === guess && (times[guess + 1] ?? 0) > time) return guess + 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) <= time) low = middle;
      else high = middle;
    }
    return high;
  }
}

export class SeriesStore {
  private readonly byName = new Map<string, Series[]>();
  private readonly byKey = new Map<string, Series>();
  /** Grows with each new series: what was selected before may be incomplete. */
  version = 0;

  /** The series of these labels, made when there is none. */
  series(name: string, labels: Labels): Series {
    const key = `${name}|${keyOf(labels)}`;
    let found = this.byKey.get(key);
    if (found === undefined) {
      found = new Series({ ...labels, __name__: name });
      this.byKey.set(key, found);
      const named = this.byName.get(name);
      if (named === undefined) this.byName.set(name, [found]);
      else named.push(found);
      this.version++;
    }
    return found;
  }

  /** Forgets a series for good. */
  drop(series: Series): void {
    const { __name__: name = "", ...labels } = series.labels;
    this.byKey.delete(`${name}|${keyOf(labels)}`);
    this.byName.set(
      name,
      (this.byName.get(name) ?? []).filter((one) => one !== series),
    );
    this.version++;
  }

  select({ name, matchers }: Selector): readonly Series[] {
    const all = name === undefined ? [...this.byName.values()].flat() : (this.byName.get(name) ?? []);
    const tests = matchers.map(testOf);
    return all.filter(({ labels }) => tests.every((fits) => fits(labels)));
  }
}

/** One text for one set of labels. */
export function keyOf(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${labels[name] ?? ""}`)
    .join("\u0000");
}

function testOf({ label, op, value }: Matcher): (labels: Labels) => boolean {
  if (op === "=") return (labels) => (labels[label] ?? "") === value;
  if (op === "!=") return (labels) => (labels[label] ?? "") !== value;
  const pattern = new RegExp(`^(?:${value})$`, "s");
  return (labels) => pattern.test(labels[label] ?? "") === (op === "=~");
}
