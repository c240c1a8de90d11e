/**
 * Our proxies against each program's shipped configuration and against the settings of the ingress controller most
 * clusters have: one worker or thread each on a core of its own, the same service, rounds that take turns.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CORES } from "../harness/cores";
import { hold, saturate, type Load } from "../harness/load";
import {
  ratio,
  spreadOf,
  times,
  type BenchPart,
  type Goal,
  type PartResult,
  type Row,
  type Spread,
} from "../harness/part";
import { Processes } from "../harness/processes";
import { CONTENDERS, FAST_PROFILE, type Contender } from "./contenders";

import { GOOD_MS, overload, overloadTable, type Overloaded } from "./overload";
import { startProxy, type Place, type ProxyProcess } from "./proxy-process";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 10);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 2);
const OVERLOAD_ROUNDS = Number(process.env["BENCH_OVERLOAD_ROUNDS"] ?? 2);

/** Clients at full load; each waits for its answer before it asks again. */
const CLIENTS = 64;

/** Clients at half load. */
const HELD_CLIENTS = 16;

/** Milliseconds that a proxy may add to the p95 at half load. */
const MOST_ADDED_MS = 1;

/** Answers half a kilobyte of JSON faster than any proxy passes it on, or it would be what is measured. */
const fastService = ({ directory, port }: Place): string => `
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
  /** Asked for twice what the service carries. */
  readonly overloaded: Overloaded[];
  failed: number;
}

const urlOf = ({ port }: ProxyProcess): string => `http://127.0.0.1:${port}/orders`;

/** Forwards and backwards in turn, so that a machine that gets slower or faster favours nobody. */
function turns(running: readonly Running[], round: number): readonly Running[] {
  return round % 2 === 0 ? running : [...running].reverse();
}

async function fullLoad(one: Running, folder: string): Promise<void> {
  const before = one.server.cpuSeconds();
  const load = await saturate({ url: urlOf(one.server), seconds: SECONDS, connections: CLIENTS, folder });
  const cpu = one.server.cpuSeconds() - before;
  one.full.push({ ...load, cpuMicroseconds: (cpu * 1e6) / (load.requestsPerSecond * SECONDS) });
  one.failed += load.failed;
}

/** @param most requests per second; what carries less than twice as many gets half of what it carries */
async function halfLoad(one: Running, direct: Load, most: number, folder: string): Promise<void> {
  const rps = Math.min(most, Math.floor(medianOf(one, (load) => load.requestsPerSecond) / 2));
  const load = await hold(urlOf(one.server), SECONDS, HELD_CLIENTS, rps, folder);
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

/** Ahead in what goes through, or in the slowest answers: those of the proxy at full load, or when the service is overloaded. */
function aheadOf(ours: Running, other: Running): Goal {
  const rps = ratio(ours.full, other.full, (load) => load.requestsPerSecond);
  const p99 = ratio(ours.full, other.full, (load) => load.p99);
  const tail = ratio(ours.overloaded, other.overloaded, (one) => one.p99);
  return {
    goal: `${ours.contender.name}, ahead of ${other.contender.name} in throughput or tail`,
    measured: `full load: ${times(rps)} its requests/s, ${times(p99)} its p99; overload: ${times(tail)} its p99`,
    kept: ours.failed === 0 && (rps.median > 1 || p99.median < 1 || tail.median < 1),
  };
}

function goalsOf(running: readonly Running[]): Goal[] {
  return running
    .filter(({ contender }) => contender.ours)
    .flatMap((ours) => {
      const added = spreadOf(ours.added).median;
      const p99 = spreadOf(ours.overloaded.map((one) => one.p99)).median;
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
        {
          goal: `${ours.contender.name}, asked for twice what the service carries, answers within ${GOOD_MS} ms`,
          measured: `p99 ${p99.toFixed(0)} ms`,
          kept: p99 <= GOOD_MS,
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
  const processes = new Processes();
  const started: ProxyProcess[] = [];
  const start = async (...args: Parameters<typeof startProxy>): Promise<ProxyProcess> => {
    const server = await startProxy(...args);
    started.push(server);
    return server;
  };
  try {
    const backend = await start("nginx", fastService, CORES.others);
    const service = { port: backend.port, profile: FAST_PROFILE };
    const running: Running[] = [];
    for (const contender of CONTENDERS) {
      const server = await start(contender.proxy, (place) => contender.configuration(place, service));
      await saturate({ url: urlOf(server), seconds: 1, connections: CLIENTS, folder });
      running.push({ contender, server, full: [], added: [], overloaded: [], failed: 0 });
    }
    for (let round = 0; round < ROUNDS; round++) {
      print(`  full load, round ${round + 1} of ${ROUNDS}`);
      for (const one of turns(running, round)) await fullLoad(one, folder);
    }
    // Half of what the slowest of ours carries, the same for all that carry twice as many.
    const ours = running.filter(({ contender }) => contender.ours);
    const rps = Math.floor(
      Math.min(...ours.map((one) => medianOf(one, (load) => load.requestsPerSecond))) / 2,
    );
    for (let round = 0; round < ROUNDS; round++) {
      print(`  ${rps} requests/s, round ${round + 1} of ${ROUNDS}`);
      const direct = await hold(urlOf(backend), SECONDS, HELD_CLIENTS, rps, folder);
      for (const one of turns(running, round)) await halfLoad(one, direct, rps, folder);
    }
    const overloaded = await overload({
      contenders: CONTENDERS,
      processes,
      rounds: OVERLOAD_ROUNDS,
      folder,
      print,
    });
    for (const [index, one] of running.entries()) one.overloaded.push(...(overloaded[index] ?? []));
    return resultOf(running, rps);
  } finally {
    processes.stop();
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
        title: `Full load, ${CLIENTS} clients; added p95 at ${rps} requests/s, or half of what is carried where that is less`,
        columns: [
          { key: "rps", label: "requests/s", better: "higher" },
          { key: "p95", label: "p95, ms", decimals: 2, better: "lower" },
          { key: "p99", label: "p99, ms", decimals: 2, better: "lower" },
          { key: "cpu", label: "CPU of a request, µs", decimals: 1, better: "lower" },
          { key: "added", label: "added p95, ms", decimals: 3, better: "lower" },
        ],
        rows: running.map(rowOf),
      },
      overloadTable(
        CONTENDERS,
        running.map(({ overloaded }) => overloaded),
      ),
    ],
    method: [
      `${ROUNDS} rounds of ${SECONDS} s, in which every contender has its turn, forwards and backwards.`,
      "Each proxy has one worker or thread on a core of its own; the service and the load share the other core.",
      "Comparisons are made within each round: what disturbs the machine disturbs all contenders alike.",
      "Full load by wrk, which asks again when it has its answer; half load and overload by h2load, which holds a rate.",
      "All protections of ours are on: every request is counted against limits that this load does not reach.",
      "Overload: a service that works on 4 requests at a time, 40 ms each, and 320 clients that ask for twice that and wait for their answers. The first seconds, in which queues fill, do not count.",
      "Added p95: through the proxy less without it, of the same round. CPU: user and system time of the proxy's processes.",
    ],
    versions: { nginx: versionOf("/usr/sbin/nginx -v"), HAProxy: versionOf("/usr/sbin/haproxy -v") },
  };
}

export const proxiesPart: BenchPart = { name: "proxies", run };
