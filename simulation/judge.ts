/** When the promise was broken. */
import type { Recording, Seconds } from "./recording";

/**
 * Over what a second is judged, up to and including it: at least so many seconds and so many requests, for a percentile of
 * fewer says little, but no longer than the recording rules look back.
 */
const WINDOW = { seconds: 30, requests: 1000, most: 300 } as const;

/** Errors come all at once when something is lost, and are judged over a minute at least. */
const ERROR_SECONDS = 60;

/**
 * Standard deviations by which a share has to be above the promised one: of few requests, some more than promised are slow
 * by chance.
 */
const BEYOND_CHANCE = 3;

/** A time for which the plan itself says that it does not promise, seconds. */
export interface Excused {
  readonly from: number;
  readonly to: number;
}

/** How a recording compares with what was promised. */
export interface Verdict {
  /** Seconds in which any promise was broken, and of each. */
  readonly outOfBudget: number;
  readonly p95: number;
  readonly p99: number;
  readonly errors: number;
  /** Share of all requests that failed, and the percentiles, from the first judged second on. */
  readonly errorRatio: number;
  readonly worstP95: number;
}

/**
 * Counts the seconds in which a promise was broken over the window before.
 *
 * @param from first second judged, whole number: what comes before is warm-up
 * @param excused is not judged, and in no window; whole seconds
 */
export function judge(recording: Recording, from: number, excused: readonly Excused[] = []): Verdict {
  const { promised, seconds } = recording;
  const broken = { any: 0, p95: 0, p99: 0, errors: 0 };
  let worstP95 = 0;
  const each = Array.from({ length: seconds }, (_, second) => recording.over(second, second + 1));
  for (let second = from; second < seconds; second++) {
    if (excused.some((time) => second >= time.from && second < time.to)) continue;
    // What is excused is in no window.
    const earliest = Math.max(from, ...excused.filter(({ to }) => to <= second).map(({ to }) => to));
    if (second + 1 - earliest < WINDOW.seconds) continue;
    const start = windowStart(each, earliest, second, WINDOW.seconds);
    const errorStart = windowStart(each, earliest, second, ERROR_SECONDS);
    const window = sum(each.slice(start, second + 1));
    const longer = sum(each.slice(errorStart, second + 1));
    const p95 = isBeyond(window.slower95, window.answered, 0.05);
    const p99 = isBeyond(window.slower99, window.answered, 0.01);
    const errors = isBeyond(longer.errors, longer.answered + longer.errors, promised.errors);
    if (p95) broken.p95++;
    if (p99) broken.p99++;
    if (errors) broken.errors++;
    if (p95 || p99 || errors) broken.any++;
    if (p95) worstP95 = Math.max(worstP95, recording.quantile(0.95, start, second + 1));
  }
  const total = sum(each.slice(from));
  return {
    outOfBudget: broken.any,
    p95: broken.p95,
    p99: broken.p99,
    errors: broken.errors,
    errorRatio: total.errors / Math.max(1, total.answered + total.errors),
    worstP95,
  };
}

/** First second of the window that ends with a second. */
function windowStart(each: readonly Seconds[], earliest: number, second: number, atLeast: number): number {
  let start = second + 1;
  let requests = 0;
  while (start > earliest && second + 1 - start < WINDOW.most) {
    if (second + 1 - start >= atLeast && requests >= WINDOW.requests) break;
    start--;
    requests += (each[start]?.answered ?? 0) + (each[start]?.errors ?? 0);
  }
  return start;
}

function isBeyond(count: number, of: number, share: number): boolean {
  return count > of * share + BEYOND_CHANCE * Math.sqrt(of * share * (1 - share));
}

function sum(parts: readonly Seconds[]): Seconds {
  let [answered, errors, slower95, slower99] = [0, 0, 0, 0];
  for (const part of parts) {
    answered += part.answered;
    errors += part.errors;
    slower95 += part.slower95;
    slower99 += part.slower99;
  }
  return { answered, errors, slower95, slower99 };
}
