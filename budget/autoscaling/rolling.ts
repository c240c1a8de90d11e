/**
 * Windows that move on with a series of even steps: what Prometheus's `_over_time` functions do, one step after the other. A step
 * without a sample is NaN; it counts for nothing, and a window without any sample has no value.
 */

/** The last steps of a series. */
export class History {
  private readonly values: Float64Array;
  private readonly mask: number;
  private next = 0;

  /** @param steps how many are kept at least; before the first there is none with a sample */
  constructor(steps: number) {
    const length = 2 ** Math.ceil(Math.log2(Math.max(1, steps)));
    this.values = new Float64Array(length).fill(NaN);
    this.mask = length - 1;
  }

  push(value: number): void {
    this.values[this.next++ & this.mask] = value;
  }

  /** @param steps before the newest one; 0 is that one */
  ago(steps: number): number {
    return this.values[(this.next - 1 - steps) & this.mask] as number;
  }

  /** The largest of so many steps. @param back so many steps before the newest one the window ends */
  max(steps: number, back = 0): number {
    const { values, mask } = this;
    const end = this.next - back;
    let found = NaN;
    for (let step = end - steps; step < end; step++) {
      const value = values[step & mask] as number;
      // Any number is more than none.
      if (value > found || found !== found) found = value;
    }
    return found;
  }

  /** The mean of the last steps, where so many of them have a sample at least. Summed from the oldest on. */
  mean(steps: number, least = 1): number {
    const { values, mask, next } = this;
    let [sum, count] = [0, 0];
    for (let step = next - steps; step < next; step++) {
      const value = values[step & mask] as number;
      if (value !== value) continue;
      sum += value;
      count++;
    }
    return count >= least ? sum / count : NaN;
  }
}

/**
 * The sum of a long window in two additions a step. Nothing is ever subtracted, so that what is large leaves no residue when it
 * goes: the window is the end of one lap of the ring and the beginning of the next, and the sums of all ends of a lap are made
 * once, when it is full.
 */
export class RollingSum {
  /** Steps with a sample. */
  count = 0;
  /** The lap that fills up; what is not yet overwritten is the one before. */
  private readonly values: Float64Array;
  /** For each place the sum from there to the end of the lap before. */
  private readonly ends: Float64Array;
  private place = 0;
  private begun = 0;

  /** @param steps of the window, whole number >= 1 */
  constructor(private readonly steps: number) {
    this.values = new Float64Array(steps).fill(NaN);
    this.ends = new Float64Array(steps + 1);
  }

  push(value: number): void {
    const { values } = this;
    const gone = values[this.place] as number;
    if (gone === gone) this.count--;
    values[this.place++] = value;
    if (value === value) {
      this.begun += value;
      this.count++;
    }
    if (this.place === this.steps) this.turn();
  }

  /** NaN where no step has a sample. */
  get sum(): number {
    return this.count > 0 ? this.begun + (this.ends[this.place] as number) : NaN;
  }

  private turn(): void {
    const { values, ends } = this;
    let sum = 0;
    for (let place = this.steps - 1; place >= 0; place--) {
      const value = values[place] as number;
      if (value === value) sum += value;
      ends[place] = sum;
    }
    this.place = 0;
    this.begun = 0;
  }
}

/** Values in their order, a few of them. */
export class Sorted {
  count = 0;
  private readonly values: Float64Array;

  constructor(most: number) {
    this.values = new Float64Array(most);
  }

  clear(): void {
    this.count = 0;
  }

  add(value: number): void {
    const { values } = this;
    let place = this.count++;
    for (; place > 0 && (values[place - 1] as number) > value; place--)
      values[place] = values[place - 1] as number;
    values[place] = value;
  }

  /** As `quantile()` of PromQL has it: on a line between the two nearest. NaN of nothing. */
  quantile(share: number): number {
    if (this.count === 0) return NaN;
    const rank = share * (this.count - 1);
    const low = Math.floor(rank);
    const high = Math.min(low + 1, this.count - 1);
    const weight = rank - low;
    return (this.values[low] as number) * (1 - weight) + (this.values[high] as number) * weight;
  }
}
