/** Requests per second and response times of the middleware beside what somebody would use instead. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchPart, Goal, PartResult, Row, Spread } from "../part";
import { spreadOf } from "../part";
import { ORIGIN_MS } from "./origin";
import { Processes } from "../processes";
import type { Usage } from "./server";
import { HOT_KEYS, type LoadResult } from "./traffic";
import { VARIANTS, type Variant } from "./variants";

/** Forwards and backwards in turn, so that a machine that gets slower or faster favours nobody. */
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 8);
const WARM_UP_SECONDS = 1;
const MEASURED_SECONDS = Number(process.env["BENCH_SECONDS"] ?? 4);

/** Least share of the requests per second of a bare GET. */
const LEAST_OF_BARE = 0.85;

const PACKAGES = join(__dirname, "../../node_modules");

/** What one variant did in one round. */
interface Measured extends LoadResult {
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
  apicache: ["apicache", "the middleware for Express that is used most"],
  "cache-manager": ["cache-manager", "with @keyv/redis: the cache for Node.js that is used most"],
};

async function usageOf(port: number): Promise<Usage> {
  const response = await fetch(`http://127.0.0.1:${port}/usage`, { headers: { connection: "close" } });
  return (await response.json()) as Usage;
}

/** Asks for every hot key once. */
async function fill(port: number): Promise<void> {
  for (let from = 0; from < HOT_KEYS; from += 50) {
    const pages = Array.from({ length: 50 }, (_, index) => from + index);
    await Promise.all(
      pages.map(async (page) => {
        await (await fetch(`http://127.0.0.1:${port}/api/properties?page=${page}`)).arrayBuffer();
      }),
    );
  }
}

async function measure(processes: Processes, port: number, round: number): Promise<Measured> {
  const load = (seconds: number, name: string): Promise<LoadResult> =>
    processes.program<LoadResult>(join(__dirname, "load.ts"), [String(port), String(seconds), name]);
  await load(WARM_UP_SECONDS, `9${round}0`);
  const before = await usageOf(port);
  const result = await load(MEASURED_SECONDS, `8${round}0`);
  const after = await usageOf(port);
  return {
    ...result,
    hitRate: 1 - (after.originCalls - before.originCalls) / result.requests,
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / result.requests,
  };
}

type Rounds = Readonly<Record<Variant, readonly Measured[]>>;

/** Ratios within each round: what disturbs the machine disturbs neighbours alike. */
function ratios(rounds: Rounds, of: Variant, to: Variant, what: (one: Measured) => number, unit = 1): Spread {
  return spreadOf(rounds[of].map((one, index) => (unit * what(one)) / what(rounds[to][index] ?? one)));
}

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
      p50: of(({ p50Ms }) => p50Ms),
      p95: of(({ p95Ms }) => p95Ms),
      p99: of(({ p99Ms }) => p99Ms),
      cpu: of(({ cpuMicroseconds }) => cpuMicroseconds),
      hits: of(({ hitRate }) => Math.max(0, hitRate * 100)),
      share: ratios(rounds, variant, "bare", rps, 100),
    },
  };
}

function times({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} times (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function goalsOf(rounds: Rounds): Goal[] {
  const ahead = (["none", "apicache", "cache-manager"] as const).map((other): Goal => {
    const faster = ratios(rounds, "ours", other, rps);
    const p95 = ratios(rounds, "ours", other, ({ p95Ms }) => p95Ms);
    return {
      goal: `more requests per second than ${NAMES[other][0]}, and a lower p95`,
      measured: `${times(faster)} the requests, ${times(p95)} the p95`,
      kept: faster.median > 1 && p95.median < 1,
    };
  });
  const share = ratios(rounds, "ours", "bare", rps);
  const floor = ratios(rounds, "ours", "bare-bytes", rps);
  return [
    ...ahead,
    {
      goal: "at most 15 % fewer requests per second than a bare GET from Redis and Express",
      measured: `${times(share)}; of the one without Express's send ${times(floor)}`,
      kept: share.median >= LEAST_OF_BARE,
    },
  ];
}

function versions(redis: string): Record<string, string> {
  const of = (name: string): string => {
    const text = readFileSync(join(PACKAGES, name, "package.json"), "utf8");
    return (JSON.parse(text) as { readonly version: string }).version;
  };
  return {
    "redis-server": redis,
    redis: of("redis"),
    express: of("express"),
    apicache: of("apicache"),
    "cache-manager": of("cache-manager"),
    "@keyv/redis": of("@keyv/redis"),
    autocannon: of("autocannon"),
  };
}

async function run(print: (line: string) => void): Promise<PartResult> {
  const processes = new Processes();
  try {
    const redis = await processes.redis();
    const ports = new Map<Variant, number>();
    for (const variant of VARIANTS) {
      const { port } = await processes.program<{ readonly port: number }>(join(__dirname, "server.ts"), [
        variant,
        String(redis.port),
      ]);
      if (variant !== "none") await fill(port);
      ports.set(variant, port);
    }
    const rounds = Object.fromEntries(
      VARIANTS.map((variant) => [variant, [] as Measured[]]),
    ) as unknown as Record<Variant, Measured[]>;
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? VARIANTS : [...VARIANTS].reverse();
      for (const variant of order) {
        const one = await measure(processes, ports.get(variant) ?? 0, round);
        if (one.failed > 0) throw new Error(`${variant}: ${one.failed} requests failed`);
        rounds[variant].push(one);
        print(
          `  round ${round + 1} of ${ROUNDS}  ${variant.padEnd(14)} ${one.requestsPerSecond.toFixed(0).padStart(6)} requests/s` +
            `  p95 ${one.p95Ms.toFixed(1).padStart(5)} ms  ${one.cpuMicroseconds.toFixed(0).padStart(4)} us CPU  ${(one.hitRate * 100).toFixed(1).padStart(5)} % hits`,
        );
      }
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
        `Server, load generator and Redis are processes of their own on one machine. ${ROUNDS} rounds of ${MEASURED_SECONDS} s for each variant, after ${WARM_UP_SECONDS} s that do not count; every second round in the opposite order.`,
        "Shown are the median and the quartiles of the rounds. Comparisons are made within each round: what disturbs the machine disturbs all variants alike.",
        "apicache and cache-manager are those of their kind with the most downloads. apicache gets the commands of its old client on the current driver; cache-manager keeps the text of the answer, which is faster than keeping the object.",
        "Only ours makes one call of many misses of one key, answers stale within a bound, checks what it reads, and gives up on a Redis that is slow; all of that is on.",
      ],
      versions: versions(redis.version),
    };
  } finally {
    processes.stop();
  }
}

export const cachingPart: BenchPart = { name: "caching", run };
