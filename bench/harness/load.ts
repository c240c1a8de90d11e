/** Two kinds of load: as much as goes through (wrk), and a rate that is held (h2load). Both away from what is measured. */
import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { CORES, onCore } from "./cores";

const run = promisify(execFile);

/** What a load measured. Times in milliseconds. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Requests without an answer, or with one other than 200. */
  readonly failed: number;
}

/** Prints one line of JSON, since wrk's own report has no p95. */
const REPORT = `done = function(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"requests":%d,"microseconds":%d,"p50":%d,"p95":%d,"p99":%d,"failed":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99), failed))
end
`;

export interface Saturation {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** For files in between. */
  readonly folder: string;
  /** Lua that defines wrk's `request`. @default asks for the URL */
  readonly request?: string;
}

/** As many requests as go through. */
export async function saturate({
  url,
  seconds,
  connections,
  folder,
  request = "",
}: Saturation): Promise<Load> {
  const script = join(folder, "load.lua");
  writeFileSync(script, request + REPORT);
  const { stdout } = await pinned("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url]);
  const line = stdout.trim().split("\n").at(-1) ?? "";
  const { requests, microseconds, p50, p95, p99, failed } = JSON.parse(line) as Record<
    "requests" | "microseconds" | "p50" | "p95" | "p99" | "failed",
    number
  >;
  return {
    requests,
    requestsPerSecond: requests / (microseconds / 1e6),
    p50: p50 / 1000,
    p95: p95 / 1000,
    p99: p99 / 1000,
    failed,
  };
}

/** An answer to one request. */
export interface Answer {
  /** When it was asked, since the beginning of the load. */
  readonly atSeconds: number;
  readonly milliseconds: number;
  /** Of HTTP; less than 100 without an answer. */
  readonly status: number;
}

/** How long after its time a load may end, seconds, and how often one that does not is tried again. */
const OVERRUN_SECONDS = 15;
const TRIES = 3;

/** A rate that is held, as long as whoever answers keeps up. @returns every answer */
export async function held(
  url: string,
  seconds: number,
  connections: number,
  rps: number,
  folder: string,
): Promise<Answer[]> {
  const log = join(folder, "answers.log");
  const rate = ["--rps", (rps / connections).toFixed(3)];
  // With HTTP/1.1 there is no pipelining: a client that has no answer yet does not ask again.
  const args = ["--h1", "-c", `${connections}`, "-D", `${seconds}`, ...rate, `--log-file=${log}`, url];
  for (let tried = 1; ; tried++) {
    try {
      await pinned("h2load", args, seconds + OVERRUN_SECONDS);
      break;
    } catch (error) {
      // Asked for more than is carried, h2load may miss its own end: some of its clients go on for good.
      if ((error as { readonly killed?: boolean }).killed !== true || tried === TRIES) throw error;
      rmSync(log, { force: true });
    }
  }
  const lines = readFileSync(log, "utf8").trim().split("\n");
  rmSync(log);
  const answers = lines.map((line) => line.split("\t").map(Number));
  const first = Math.min(...answers.map(([start]) => start ?? NaN));
  return answers.map(([start = NaN, status = NaN, microseconds = NaN]) => ({
    atSeconds: (start - first) / 1e6,
    milliseconds: microseconds / 1000,
    status,
  }));
}

/** A rate that is held, far below what goes through. */
export async function hold(
  url: string,
  seconds: number,
  connections: number,
  rps: number,
  folder: string,
): Promise<Load> {
  const answers = await held(url, seconds, connections, rps, folder);
  const times = answers.map(({ milliseconds }) => milliseconds);
  return {
    requests: times.length,
    requestsPerSecond: times.length / seconds,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    p99: percentile(times, 0.99),
    failed: answers.filter(({ status }) => status !== 200).length,
  };
}

/** @param share 0..1 @returns NaN of nothing */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param longestSeconds after which it is killed. @default never */
async function pinned(
  program: string,
  args: readonly string[],
  longestSeconds = 0,
): Promise<{ stdout: string }> {
  const options = { maxBuffer: 256 * 2 ** 20, timeout: longestSeconds * 1000 };
  return await run(...onCore(CORES.others, program, args), options);
}
