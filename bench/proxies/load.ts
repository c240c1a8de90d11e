/** Two kinds of load: as much as goes through (wrk), and a rate that is held (hey). Both beside the service, away from the proxy. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { CORES } from "./proxy-process";

const run = promisify(execFile);

/** What a load measured. Times in milliseconds. */
export interface Load {
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

/** As many requests as go through. */
export async function saturate(
  url: string,
  seconds: number,
  connections: number,
  folder: string,
): Promise<Load> {
  const script = join(folder, "report.lua");
  writeFileSync(script, REPORT);
  const { stdout } = await pinned("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url]);
  const line = stdout.trim().split("\n").at(-1) ?? "";
  const { requests, microseconds, p50, p95, p99, failed } = JSON.parse(line) as Record<
    "requests" | "microseconds" | "p50" | "p95" | "p99" | "failed",
    number
  >;
  return {
    requestsPerSecond: requests / (microseconds / 1e6),
    p50: p50 / 1000,
    p95: p95 / 1000,
    p99: p99 / 1000,
    failed,
  };
}

/** A rate that is held, far below what goes through. */
export async function hold(url: string, seconds: number, connections: number, rps: number): Promise<Load> {
  const perWorker = Math.max(1, Math.round(rps / connections));
  const args = [
    "-z",
    `${seconds}s`,
    "-c",
    `${connections}`,
    "-q",
    `${perWorker}`,
    "-cpus",
    "1",
    "-o",
    "csv",
    url,
  ];
  const { stdout } = await pinned("hey", args);
  const [header = "", ...rows] = stdout.trim().split("\n");
  const names = header.split(",");
  const column = (name: string): number => names.indexOf(name);
  const [time, status] = [column("response-time"), column("status-code")];
  const cells = rows.map((row) => row.split(","));
  const times = cells.map((row) => Number(row[time]) * 1000).sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return {
    requestsPerSecond: times.length / seconds,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    failed: cells.filter((row) => row[status] !== "200").length,
  };
}

async function pinned(program: string, args: readonly string[]): Promise<{ stdout: string }> {
  return await run("taskset", ["-c", String(CORES.others), program, ...args], { maxBuffer: 256 * 2 ** 20 });
}
