/** When the promise was broken. */
import type { Recording, Seconds } from "./recording";

/**
 * Over what a second is judged, up to and including it: at least so many seconds and so many requests, for a percentile of
 * fewer says little, but no longer than the recording rules look back. Of n requests the share that is slow has a standard
 * error of sqrt(p * (1 - p) / n): of 1,000 and a p99, 0.3 percent points.
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
  const totals = sums(recording);
  for (let second = from; second < seconds; second++) {
    if (excused.some((time) => second >= time.from && second < time.to)) continue;
    // What is excused is in no window.
    const earliest = Math.max(from, ...excused.filter(({ to }) => to <= second).map(({ to }) => to));
    if (second + 1 - earliest < WINDOW.seconds) continue;
    const since = (start: number): Seconds => between(totals, start, second + 1);
    const start = windowStart(since, earliest, second, WINDOW.seconds);
    const window = since(start);
    const longest = since(Math.max(earliest, second + 1 - WINDOW.most));
    const errorWindow = since(windowStart(since, earliest, second, ERROR_SECONDS));
    const p95 = isBroken(window, longest, (part) => [part.slower95, part.answered], 0.05);
    const p99 = isBroken(window, longest, (part) => [part.slower99, part.answered], 0.01);
    const errors = isBroken(
      errorWindow,
      longest,
      (part) => [part.errors, part.answered + part.errors],
      promised.errors,
    );
    if (p95) broken.p95++;
    if (p99) broken.p99++;
    if (errors) broken.errors++;
    if (p95 || p99 || errors) broken.any++;
    if (p95) worstP95 = Math.max(worstP95, recording.quantile(0.95, start, second + 1));
  }
  const total = between(totals, from, seconds);
  return {
    outOfBudget: broken.any,
    p95: broken.p95,
    p99: broken.p99,
    errors: broken.errors,
    errorRatio: total.errors / Math.max(1, total.answered + total.errors),
    worstP95,
  };
}

/**
 * A share is above the promised one by more than chance: over the window, or over the longest and above it in the window as
 * well. A burst shows in the first; a little too much for long only in the second, of which chance explains less.
 */
function isBroken(
  window: Seconds,
  longest: Seconds,
  countOf: (part: Seconds) => readonly [count: number, of: number],
  share: number,
): boolean {
  const [count, of] = countOf(window);
  const [all, ofAll] = countOf(longest);
  return isBeyond(count, of, share) || (count > of * share && isBeyond(all, ofAll, share));
}

/** First second of the window that ends with a second. */
function windowStart(
  since: (start: number) => Seconds,
  earliest: number,
  second: number,
  atLeast: number,
): number {
  let start = Math.max(earliest, second + 1 - atLeast);
  const first = Math.max(earliest, second + 1 - WINDOW.most);
  for (; start > first; start--) {
    const { answered, errors } = since(start);
    if (answered + errors >= WINDOW.requests) break;
  }
  return start;
}

function isBeyond(count: number, of: number, share: number): boolean {
  return count > of * share + BEYOND_CHANCE * Math.sqrt(of * share * (1 - share));
}

/** What happened before each second, and in the end. */
function sums(recording: Recording): Seconds[] {
  let before: Seconds = { answered: 0, errors: 0, slower95: 0, slower99: 0 };
  const all = [before];
  for (let second = 0; second < recording.seconds; second++) {
    before = combined(before, recording.over(second, second + 1), 1);
    all.push(before);
  }
  return all;
}

function between(totals: readonly Seconds[], from: number, to: number): Seconds {
  const [start, end] = [totals[from], totals[to]];
  if (start === undefined || end === undefined)
    throw new RangeError(`nothing was recorded from ${from} to ${to}`);
  return combined(end, start, -1);
}

function combined(a: Seconds, b: Seconds, sign: 1 | -1): Seconds {
  return {
    answered: a.answered + sign * b.answered,
    errors: a.errors + sign * b.errors,
    slower95: a.slower95 + sign * b.slower95,
    slower99: a.slower99 + sign * b.slower99,
  };
}
