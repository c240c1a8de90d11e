/**
 * Our proxies against each program's shipped configuration and against the settings of the ingress controller most
 * clusters have: one worker or thread each on a core of its own, the same service, rounds that take turns.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { spreadOf, type BenchPart, type Goal, type PartResult, type Row, type Spread } from "../part";
import { CONTENDERS, type Contender } from "./contenders";
import { hold, saturate, type Load } from "./load";
import { CORES, startProxy, type Place, type ProxyProcess } from "./proxy-process";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 6);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 3);

/** Clients at full load; each waits for its answer before it asks again. */
const CLIENTS = 64;

/** Clients at half load. */
const HELD_CLIENTS = 16;

/** Milliseconds that a proxy may add to the p95 at half load. */
const MOST_ADDED_MS = 1;

/** Answers half a kilobyte of JSON faster than any proxy passes it on, or it would be what is measured. */
const service = ({ directory, port }: Place): string => `
worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  server {
    listen 127.0.0.1:${port} backlog=4096; default_type application/json;
    location / { return 200 '${JSON.stringify({ orders: "x".repeat(500) })}'; }
  }
}`;

interface FullLoad extends Load {
  /** Of the proxy, for one request. */
  readonly cpuMicroseconds: number;
}

interface Running {
  readonly contender: Contender;
  readonly server: ProxyProcess;
  readonly full: FullLoad[];
  /** p95 through it less p95 without it, at half load, milliseconds. */
  readonly added: number[];
  failed: number;
}

const urlOf = ({ port }: ProxyProcess): string => `http://127.0.0.1:${port}/orders`;

/** Forwards and backwards in turn, so that a machine that gets slower or faster favours nobody. */
function turns(running: readonly Running[], round: number): readonly Running[] {
  return round % 2 === 0 ? running : [...running].reverse();
}

async function fullLoad(one: Running, folder: string): Promise<void> {
  const before = one.server.cpuSeconds();
  const load = await saturate(urlOf(one.server), SECONDS, CLIENTS, folder);
  const cpu = one.server.cpuSeconds() - before;
  one.full.push({ ...load, cpuMicroseconds: (cpu * 1e6) / (load.requestsPerSecond * SECONDS) });
  one.failed += load.failed;
}

async function halfLoad(one: Running, direct: Load, rps: number): Promise<void> {
  const load = await hold(urlOf(one.server), SECONDS, HELD_CLIENTS, rps);
  one.added.push(load.p95 - direct.p95);
  one.failed += load.failed;
}

function medianOf(running: Running, of: (load: FullLoad) => number): number {
  return spreadOf(running.full.map(of)).median;
}

function rowOf({ contender, full, added, failed }: Running): Row {
  const spread = (of: (load: FullLoad) => number): Spread => spreadOf(full.map(of));
  return {
    label: contender.name,
    note: failed === 0 ? contender.note : `${contender.note}; ${failed} requests failed`,
    ours: contender.ours,
    values: {
      rps: spread((load) => load.requestsPerSecond),
      p95: spread((load) => load.p95),
      p99: spread((load) => load.p99),
      cpu: spread((load) => load.cpuMicroseconds),
      added: spreadOf(added),
    },
  };
}

/** Ahead in what goes through, or in the slowest answers. */
function aheadOf(ours: Running, other: Running): Goal {
  const rps = medianOf(ours, (load) => load.requestsPerSecond);
  const otherRps = medianOf(other, (load) => load.requestsPerSecond);
  const p99 = medianOf(ours, (load) => load.p99);
  const otherP99 = medianOf(other, (load) => load.p99);
  return {
    goal: `${ours.contender.name}, ahead of ${other.contender.name} in throughput or tail`,
    measured: `${(rps / otherRps).toFixed(2)} times its requests/s, ${(p99 / otherP99).toFixed(2)} times its p99`,
    kept: ours.failed === 0 && (rps > otherRps || p99 < otherP99),
  };
}

function goalsOf(running: readonly Running[]): Goal[] {
  return running
    .filter(({ contender }) => contender.ours)
    .flatMap((ours) => {
      const added = spreadOf(ours.added).median;
      const others = running.filter(
        ({ contender }) => !contender.ours && contender.proxy === ours.contender.proxy,
      );
      return [
        ...others.map((other) => aheadOf(ours, other)),
        {
          goal: `${ours.contender.name}, adds less than ${MOST_ADDED_MS} ms to the p95 at half load`,
          measured: `${added.toFixed(2)} ms`,
          kept: ours.failed === 0 && added < MOST_ADDED_MS,
        },
      ];
    });
}

function versionOf(program: string): string {
  const [, version = "unknown"] =
    /(\d+\.\d+\.\d+)/.exec(execFileSync("sh", ["-c", `${program} 2>&1 | head -1`], { encoding: "utf8" })) ??
    [];
  return version;
}

async function run(print: (line: string) => void): Promise<PartResult> {
  const folder = await mkdtemp(join(tmpdir(), "bench-proxies-"));
  const started: ProxyProcess[] = [];
  const start = async (...args: Parameters<typeof startProxy>): Promise<ProxyProcess> => {
    const server = await startProxy(...args);
    started.push(server);
    return server;
  };
  try {
    const backend = await start("nginx", service, CORES.others);
    const running: Running[] = [];
    for (const contender of CONTENDERS) {
      const server = await start(contender.proxy, (place) => contender.configuration(place, backend.port));
      await saturate(urlOf(server), 1, CLIENTS, folder);
      running.push({ contender, server, full: [], added: [], failed: 0 });
    }
    for (let round = 0; round < ROUNDS; round++) {
      print(`  full load, round ${round + 1} of ${ROUNDS}`);
      for (const one of turns(running, round)) await fullLoad(one, folder);
    }
    // Half of what the slowest of ours carries: the same rate for all, well below every limit but the naive one's.
    const ours = running.filter(({ contender }) => contender.ours);
    const rps = Math.floor(
      Math.min(...ours.map((one) => medianOf(one, (load) => load.requestsPerSecond))) / 2,
    );
    for (let round = 0; round < ROUNDS; round++) {
      print(`  ${rps} requests/s, round ${round + 1} of ${ROUNDS}`);
      const direct = await hold(urlOf(backend), SECONDS, HELD_CLIENTS, rps);
      for (const one of turns(running, round)) await halfLoad(one, direct, rps);
    }
    return resultOf(running, rps);
  } finally {
    for (const server of started.reverse()) await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function resultOf(running: readonly Running[], rps: number): PartResult {
  return {
    name: "proxies",
    title: "Proxies",
    question: "What do the protections of our nginx and HAProxy cost beside configurations without them?",
    goals: goalsOf(running),
    tables: [
      {
        title: `Full load, ${CLIENTS} clients; added p95 at ${rps} requests/s`,
        columns: [
          { key: "rps", label: "requests/s", better: "higher" },
          { key: "p95", label: "p95, ms", decimals: 2, better: "lower" },
          { key: "p99", label: "p99, ms", decimals: 2, better: "lower" },
          { key: "cpu", label: "CPU of a request, µs", decimals: 1, better: "lower" },
          { key: "added", label: "added p95, ms", decimals: 3, better: "lower" },
        ],
        rows: running.map(rowOf),
      },
    ],
    method: [
      `${ROUNDS} rounds of ${SECONDS} s, in which every contender has its turn, forwards and backwards.`,
      "Each proxy has one worker or thread on a core of its own; the service and the load share the other core.",
      "Full load by wrk, which asks again when it has its answer; half load by hey, which holds a rate.",
      "All protections of ours are on: every request is counted against limits that this load does not reach.",
      "Added p95: through the proxy less without it, of the same round. CPU: user and system time of the proxy's processes.",
    ],
    versions: { nginx: versionOf("/usr/sbin/nginx -v"), HAProxy: versionOf("/usr/sbin/haproxy -v") },
  };
}

export const proxiesPart: BenchPart = { name: "proxies", run };
