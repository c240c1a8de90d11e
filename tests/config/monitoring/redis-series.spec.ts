/** Every series that rules, alerts and panels of a Redis name exists: a real exporter tells a real Prometheus of real members. */
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { planRedis } from "../../../budget/caching/plan-redis";
import { sentinelsOf, watchCache } from "../../../budget/caching/watched";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { expressionOf } from "../../../budget/monitoring/alert";
import { plannedConf } from "../../../components/caching/redis/redis-conf";
import { eventually } from "../../helpers/eventually";
import { startPrometheusIn, type PrometheusProcess } from "../../helpers/prometheus-process";
import { startRedisExporter, type RunningExporter } from "../../helpers/redis-exporter";
import { Replication } from "../../helpers/redis-replication";
import { testedRules } from "../../helpers/alert-tests";

const WORKLOAD = { namespace: "retrofitlink", job: "redis-session" };

const plan = planRedis({ cache: WORKLOAD.job, purpose: "session", workingSetMiB: 8 });

const watched = watchCache({
  workload: WORKLOAD,
  key: "retrofitlink:caches.redis-session",
  purpose: "session",
  plan,
  budget: DEFAULT_BUDGET,
});

/** Names of series in PromQL. */
function namesIn(expr: string): string[] {
  return expr.match(/\b(redis_\w+|job:[\w:]+)(?=\{)/g) ?? [];
}

describe("series of a Redis", function () {
  this.timeout(180_000);
  let store: Replication;
  let prometheus: PrometheusProcess;
  const exporters: RunningExporter[] = [];

  before(async () => {
    store = await Replication.start(plannedConf("session", plan));
    for (const { address } of store.members) exporters.push(await startRedisExporter(address.port));
    prometheus = await startPrometheusIn(await prometheusFolder());
  });

  after(async () => {
    await prometheus.stop();
    for (const exporter of exporters) await exporter.stop();
    await store.stop();
  });

  /** As the platform's monitors scrape: the server, and under another path the Sentinel beside it. */
  async function prometheusFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "redis-series-"));
    const job = (workload: typeof WORKLOAD, more: (pod: number) => object): object[] =>
      store.members.map((_, pod) => ({
        job_name: `${workload.job}-${pod}`,
        static_configs: [
          { targets: [exporters[pod]?.address], labels: { ...workload, pod: `${WORKLOAD.job}-${pod}` } },
        ],
        ...more(pod),
      }));
    await writeFile(join(folder, "rules.yaml"), testedRules({ rules: watched.rules }));
    await writeFile(
      join(folder, "prometheus.yaml"),
      JSON.stringify({
        global: { scrape_interval: "1s", evaluation_interval: "1s" },
        rule_files: ["rules.yaml"],
        scrape_configs: [
          ...job(WORKLOAD, () => ({})),
          ...job(sentinelsOf(WORKLOAD), (pod) => ({
            metrics_path: "/scrape",
            params: { target: [`redis://127.0.0.1:${store.members[pod]?.address.sentinelPort}`] },
          })),
        ],
      }),
    );
    return folder;
  }

  async function valuesOf(query: string): Promise<number[]> {
    const { result } = await prometheus.ask<{ readonly result: readonly { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(query)}`,
    );
    return result.map(({ value }) => Number(value[1]));
  }

  const becomes = (query: string, isIt: (values: readonly number[]) => boolean): Promise<number[]> =>
    eventually(query, () => valuesOf(query), isIt, { withinMs: 60_000 });

  it("are all there, once it has refused a write", async () => {
    const primary = await store.primary();
    // Less than it has used already: it refuses what is new, and evicts nothing.
    await primary.cli("config", "set", "maxmemory", "1");
    assert.match(await primary.cli("set", "session", "one"), /OOM/);
    const expressions = [
      ...watched.rules.map(({ expr }) => expr),
      ...watched.alerts.map((alert) => expressionOf(alert)),
      ...watched.panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
    ];
    const names = new Set(expressions.flatMap(namesIn));
    assert.ok(names.size > 10);
    for (const name of names) await becomes(`count(${name})`, ([count = 0]) => count > 0);
    await becomes('count(redis_errors_total{err="OOM"})', ([count]) => count === 1);
    await primary.cli("config", "set", "maxmemory", `${plan.numbers.maxMemory.value}mb`);
  });

  it("give every panel a curve, and its alerts nothing to say", async () => {
    for (const { queries } of watched.panels) {
      for (const { expr } of queries) await becomes(expr, ({ length }) => length > 0);
    }
    for (const alert of watched.alerts.filter(({ name }) => name !== "SessionsRefused")) {
      await becomes(expressionOf(alert), ({ length }) => length === 0);
    }
  });

  it("tell of a member that is lost, and of Sentinels that cannot agree", async () => {
    const expression = (name: string): string => {
      const found = watched.alerts.find((alert) => alert.name === name);
      assert.ok(found !== undefined);
      return expressionOf(found);
    };
    const [lost, also] = store.others(await store.primary());
    await lost?.killHard();
    await becomes(expression("RedisMemberDown"), ([members]) => members === 2);
    await becomes(expression("RedisReplicationBroken"), ([replicas]) => replicas === 1);
    assert.deepEqual(await valuesOf(expression("SentinelQuorumLost")), []);
    await also?.killHard();
    await becomes(expression("SentinelQuorumLost"), ([sentinels]) => sentinels === 1);
  });
});
