/**
 * Series of samples, as a Prometheus keeps them. Times are milliseconds since 1970.
 *
 * Here and wherever samples are read by the million it is `as number` after an index that is within: `?? 0` would put each
 * number into an object of its own.
 */
import type { Matcher, Selector } from "./expression";
import { keyOf, nameless, type Labels } from "./label-sets";

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

/** Samples of which the sum is made once, when all of them are there. */
const BLOCK = 64;

const NONE = new Float64Array(0);

export class Series {
  length = 0;
  /** The samples without markers, once there is one. */
  private unmarked: Series | undefined;
  /** Sums of whole blocks of samples, as far as somebody asked for them. */
  private blocks = NONE;
  private summed = 0;

  /** Without the name of the metric. */
  readonly nameless: Labels;

  /** @param kept how old the samples are that somebody may still ask for, milliseconds */
  constructor(
    readonly labels: Labels,
    private readonly kept = Infinity,
    public times = new Float64Array(BLOCK),
    public values = new Float64Array(BLOCK),
  ) {
    this.nameless = nameless(labels);
  }

  /** @param time not before the last one; a second sample of the same time is dropped, as Prometheus does */
  append(time: number, value: number): void {
    if (this.length > 0 && time <= (this.times[this.length - 1] as number)) return;
    if (this.length === this.times.length) this.makeRoom(time);
    this.times[this.length] = time;
    this.values[this.length] = value;
    if (value === STALE) this.unmarked ??= this.copied();
    else this.unmarked?.append(time, value);
    this.length++;
  }

  /** Drops whole blocks that are older than any query reaches; grows if there are none. */
  private makeRoom(time: number): void {
    const { times, values, length } = this;
    let blocks = 0;
    while ((blocks + 1) * BLOCK <= length && (times[(blocks + 1) * BLOCK - 1] as number) < time - this.kept) {
      blocks++;
    }
    // Moving samples pays when most of them go.
    if (2 * blocks * BLOCK > length) {
      times.copyWithin(0, blocks * BLOCK);
      values.copyWithin(0, blocks * BLOCK);
      this.length -= blocks * BLOCK;
      this.blocks.copyWithin(0, blocks);
      this.summed = Math.max(0, this.summed - blocks);
      return;
    }
    this.times = new Float64Array(2 * length);
    this.values = new Float64Array(2 * length);
    this.times.set(times);
    this.values.set(values);
  }

  /** What windows are taken of: the samples without markers. */
  get samples(): Series {
    return this.unmarked ?? this;
  }

  private copied(): Series {
    const copy = new Series(this.labels, this.kept, this.times.slice(), this.values.slice());
    copy.length = this.length;
    return copy;
  }

  /**
   * Sum of a window: blocks, and what is left at both ends. A week of minutes takes some 200 additions
   * instead of 10,080, nothing is ever subtracted, and the sum of what is not negative stays so.
   *
   * @param from first index. @param to before which one it ends
   */
  sum(from: number, to: number): number {
    const [first, end] = [Math.ceil(from / BLOCK), Math.floor(to / BLOCK)];
    if (first >= end) return total(this.values, from, to);
    this.sumBlocks(end);
    const inBlocks = total(this.blocks, first, end);
    return total(this.values, from, first * BLOCK) + inBlocks + total(this.values, end * BLOCK, to);
  }

  private sumBlocks(end: number): void {
    if (this.blocks.length < end) {
      const blocks = new Float64Array(2 * end);
      blocks.set(this.blocks);
      this.blocks = blocks;
    }
    for (; this.summed < end; this.summed++) {
      this.blocks[this.summed] = total(this.values, this.summed * BLOCK, (this.summed + 1) * BLOCK);
    }
  }

  /** Index of the first sample later than a time. */
  after(time: number): number {
    const { times, length } = this;
    if (length === 0 || time < (times[0] as number)) return 0;
    const last = times[length - 1] as number;
    if (time >= last) return length;
    // Samples are mostly evenly apart: the first guess is right, or next to it for what a division rounds away.
    const first = times[0] as number;
    const guess = Math.floor(((time - first) / (last - first)) * (length - 1));
    let [low, high] = [0, length - 1];
    if ((times[guess] as number) > time) high = guess;
    else if ((times[guess + 1] as number) > time) return guess + 1;
    else if ((times[guess + 2] ?? 0) > time) return guess + 2;
    else low = guess;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((times[middle] as number) <= time) low = middle;
      else high = middle;
    }
    return high;
  }
}

/** A place in a series that is asked for at one moment after the other: mostly that of the last time, or the next one. */
export class Cursor {
  private index = 0;

  constructor(readonly series: Series) {}

  /** Index of the first sample later than a time. */
  after(time: number): number {
    const { times, length } = this.series;
    let { index } = this;
    if (index < length && (times[index] as number) <= time) index++;
    // Not beyond samples that are forgotten.
    const isFound =
      index <= length &&
      (index === length || (times[index] as number) > time) &&
      (index === 0 || (times[index - 1] as number) <= time);
    return (this.index = isFound ? index : this.series.after(time));
  }
}

/** Sum of the values from one index to before another. */
export function total(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index++) sum += values[index] as number;
  return sum;
}

/** All series of one metric. */
interface Named {
  series: readonly Series[];
  /** Grows with each new series and each that is dropped: what was selected before does not fit any more. */
  version: number;
}

export class SeriesStore {
  private readonly byName = new Map<string, Named>();
  private readonly byKey = new Map<string, Series>();
  /** That of all metrics together. */
  private version = 0;

  /** @param keptOf for how long the samples of a metric are asked for, milliseconds. @default for ever */
  constructor(private readonly keptOf: (name: string) => number = () => Infinity) {}

  /** The series of these labels, made when there is none. */
  series(name: string, labels: Labels): Series {
    const key = `${name}|${keyOf(labels)}`;
    let found = this.byKey.get(key);
    if (found === undefined) {
      found = new Series({ ...labels, __name__: name }, this.keptOf(name));
      this.byKey.set(key, found);
      const named = this.named(name);
      this.change(named, [...named.series, found]);
    }
    return found;
  }

  /** Forgets a series for good. */
  drop(series: Series): void {
    const { __name__: name = "", ...labels } = series.labels;
    this.byKey.delete(`${name}|${keyOf(labels)}`);
    const named = this.named(name);
    this.change(
      named,
      named.series.filter((one) => one !== series),
    );
  }

  /**
   * What a selector finds, looked up again only when there are other series than before.
   *
   * @param of what is made of each series that is new
   */
  selection<T>({ name, matchers }: Selector, of: (series: Series) => T): () => readonly T[] {
    const tests = matchers.map(testOf);
    const named = name === undefined ? undefined : this.named(name);
    let version = -1;
    let found = new Map<Series, T>();
    let made: readonly T[] = [];
    return () => {
      const current = named?.version ?? this.version;
      if (version === current) return made;
      version = current;
      const before = found;
      const all = named?.series ?? [...this.byName.values()].flatMap(({ series }) => series);
      const fitting = all.filter(({ labels }) => tests.every((test) => test(labels)));
      found = new Map(fitting.map((series) => [series, before.get(series) ?? of(series)]));
      made = [...found.values()];
      return made;
    };
  }

  private named(name: string): Named {
    let named = this.byName.get(name);
    if (named === undefined) this.byName.set(name, (named = { series: [], version: 0 }));
    return named;
  }

  private change(named: Named, series: readonly Series[]): void {
    named.series = series;
    named.version++;
    this.version++;
  }
}

function testOf({ label, op, value }: Matcher): (labels: Labels) => boolean {
  if (op === "=") return (labels) => (labels[label] ?? "") === value;
  if (op === "!=") return (labels) => (labels[label] ?? "") !== value;
  const pattern = new RegExp(`^(?:${value})$`, "s");
  return (labels) => pattern.test(labels[label] ?? "") === (op === "=~");
}
