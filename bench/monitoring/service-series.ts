/** What one pod of a service tells: the exposition of the reference backend itself, after some seconds of load. */
import { Registry } from "prom-client";

import { responseTimeBuckets } from "../../budget/service/buckets";
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import { QUERY_BUCKETS_SECONDS } from "../../runtime/database/query-monitor";
import { counter, gauge, histogram } from "../../runtime/metrics/metric";
import { askFor } from "../../sandbox/monitoring/load";
import { startPlainRedis } from "../../tests/helpers/redis-plain";
import { BACKEND_ENVIRONMENT, startBackend } from "../../tests/runtime/reference-backend/process";
import type { MadeSeries } from "./series";

const LOAD_SECONDS = 10;
const REQUESTS_PER_SECOND = 60;

/** Series of one pod, with the rates that it had under load. */
export async function podSeries(budget: PerformanceBudget): Promise<MadeSeries[]> {
  const redis = await startPlainRedis([]);
  try {
    const cache = (name: string): Record<string, string> => ({
      [`${name}_HOST`]: "127.0.0.1",
      [`${name}_PORT`]: String(redis.port),
      [`${name}_POOL_SIZE`]: "4",
    });
    const backend = await startBackend({
      ...BACKEND_ENVIRONMENT,
      HTTP_DURATION_BUCKETS_SECONDS: responseTimeBuckets(budget).join(","),
      ...cache("REDIS_CACHE"),
      ...cache("REDIS_SESSION"),
    });
    try {
      const load = askFor(
        LOAD_SECONDS,
        backend.port,
        () => REQUESTS_PER_SECOND,
        new AbortController().signal,
      );
      const address = `http://127.0.0.1:${backend.port}`;
      for (const path of ["/api/me", "/api/properties/none", "/nothing", "/api/contractors/search"])
        await (await fetch(`${address}${path}`)).arrayBuffer();
      await load;
      const text = await (await fetch(`${address}/metrics`)).text();
      return [...madeFrom(text), ...madeFrom(await databaseText())];
    } finally {
      await backend.stop();
    }
  } finally {
    await redis.stop();
  }
}

/** What the backend asks of a database, which it does not have here. */
const QUERIES = [
  ["properties", "find"],
  ["contractors", "find"],
  ["users", "find"],
  ["users", "insert"],
  ["quotes", "insert"],
] as const;

/** What the driver's monitors tell of them. */
async function databaseText(): Promise<string> {
  const registry = new Registry();
  const labelNames = ["collection", "command"] as const;
  const durations = histogram(registry, {
    name: "mongodb_query_duration_seconds",
    help: "Time of one command of the driver",
    labelNames,
    buckets: [...QUERY_BUCKETS_SECONDS],
  });
  const all = histogram(registry, {
    name: "mongodb_client_duration_seconds",
    help: "Time of one command of the driver, of all commands",
    buckets: [...QUERY_BUCKETS_SECONDS],
  });
  for (const [collection, command] of QUERIES) {
    durations.observe({ collection, command }, 0.004);
    all.observe(0.004);
  }
  counter(registry, { name: "mongodb_pool_wait_queue_timeouts_total", help: "Waits in vain" }).inc(0);
  const pools = gauge(registry, {
    name: "mongodb_pool_connections",
    help: "Connections",
    labelNames: ["state"],
  });
  for (const state of ["pending", "idle", "in-use"]) pools.set({ state }, 2);
  return await registry.metrics();
}

/** Counters go on at the rate that they had; gauges stay. */
function madeFrom(text: string): MadeSeries[] {
  const kinds = new Map<string, string>();
  const series: MadeSeries[] = [];
  for (const line of text.split("\n")) {
    const [, name, kind] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
    if (name !== undefined && kind !== undefined) kinds.set(name, kind);
    const [, sample, value] = /^([^#\s][^{\s]*(?:\{.*\})?) (\S+)/.exec(line) ?? [];
    if (sample === undefined) continue;
    const base = sample.replace(/\{.*$/s, "");
    const isCounter =
      kinds.get(base) === "counter" || kinds.get(base.replace(/_(bucket|count|sum)$/, "")) === "histogram";
    const number = Number(value);
    series.push(
      isCounter
        ? { text: sample, start: number, perSecond: number / LOAD_SECONDS }
        : { text: sample, start: number, perSecond: 0 },
    );
  }
  return series;
}
