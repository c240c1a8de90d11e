/** What clients saw, second by second: response times, errors, and how many pods there were. */

/** Response times are counted in classes, each 2 % wider than the one before; from 0.1 ms to a minute. */
const SMALLEST = 0.0001;
const GROWTH = Math.log(1.02);
const CLASSES = Math.ceil(Math.log(60 / SMALLEST) / GROWTH) + 1;

/** What is promised, of which a recording counts how often it was not so. */
export interface Promised {
  /** Seconds. */
  readonly p95: number;
  readonly p99: number;
  /** Share of requests, 0..1. */
  readonly errors: number;
}

/** One second, or several together. */
export interface Seconds {
  readonly answered: number;
  readonly errors: number;
  /** Answers slower than the promised p95 and p99. */
  readonly slower95: number;
  readonly slower99: number;
}

export class Recording {
  /** Answers of each second, by class of response time. */
  private readonly classes: Uint32Array;
  private readonly answeredOf: Uint32Array;
  private readonly errorsOf: Uint32Array;
  private readonly slower95: Uint32Array;
  private readonly slower99: Uint32Array;
  /** Pods that are there and take requests, at the end of each second. */
  readonly ready: Uint16Array;
  /** Replicas that the autoscaler asked for, at the end of each second. */
  readonly replicas: Uint16Array;
  /** Mean response time of everything that was answered, seconds, for checks against Little's law. */
  private sum = 0;
  private count = 0;

  /** @param seconds whole number >= 1 */
  constructor(
    readonly seconds: number,
    readonly promised: Promised,
  ) {
    this.classes = new Uint32Array(seconds * CLASSES);
    this.answeredOf = new Uint32Array(seconds);
    this.errorsOf = new Uint32Array(seconds);
    this.slower95 = new Uint32Array(seconds);
    this.slower99 = new Uint32Array(seconds);
    this.ready = new Uint16Array(seconds);
    this.replicas = new Uint16Array(seconds);
  }

  answered(now: number, responseTime: number): void {
    const second = Math.floor(now);
    if (second >= this.seconds) return;
    const place = Math.ceil(Math.log(Math.max(responseTime, SMALLEST) / SMALLEST) / GROWTH);
    add(this.classes, second * CLASSES + Math.min(CLASSES - 1, place));
    add(this.answeredOf, second);
    if (responseTime > this.promised.p95) add(this.slower95, second);
    if (responseTime > this.promised.p99) add(this.slower99, second);
    this.sum += responseTime;
    this.count++;
  }

  failed(now: number): void {
    if (now < this.seconds) add(this.errorsOf, Math.floor(now));
  }

  get meanResponseTime(): number {
    return this.sum / this.count;
  }

  /** What happened in `from <= second < to`. */
  over(from: number, to: number): Seconds {
    let [answered, errors, slower95, slower99] = [0, 0, 0, 0];
    for (let second = Math.max(0, from); second < Math.min(to, this.seconds); second++) {
      answered += this.answeredOf[second] ?? 0;
      errors += this.errorsOf[second] ?? 0;
      slower95 += this.slower95[second] ?? 0;
      slower99 += this.slower99[second] ?? 0;
    }
    return { answered, errors, slower95, slower99 };
  }

  /** A quantile of the response times in `from <= second < to`, seconds, within 2 %; NaN when nothing was answered. */
  quantile(share: number, from = 0, to = this.seconds): number {
    const { answered } = this.over(from, to);
    let left = share * answered;
    for (let place = 0; place < CLASSES; place++) {
      for (let second = Math.max(0, from); second < Math.min(to, this.seconds); second++) {
        left -= this.classes[second * CLASSES + place] ?? 0;
      }
      // The middle of the class.
      if (left <= 0 && answered > 0) return SMALLEST * Math.exp((place - 0.5) * GROWTH);
    }
    return NaN;
  }
}

function add(counts: Uint32Array, place: number): void {
  counts[place] = (counts[place] ?? 0) + 1;
}
