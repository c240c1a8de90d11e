/** A trace of what a Prometheus recorded: its HTTP API, asked piece by piece. */
import { plural } from "../../budget/core/format";
import { UserError } from "../../cli/user-error";
import { traceOf, type Trace, type TraceRow } from "./trace";

/** Step of the rows, seconds. */
const STEP = 60;

/** Prometheus answers at most 11,000 points at once. */
const MOST_POINTS = 10_000;

/** Longer than Prometheus itself lets a query take, milliseconds. */
const TIMEOUT_MS = 150_000;

interface RangeSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface RangeAnswer {
  readonly error?: string;
  readonly data?: { readonly result: readonly RangeSeries[] };
}

/**
 * @param query of one series, requests/s
 * @throws UserError when there is no answer, none, or several series
 */
export async function prometheusTrace(
  url: string,
  query: string,
  { days, now }: { readonly days: number; readonly now: number },
): Promise<Trace> {
  const end = Math.floor(now / STEP) * STEP;
  const rows: TraceRow[] = [];
  const series = new Set<string>();
  for (let from = end - days * 86_400; from < end; from += MOST_POINTS * STEP) {
    const to = Math.min(end, from + (MOST_POINTS - 1) * STEP);
    for (const { metric, values } of await piece(url, query, from, to)) {
      // One piece may have another series than the one before: a pod that was replaced.
      series.add(JSON.stringify(Object.entries(metric).sort()));
      if (series.size > 1) {
        throw new UserError(
          "the query yields several series; a trace is one",
          "aggregate it: QUERY='sum(rate(http_requests_total[1m]))'",
        );
      }
      rows.push(...values.map(rowOf));
    }
  }
  if (rows.length === 0) {
    throw new UserError(
      `the query yields nothing in the last ${plural(days, "day")}`,
      "check QUERY and DAYS",
    );
  }
  return traceOf(rows, "prometheus");
}

async function piece(url: string, query: string, from: number, to: number): Promise<readonly RangeSeries[]> {
  const asked = new URLSearchParams({ query, start: `${from}`, end: `${to}`, step: `${STEP}` });
  let answer: RangeAnswer;
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}/api/v1/query_range?${asked.toString()}`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = (await response.json()) as RangeAnswer;
  } catch (error) {
    const { message, cause } = error as Error;
    // "fetch failed" says nothing; its cause does.
    const why = cause instanceof Error && cause.message !== "" ? cause.message : message;
    throw new UserError(`${url} does not answer as a Prometheus does: ${why}`, "check PROMETHEUS_URL");
  }
  if (answer.data === undefined)
    throw new UserError(`Prometheus refused the query: ${answer.error ?? "no reason"}`, "check QUERY");
  return answer.data.result;
}

function rowOf([seconds, value]: readonly [number, string]): TraceRow {
  const perSecond = value === "+Inf" ? Infinity : Number(value);
  return {
    seconds,
    requests: Number.isNaN(perSecond) ? undefined : perSecond * STEP,
    where: new Date(seconds * 1000).toISOString(),
  };
}
