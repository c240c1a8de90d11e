/**
 * A trace: how many requests came, in even steps. Read from a CSV of two columns, `timestamp,requests`, or made of rows that
 * were asked from Prometheus. What is not a trace is refused with the line and what to do about it.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { describeSystemError, UserError } from "../../cli/user-error";

/** Load in even steps, without holes. */
export interface Trace {
  /** Where it came from, for messages and reports. */
  readonly name: string;
  /** Beginning of the first step, seconds since 1970 UTC. */
  readonly startSeconds: number;
  readonly stepSeconds: number;
  /** Requests of each step. A number that fills a gap lies on the line between its neighbours. */
  readonly requests: Float64Array;
  /** Steps that nobody recorded, in order. */
  readonly gaps: readonly Gap[];
}

/** Steps without a record. */
export interface Gap {
  /** Index of the first step that is missing. */
  readonly from: number;
  /** How many steps are missing. */
  readonly steps: number;
}

/** One row: a moment and the requests of the step that begins there. */
export interface TraceRow {
  /** Seconds since 1970 UTC. */
  readonly seconds: number;
  /** Undefined when the row says that nothing was recorded. */
  readonly requests: number | undefined;
  /** How a message calls the row: `line 12`. */
  readonly where: string;
}

/** Longest gap that a straight line may fill. Over more than an hour nobody knows what the load was. */
export const LONGEST_GAP_SECONDS = 3600;
/** Largest share of steps that may be filled. */
export const MOST_MISSING = 0.05;
/** Steps finer than a second or coarser than an hour tell an autoscaler nothing. */
export const FINEST_STEP_SECONDS = 1;
export const COARSEST_STEP_SECONDS = 3600;
/** Four years of minutes: a limit of memory, not of use. */
export const MOST_STEPS = 2_200_000;
/** No service of one stack answers more; such a figure is a unit or a counter taken wrongly. */
export const MOST_REQUESTS_PER_SECOND = 1e8;
/** Rows that may be of a trace at all. */
const LEAST_ROWS = 10;

/** What the figures of a trace count, as its first line says it. */
export type Counted = "requests" | "messages";

/**
 * @param path a CSV file whose first line is `timestamp,requests`, or `timestamp,messages` for what comes into a queue
 * @throws UserError that names the file, the line and what to do
 */
export function readTrace(path: string, counted: Counted = "requests"): Trace {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new UserError(`there is no file ${path}`, "name a CSV file: TRACE=load.csv");
    if (code === "EISDIR")
      throw new UserError(`${path} is a folder`, "name one CSV file of it: TRACE=load.csv");
    throw describeSystemError(error) ?? error;
  }
  return parseTrace(text, basename(path), counted);
}

/**
 * A timestamp is ISO 8601 with `Z` or an offset, or seconds since 1970. An empty figure means that nothing was recorded.
 *
 * @param name of the trace in messages
 * @throws UserError that names the line and what to do
 */
export function parseTrace(text: string, name: string, counted: Counted = "requests"): Trace {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const [first = ""] = lines;
  const header = `timestamp,${counted}`;
  if (first.trim().toLowerCase().replace(/\s/g, "") !== header) {
    throw new UserError(
      `${name}, line 1: got "${first.slice(0, 60)}"; allowed is "${header}"`,
      "name the two columns in the first line, and leave others out",
    );
  }
  const rows: TraceRow[] = [];
  for (let index = 1; index < lines.length; index++) {
    const line = (lines[index] ?? "").trim();
    if (line !== "") rows.push(rowOf(line, name, index + 1));
  }
  return traceOf(rows, name);
}

function rowOf(line: string, name: string, number: number): TraceRow {
  const where = `line ${number}`;
  const [time = "", figure, ...more] = line.split(",");
  if (figure === undefined || more.length > 0) {
    throw new UserError(
      `${name}, ${where}: got "${line.slice(0, 60)}"; allowed is a timestamp, a comma and a number`,
      "write a number with a point and without separators of thousands",
    );
  }
  const blank = figure.trim();
  return {
    seconds: secondsOf(time.trim(), name, where),
    requests: blank === "" ? undefined : Number(blank),
    where,
  };
}

function secondsOf(text: string, name: string, where: string): number {
  if (/^\d{1,11}(\.\d+)?$/.test(text)) return Number(text);
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text)) {
    const milliseconds = Date.parse(text.replace(" ", "T"));
    if (!Number.isNaN(milliseconds)) return milliseconds / 1000;
  }
  throw new UserError(
    `${name}, ${where}: got the timestamp "${text.slice(0, 40)}"; allowed is 2026-03-01T08:00:00Z or seconds since 1970`,
    "write UTC with a Z, or the offset: without one an hour of the day is unknown",
  );
}

/**
 * A trace of rows in order of time.
 *
 * @param rows each begins a whole number of steps after the first; the step is the most frequent distance of two rows
 * @param name of the trace in messages
 * @throws UserError when the rows are no trace: too few, out of order, uneven, negative, absurd, with long gaps
 */
export function traceOf(rows: readonly TraceRow[], name: string): Trace {
  const [first] = rows;
  if (first === undefined || rows.length < LEAST_ROWS) {
    throw new UserError(
      `${name} has ${rows.length} rows; a trace has at least ${LEAST_ROWS}`,
      "record more: two weeks of minutes show a week's season",
    );
  }
  const stepSeconds = stepOf(rows, name);
  const last = rows[rows.length - 1] ?? first;
  const count = Math.round((last.seconds - first.seconds) / stepSeconds) + 1;
  if (count > MOST_STEPS) {
    throw new UserError(
      `${name} spans ${count} steps of ${stepSeconds} s; at most ${MOST_STEPS} are read`,
      "cut the trace, or use a coarser step",
    );
  }
  const requests = new Float64Array(count).fill(NaN);
  for (const row of rows) {
    const index = (row.seconds - first.seconds) / stepSeconds;
    const slot = Math.round(index);
    if (Math.abs(index - slot) > 0.01) {
      throw new UserError(
        `${name}, ${row.where}: ${row.seconds - first.seconds} s after the first row, which is no whole number of steps of ${stepSeconds} s`,
        "write one row for each step, all steps of one length",
      );
    }
    if (row.requests !== undefined) requests[slot] = checked(row.requests, row.where, stepSeconds, name);
  }
  refuseCounter(requests, name);
  return {
    name,
    startSeconds: first.seconds,
    stepSeconds,
    requests,
    gaps: fillGaps(requests, stepSeconds, name),
  };
}

/** The most frequent distance of two rows; the smallest of those that are as frequent. */
function stepOf(rows: readonly TraceRow[], name: string): number {
  const counts = new Map<number, number>();
  let before: TraceRow | undefined;
  for (const row of rows) {
    if (before !== undefined) {
      const distance = row.seconds - before.seconds;
      if (distance <= 0) {
        throw new UserError(
          `${name}, ${row.where}: ${distance === 0 ? "the same moment as" : "earlier than"} the row before it (${before.where})`,
          "sort the rows by time, and add up rows of one moment; UTC has no hour that comes twice",
        );
      }
      counts.set(distance, (counts.get(distance) ?? 0) + 1);
    }
    before = row;
  }
  const [[step = 0] = []] = [...counts].sort(([a, many], [b, often]) => often - many || a - b);
  if (step >= FINEST_STEP_SECONDS && step <= COARSEST_STEP_SECONDS) return step;
  throw new UserError(
    `${name} has steps of ${step} s; allowed are ${FINEST_STEP_SECONDS} to ${COARSEST_STEP_SECONDS} s`,
    "record one row a minute",
  );
}

function checked(requests: number, where: string, stepSeconds: number, name: string): number {
  if (Number.isFinite(requests) && requests >= 0 && requests <= MOST_REQUESTS_PER_SECOND * stepSeconds) {
    return requests;
  }
  throw new UserError(
    `${name}, ${where}: got ${requests} requests; allowed is a number from 0 to ${MOST_REQUESTS_PER_SECOND * stepSeconds}`,
    "leave the figure empty where nothing was recorded; a rate has to be multiplied by the step",
  );
}

/** Requests of a step fall now and then; a counter never does. */
function refuseCounter(requests: Float64Array, name: string): void {
  let rises = 0;
  let before = NaN;
  for (const value of requests) {
    if (value < before) return;
    if (value > before) rises++;
    if (!Number.isNaN(value)) before = value;
  }
  if (rises < 0.5 * requests.length) return;
  throw new UserError(
    `${name} never falls: these are counts since the start of a process`,
    "record the requests of each step: increase(http_requests_total[1m])",
  );
}

/** Fills what is missing with straight lines, in place. */
function fillGaps(requests: Float64Array, stepSeconds: number, name: string): Gap[] {
  const gaps: Gap[] = [];
  let missing = 0;
  for (let from = 0; from < requests.length; from++) {
    if (!Number.isNaN(requests[from])) continue;
    let to = from;
    while (to < requests.length && Number.isNaN(requests[to])) to++;
    const steps = to - from;
    if (from === 0 || to === requests.length) {
      throw new UserError(
        `${name} ${from === 0 ? "begins" : "ends"} with ${steps} steps without a figure`,
        "cut them off",
      );
    }
    if (steps * stepSeconds > LONGEST_GAP_SECONDS) {
      throw new UserError(
        `${name} has no figures for ${steps} steps of ${stepSeconds} s after step ${from}; at most ${LONGEST_GAP_SECONDS} s can be filled`,
        "cut the trace there: what is missing is not zero, and nobody knows what it was",
      );
    }
    const left = requests[from - 1] ?? 0;
    const right = requests[to] ?? 0;
    for (let i = from; i < to; i++) requests[i] = left + ((right - left) * (i - from + 1)) / (steps + 1);
    gaps.push({ from, steps });
    missing += steps;
    from = to;
  }
  if (missing <= MOST_MISSING * requests.length) return gaps;
  throw new UserError(
    `${name} lacks ${missing} of ${requests.length} steps; at most ${MOST_MISSING * 100} % can be filled`,
    "record again, or check that the step of the file is the one you meant",
  );
}

/**
 * The same load in steps of another length. Coarser steps add up; finer steps lie on the lines between the middles of the
 * given ones, so that a trace of half hours has no jumps every thirty minutes that the service never saw.
 *
 * @throws RangeError when neither step is a multiple of the other
 */
export function resample(trace: Trace, stepSeconds: number): Trace {
  const { requests, name, startSeconds } = trace;
  const ratio = trace.stepSeconds / stepSeconds;
  if (ratio === 1) return trace;
  const whole = ratio > 1 ? ratio : 1 / ratio;
  if (Math.abs(whole - Math.round(whole)) > 1e-9) {
    throw new RangeError(`steps of ${trace.stepSeconds} s cannot become steps of ${stepSeconds} s`);
  }
  const factor = Math.round(whole);
  const gaps: Gap[] = [];
  if (ratio < 1) {
    const sums = new Float64Array(Math.floor(requests.length / factor));
    for (let i = 0; i < sums.length * factor; i++) {
      sums[Math.floor(i / factor)] = (sums[Math.floor(i / factor)] ?? 0) + (requests[i] ?? 0);
    }
    return { name, startSeconds, stepSeconds, requests: sums, gaps };
  }
  const fine = new Float64Array(requests.length * factor);
  for (let i = 0; i < fine.length; i++) {
    const at = Math.min(Math.max((i + 0.5) / factor - 0.5, 0), requests.length - 1);
    const left = Math.floor(at);
    const here = requests[left] ?? 0;
    const next = requests[Math.min(left + 1, requests.length - 1)] ?? here;
    fine[i] = (here + (next - here) * (at - left)) / factor;
  }
  for (const { from, steps } of trace.gaps) gaps.push({ from: from * factor, steps: steps * factor });
  return { name, startSeconds, stepSeconds, requests: fine, gaps };
}
