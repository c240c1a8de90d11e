/** Requests per second and response times of the middleware beside what somebody would use instead. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saturate, type Load } from "../harness/load";
import { serverOf, usageOf, warmUp, WARM_UP_REQUESTS } from "./warm-server";
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
import { ORIGIN_MS } from "./origin";
import { Processes } from "../harness/processes";
import { CONNECTIONS, HOT_KEYS, traffic } from "./traffic";
import { VARIANTS, type Variant } from "./variants";
import { versions } from "./versions";

/** Times that every variant's process is started anew: two starts of one program can differ for as long as they run. */
const STARTS = 4;

/** In all. Forwards and backwards in turn, so that a machine that gets slower or faster favours nobody. */
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 40);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 1);

/** Least share of the requests per second of a bare GET. */
const LEAST_OF_BARE = 0.85;

/** What one variant did in one round. */
interface Measured extends Load {
  readonly hitRate: number;
  /** Of the server's process, for one request. */
  readonly cpuMicroseconds: number;
}

const NAMES: Readonly<Record<Variant, readonly [label: string, note: string]>> = {
  none: ["no cache", "every request goes to the origin"],
  bare: ["bare GET, text", "a GET from Redis, Express's send; nothing else"],
  "bare-bytes": [
    "bare GET, bytes",
    "the least that can be done: the bytes from Redis, without Express's send",
  ],
  ours: ["our middleware", "tags, deadline, circuit breaker, metrics, checksums, entity tags on"],
  apicache: ["apicache", "a caching middleware for Express"],
  "cache-manager": ["cache-manager", "with @keyv/redis, the text kept by hand"],
};

async function measure(port: number, round: number, folder: string): Promise<Measured> {
  const before = await usageOf(port);
  const load = await saturate({
    url: `http://127.0.0.1:${port}`,
    seconds: SECONDS,
    connections: CONNECTIONS,
    folder,
    request: traffic(`8${round}0`),
  });
  const after = await usageOf(port);
  return {
    ...load,
    hitRate: 1 - (after.originCalls - before.originCalls) / load.requests,
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / load.requests,
  };
}

type Rounds = Readonly<Record<Variant, readonly Measured[]>>;

const rps = (one: Measured): number => one.requestsPerSecond;

function rowOf(rounds: Rounds, variant: Variant): Row {
  const all = rounds[variant];
  const [label, note] = NAMES[variant];
  const of = (what: (one: Measured) => number): Spread => spreadOf(all.map(what));
  return {
    label,
    note,
    ours: variant === "ours",
    values: {
      rps: of(rps),
      p50: of(({ p50 }) => p50),
      p95: of(({ p95 }) => p95),
      p99: of(({ p99 }) => p99),
      cpu: of(({ cpuMicroseconds }) => cpuMicroseconds),
      hits: of(({ hitRate }) => Math.max(0, hitRate * 100)),
      share: ratio(all, rounds.bare, rps, 100),
    },
  };
}

function goalsOf(rounds: Rounds): Goal[] {
  const ahead = (["apicache", "cache-manager"] as const).map((other): Goal => {
    const faster = ratio(rounds.ours, rounds[other], rps);
    const p95 = ratio(rounds.ours, rounds[other], (one) => one.p95);
    return {
      goal: `more requests per second than ${NAMES[other][0]}, and a lower p95`,
      measured: `${times(faster)} the requests, ${times(p95)} the p95`,
      kept: faster.median > 1 && p95.median < 1,
    };
  });
  const none = ratio(rounds.ours, rounds.none, rps);
  const share = ratio(rounds.ours, rounds.bare, rps);
  const floor = ratio(rounds.ours, rounds["bare-bytes"], rps);
  return [
    {
      goal: "more requests per second than without a cache",
      measured: times(none),
      kept: none.median > 1,
    },
    ...ahead,
    {
      goal: "at most 15 % fewer requests per second than a bare GET from Redis and Express",
      measured: `${times(share)}; of the one without Express's send ${times(floor)}`,
      kept: share.median >= LEAST_OF_BARE,
    },
  ];
}

/** Starts a process of each variant. @returns their ports */
async function started(
  processes: Processes,
  redisPort: number,
  folder: string,
): Promise<ReadonlyMap<Variant, number>> {
  const ports = new Map<Variant, number>();
  for (const variant of VARIANTS) {
    const port = await serverOf(processes, variant, redisPort);
    await warmUp(port, folder);
    ports.set(variant, port);
  }
  return ports;
}

/** The rounds from one number up to another, with processes that are started for them. @returns the version of their Redis */
async function measureRounds(
  from: number,
  to: number,
  rounds: Record<Variant, Measured[]>,
  folder: string,
  print: (line: string) => void,
): Promise<string> {
  const processes = new Processes();
  try {
    const redis = await processes.redis();
    const ports = await started(processes, redis.port, folder);
    for (let round = from; round < to; round++) {
      const order = round % 2 === 0 ? VARIANTS : [...VARIANTS].reverse();
      for (const variant of order) {
        const one = await measure(ports.get(variant) ?? 0, round, folder);
        if (one.failed > 0) throw new Error(`${variant}: ${one.failed} requests failed`);
        rounds[variant].push(one);
        print(
          `  round ${round + 1} of ${ROUNDS}  ${variant.padEnd(14)} ${one.requestsPerSecond.toFixed(0).padStart(6)} requests/s` +
            `  p95 ${one.p95.toFixed(1).padStart(5)} ms  ${one.cpuMicroseconds.toFixed(0).padStart(4)} us CPU  ${(one.hitRate * 100).toFixed(1).padStart(5)} % hits`,
        );
      }
    }
    return redis.version;
  } finally {
    processes.stop();
  }
}

async function run(print: (line: string) => void): Promise<PartResult> {
  const folder = await mkdtemp(join(tmpdir(), "bench-caching-"));
  const rounds = Object.fromEntries(
    VARIANTS.map((variant) => [variant, [] as Measured[]]),
  ) as unknown as Record<Variant, Measured[]>;
  const perStart = Math.ceil(ROUNDS / STARTS);
  let redisVersion = "";
  try {
    for (let from = 0; from < ROUNDS; from += perStart) {
      redisVersion = await measureRounds(from, Math.min(from + perStart, ROUNDS), rounds, folder, print);
    }
    return {
      name: "caching",
      title: "Answers from the cache",
      question:
        "How many requests does the caching middleware serve, how fast, and what do its promises cost, beside no cache, a bare GET, and the packages that somebody would use instead?",
      goals: goalsOf(rounds),
      tables: [
        {
          title: "90 % hits, 64 connections",
          columns: [
            { key: "rps", label: "requests/s", better: "higher" },
            { key: "share", label: "% of bare GET", decimals: 0 },
            { key: "p50", label: "p50 ms", decimals: 1 },
            { key: "p95", label: "p95 ms", decimals: 1, better: "lower" },
            { key: "p99", label: "p99 ms", decimals: 1 },
            { key: "cpu", label: "server CPU, µs a request", better: "lower" },
            { key: "hits", label: "hits %", decimals: 1 },
          ],
          rows: VARIANTS.map((variant) => rowOf(rounds, variant)),
        },
      ],
      method: [
        `The same Express application in each variant; its origin takes ${ORIGIN_MS} ms and makes about 5 KB of JSON. Nine requests in ten ask for one of ${HOT_KEYS} keys that are there, one for a new key.`,
        `The server has a core to itself; wrk, which loads it, and Redis share another. ${ROUNDS} rounds of ${SECONDS} s for each variant, every second one in the opposite order. Each process is started ${Math.ceil(ROUNDS / perStart)} times, and its first ${WARM_UP_REQUESTS.toLocaleString("en")} requests do not count.`,
        "With 90 % hits the slowest tenth are misses: p95 is the origin's time and what the cache adds to a miss.",
        "Shown are the median and the quartiles of the rounds. Comparisons are made within each round: what disturbs the machine disturbs all variants alike.",
        "apicache gets the commands of its old client on the current driver. cache-manager is no middleware: each route keeps the text of its answer by hand, which is faster than keeping the object.",
        "Only ours makes one call of many misses of one key, answers stale within a bound, checks what it reads, and gives up on a Redis that is slow; all of that is on.",
      ],
      versions: versions(redisVersion, ["redis", "express", "apicache", "cache-manager", "@keyv/redis"]),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const cachingPart: BenchPart = { name: "caching", run };
