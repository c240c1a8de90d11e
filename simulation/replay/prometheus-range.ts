/** A trace of what a Prometheus recorded: its HTTP API, asked piece by piece. */
import { UserError } from "../../cli/user-error";
import { traceOf, type Trace, type TraceRow } from "./trace";

/** Step of the rows, seconds. */
const STEP = 60;

/** Prometheus answers at most 11,000 points at once. */
const MOST_POINTS = 10_000;

interface RangeAnswer {
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly values: readonly (readonly [number, string])[] }[] };
}

/**
 * @param query of one series, requests/s
 * @throws UserError when there is no answer, or several series
 */
export async function prometheusTrace(
  url: string,
  query: string,
  { days, now }: { readonly days: number; readonly now: number },
): Promise<Trace> {
  const end = Math.floor(now / STEP) * STEP;
  const rows: TraceRow[] = [];
  for (let from = end - days * 86_400; from < end; from += MOST_POINTS * STEP) {
    const to = Math.min(end, from + (MOST_POINTS - 1) * STEP);
    rows.push(...(await piece(url, query, from, to)));
  }
  return traceOf(rows, "prometheus");
}

async function piece(url: string, query: string, from: number, to: number): Promise<TraceRow[]> {
  const asked = new URLSearchParams({ query, start: `${from}`, end: `${to}`, step: `${STEP}` });
  let answer: RangeAnswer;
  try {
    const response = await fetch(`${url.replace(/\/$/, "")}/api/v1/query_range?${asked.toString()}`);
    answer = (await response.json()) as RangeAnswer;
  } catch (error) {
    throw new UserError(
      `${url} does not answer as a Prometheus does: ${(error as Error).message}`,
      "check PROMETHEUS_URL",
    );
  }
  if (answer.data === undefined)
    throw new UserError(`Prometheus refused the query: ${answer.error ?? "no reason"}`, "check QUERY");
  const { result } = answer.data;
  if (result.length > 1) {
    throw new UserError(
      `the query yields ${result.length} series; a trace is one`,
      "aggregate it: QUERY='sum(rate(http_requests_total[1m]))'",
    );
  }
  return (result[0]?.values ?? []).map(([seconds, value]) => ({
    seconds,
    requests: Number.isNaN(Number(value)) ? undefined : Number(value) * STEP,
    where: new Date(seconds * 1000).toISOString(),
  }));
}
