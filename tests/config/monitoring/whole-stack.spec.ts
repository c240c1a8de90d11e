/**
 * Every recording rule and every query of a panel, over everything that one machine can run, under load for a minute: what
 * has data, and why the rest has none.
 */
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { RedisPlan } from "../../../budget/caching/plan-redis";
import { sentinelsOf } from "../../../budget/caching/watched";
import { own } from "../../../budget/core/own";
import { accessBuckets, accessOf } from "../../../budget/load-balancing/access-metrics";
import { workloadName, type ProxyKind } from "../../../budget/load-balancing/proxy";
import { PUBLIC_ADDRESS_JOB } from "../../../budget/load-balancing/watched";
import { matchers } from "../../../budget/monitoring/series";
import { together, type Watched } from "../../../budget/monitoring/watched";
import { responseTimeBuckets } from "../../../budget/service/buckets";
import { freePort } from "../../../cli/free-port";
import { plannedConf } from "../../../components/caching/redis/redis-conf";
import { NGINX_STATUS_PATH } from "../../../components/load-balancing/proxy/nginx/nginx-conf-args";
import { HEALTH_PATH } from "../../../components/load-balancing/proxy/proxy-conf-args";
import { blackboxArgs, blackboxConfig } from "../../../components/monitoring/blackbox-exporter";
import { planMonitoring, type MonitoringInputs } from "../../../plan/plan-monitoring";
import { planStack } from "../../../plan/plan-stack";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import { answers, startProgram } from "../../../sandbox/monitoring/child";
import { askFor } from "../../../sandbox/monitoring/load";
import { startAccessExporter } from "../../helpers/access-exporter";
import { testedRules } from "../../helpers/alert-tests";
import { eventually } from "../../helpers/eventually";
import { FERRETDB_BUILD_TIMEOUT_MS, startFerretdb, type RunningFerretdb } from "../../helpers/ferretdb";
import { shippedConfig } from "../../helpers/preview";
import { startPrometheusIn, type PrometheusProcess } from "../../helpers/prometheus-process";
import { haProxyArgs, nginxArgs, type ProxyOptions } from "../../helpers/proxy-contract";
import { startHaProxy } from "../../helpers/haproxy-server";
import { startNginx } from "../../helpers/nginx-server";
import { startRedisExporter } from "../../helpers/redis-exporter";
import { startInFolder } from "../../helpers/program-with-folder";
import { deployedProgram } from "../../helpers/programs";
import { MASTER_NAME, Replication } from "../../helpers/redis-replication";
import { REDIS_PASSWORD, startRedis, type RunningRedis } from "../../helpers/redis-server";
import { send } from "../../helpers/send";
import { BACKEND_ENVIRONMENT, startBackend } from "../../runtime/reference-backend/process";

const SERVICE = "backend";
const CACHE = "redis-cache";
const SESSIONS = "redis-session";

/** The shipped staging, with the one service that there is. */
const SHIPPED = shippedConfig("staging", (file) => {
  delete file["services"].matching;
  delete file["services"].backend.calls;
});
const { namespace } = SHIPPED.cluster;

const inputsWith = (proxy: ProxyKind): MonitoringInputs => {
  const { loadBalancer } = SHIPPED;
  assert.ok(loadBalancer !== undefined);
  return { ...SHIPPED, dataModel: CATALOGUE, loadBalancer: { ...loadBalancer, proxy } };
};
const PLAN = planStack(inputsWith("nginx"));

/** Behind nginx, and behind HAProxy. */
const WATCHED: Watched = together(
  (["nginx", "haproxy"] as const).map((proxy) => {
    const inputs = inputsWith(proxy);
    return planMonitoring(inputs, planStack(inputs));
  }),
);

const ACCESS_LOG = {
  routes: [{ service: SERVICE, route: "/", open: false }],
  buckets: accessBuckets([own(PLAN.services, SERVICE)?.budget ?? PLAN.budget]),
};

const KUBELET = "the kubelets tell it";
const STATE_METRICS = "kube-state-metrics tells it";
const MONGODB = "Percona's exporter tells it, of a server that cannot be had here";
const CDN = "the CDN of a cloud tells it";

/** Rules without data, by the series that they record. */
const RULES_WITHOUT: Readonly<Record<string, string>> = {
  "service:cpu_utilization:ratio_rate5m": KUBELET,
  "service:memory_utilization:max": KUBELET,
  "job:mongodb_operations:rate5m": MONGODB,
  "provider:cdn_requests:rate15m": CDN,
  "provider:cdn_bytes:rate15m": CDN,
  "provider:cdn_hit:ratio_rate15m": CDN,
  "provider:cdn_errors:ratio_rate15m": CDN,
};

/** Queries without data, by their panel's id and their legend. */
const QUERIES_WITHOUT: Readonly<Record<string, string>> = {
  "promise-cpuUtilization: {{service}}": KUBELET,
  "promise-memoryUtilization: {{service}}": KUBELET,
  "cpu: {{service}}": KUBELET,
  "memory: {{service}}": KUBELET,
  "replicas: {{horizontalpodautoscaler}}": STATE_METRICS,
  "replicas-wanted: {{horizontalpodautoscaler}}": STATE_METRICS,
  "pods-pending: pending": STATE_METRICS,
  "mongodb-members: members": MONGODB,
  "mongodb-members: routers": MONGODB,
  "mongodb-operations: {{legacy_op_type}}": MONGODB,
  "mongodb-connections-routers: {{pod}}": MONGODB,
  "mongodb-connections-members: {{pod}}": MONGODB,
  "mongodb-latency: {{op_type}}": MONGODB,
  "mongodb-tickets: {{pod}} {{txn_rw}}": MONGODB,
  "mongodb-queue: {{pod}}": MONGODB,
  "mongodb-dirty: {{pod}}": MONGODB,
  "mongodb-cache: {{pod}}": MONGODB,
  "mongodb-reads: {{pod}}": MONGODB,
  "mongodb-lag: {{name}}": MONGODB,
  "mongodb-oplog: {{pod}}": MONGODB,
  "mongodb-backup: last backup": MONGODB,
  "cdn-performance-hits: {{provider}}": CDN,
  "cdn-requests: requests": CDN,
  "cdn-misses: passed on": CDN,
  "cdn-errors: errors": CDN,
  "cdn-bytes: bytes": CDN,
  "cdn-origin: origin": CDN,
  "cdn-purges: purged": CDN,
};

const LOAD_SECONDS = 60;
/** Requests/s through each proxy. */
const RATE = 20;
/** Parts stand still for a while, so that there is something of every kind of failure to count: seconds. */
const DATABASE_STILL = { from: 12, for: 3 };
const CACHE_STILL = { from: 22, for: 2 };

interface Scraped {
  readonly job: string;
  readonly pod: string;
  readonly address: string;
  readonly path?: string;
  readonly params?: Readonly<Record<string, readonly string[]>>;
}

describe("a whole stack under load", function () {
  this.timeout(150_000);
  const parts: { stop(): Promise<void> }[] = [];
  const scraped: Scraped[] = [];
  let prometheus: PrometheusProcess;

  /** What is started is ended in reverse order. */
  async function part<One extends { stop(): Promise<void> }>(starting: Promise<One>): Promise<One> {
    const one = await starting;
    parts.push(one);
    return one;
  }

  before(async function () {
    this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
    // Each Redis and each Sentinel ends with this process by a listener of its own.
    process.setMaxListeners(100);
    const [database, cache, sessions] = await Promise.all([
      part(startFerretdb()),
      part(startRedis(plannedConf("cache", planOf(CACHE)))),
      part(Replication.start(plannedConf("session", planOf(SESSIONS)))),
    ]);
    const backend = await part(startBackend(environment(database, cache, sessions)));
    const upstream = [{ host: "127.0.0.1", port: backend.port }];
    const counted = {
      nginx: await part(startAccessExporter({ proxy: "nginx", ...ACCESS_LOG })),
      haproxy: await part(startAccessExporter({ proxy: "haproxy", ...ACCESS_LOG })),
    };
    const proxied = (kind: ProxyKind): ProxyOptions => ({
      upstream,
      serviceName: SERVICE,
      accessExporter: counted[kind].log,
    });
    const nginx = await part(startNginx(nginxArgs(proxied("nginx"))));
    const haproxy = await part(startHaProxy(haProxyArgs(proxied("haproxy"))));
    for (const kind of ["nginx", "haproxy"] as const) {
      const { job } = accessOf({ namespace, job: workloadName(kind) });
      scraped.push({ job, pod: `${kind}-0`, address: counted[kind].address });
    }
    // As the kubelet does, by which every series of the access log is there from the beginning.
    for (const { httpPort } of [nginx, haproxy]) await send(httpPort, HEALTH_PATH);
    await exporters(cache, sessions, nginx);
    scraped.push(
      { job: SERVICE, pod: `${SERVICE}-0`, address: `127.0.0.1:${backend.port}` },
      {
        job: workloadName("haproxy"),
        pod: "haproxy-0",
        address: `127.0.0.1:${haproxy.statusPort}`,
      },
    );
    prometheus = await part(startPrometheusIn(await folder()));
    const { signal } = new AbortController();
    const still = async (
      server: { signal(signal: NodeJS.Signals): void },
      at: typeof CACHE_STILL,
    ): Promise<void> => {
      await sleep(1000 * at.from);
      server.signal("SIGSTOP");
      await sleep(1000 * at.for);
      server.signal("SIGCONT");
    };
    await Promise.all([
      askFor(LOAD_SECONDS, nginx.httpPort, () => RATE, signal),
      askFor(LOAD_SECONDS, haproxy.httpPort, () => RATE, signal),
      still(database, DATABASE_STILL),
      still(cache, CACHE_STILL),
    ]);
  });
  after(async () => {
    for (const one of parts.reverse()) await one.stop();
  });

  function planOf(name: string): RedisPlan {
    const plan = own(PLAN.caches, name)?.plan;
    assert.ok(plan !== undefined && "ioThreads" in plan.numbers);
    return plan as RedisPlan;
  }

  function environment(
    database: RunningFerretdb,
    cache: RunningRedis,
    sessions: Replication,
  ): Record<string, string> {
    return {
      ...BACKEND_ENVIRONMENT,
      HTTP_DURATION_BUCKETS_SECONDS: responseTimeBuckets(
        own(PLAN.services, SERVICE)?.budget ?? PLAN.budget,
      ).join(","),
      MONGODB_URI: `${database.uri}retrofitlink`,
      DATABASE_TIMEOUT_MS: "800",
      MONGODB_MAX_POOL_SIZE: "10",
      MONGODB_WAIT_QUEUE_TIMEOUT_MS: "300",
      REDIS_CACHE_HOST: "127.0.0.1",
      REDIS_CACHE_PORT: String(cache.port),
      REDIS_CACHE_PASSWORD: REDIS_PASSWORD,
      REDIS_CACHE_POOL_SIZE: "4",
      REDIS_SESSION_SENTINELS: sessions.members
        .map(({ address }) => `${address.host}:${address.sentinelPort}`)
        .join(","),
      REDIS_SESSION_SENTINEL_MASTER: MASTER_NAME,
      REDIS_SESSION_PASSWORD: REDIS_PASSWORD,
      REDIS_SESSION_POOL_SIZE: "4",
    };
  }

  async function exporters(
    cache: RunningRedis,
    sessions: Replication,
    nginx: { readonly httpPort: number; readonly statusPort: number },
  ): Promise<void> {
    const ofCache = await part(startRedisExporter(cache.port));
    scraped.push({ job: CACHE, pod: `${CACHE}-0`, address: ofCache.address });
    for (const { number, address } of sessions.members) {
      const exporter = await part(startRedisExporter(address.port));
      const pod = `${SESSIONS}-${number}`;
      scraped.push(
        { job: SESSIONS, pod, address: exporter.address },
        {
          ...{ job: sentinelsOf({ namespace, job: SESSIONS }).job, pod, address: exporter.address },
          ...{ path: "/scrape", params: { target: [`redis://127.0.0.1:${address.sentinelPort}`] } },
        },
      );
    }
    const ofNginx = `127.0.0.1:${await freePort()}`;
    await part(
      startProgram({
        name: "the exporter of nginx",
        command: "prometheus-nginx-exporter",
        args: [
          `-nginx.scrape-uri=http://127.0.0.1:${nginx.statusPort}${NGINX_STATUS_PATH}`,
          `-web.listen-address=${ofNginx}`,
        ],
        isReady: () => answers(`http://${ofNginx}/metrics`),
      }),
    );
    scraped.push({ job: workloadName("nginx"), pod: "nginx-0", address: ofNginx });
    const blackbox = `127.0.0.1:${await freePort()}`;
    const blackboxFolder = await mkdtemp(join(tmpdir(), "blackbox-"));
    const modules = join(blackboxFolder, "modules.yaml");
    await writeFile(modules, blackboxConfig({ encrypted: false }));
    const stop = await startInFolder(blackboxFolder, {
      name: "the blackbox exporter",
      command: deployedProgram("blackbox"),
      args: blackboxArgs(modules, blackbox),
      isReady: () => answers(`http://${blackbox}/metrics`),
    });
    parts.push({ stop });
    const address = `http://127.0.0.1:${nginx.httpPort}/api/properties?city=Berlin`;
    scraped.push({
      ...{ job: PUBLIC_ADDRESS_JOB, pod: "", address: blackbox, path: "/probe" },
      params: { module: ["http_2xx"], target: [address] },
    });
  }

  async function folder(): Promise<string> {
    const place = await mkdtemp(join(tmpdir(), "whole-stack-"));
    const rules = new Map(WATCHED.rules.map((rule) => [JSON.stringify(rule), rule]));
    const targets = new Map(WATCHED.targets.map((target) => [JSON.stringify(target), target]));
    await writeFile(
      join(place, "rules.yaml"),
      testedRules({ rules: [...rules.values()], targets: [...targets.values()] }),
    );
    await writeFile(
      join(place, "prometheus.yaml"),
      JSON.stringify({
        global: { scrape_interval: "1s", evaluation_interval: "1s" },
        rule_files: ["rules.yaml"],
        scrape_configs: scraped.map(({ job, pod, address, path = "/metrics", params = {} }) => ({
          job_name: `${job} ${pod}`,
          metrics_path: path,
          params,
          static_configs: [{ targets: [address], labels: { namespace, job, pod } }],
        })),
      }),
    );
    return place;
  }

  async function hasData(query: string): Promise<boolean> {
    const { result } = await prometheus.ask<{ readonly result: readonly { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(query)}`,
    );
    return result.some(({ value }) => value[1] !== "NaN");
  }

  /** Names without data, once they are no others than those that are known, or after a while. */
  async function withoutData(
    queries: readonly (readonly [name: string, query: string])[],
    known: readonly string[],
  ): Promise<string[]> {
    let found = new Set<string>();
    const look = async (): Promise<boolean> => {
      found = new Set();
      for (const [name, query] of queries) if (!(await hasData(query))) found.add(name);
      return [...found].every((name) => known.includes(name));
    };
    await eventually("data", look, Boolean, { withinMs: 10_000, everyMs: 1000 }).catch(() => undefined);
    return [...found].sort();
  }

  it("has data for every recording rule, but for those of which only a cluster or a cloud tells", async () => {
    const queries = WATCHED.rules.map(({ record, labels = {} }) => {
      const { slo, percentile } = labels;
      const name = [record, slo, percentile].filter(Boolean).join(" ");
      return [name, `${record}{${matchers(labels)}}`] as const;
    });
    const known = Object.keys(RULES_WITHOUT);
    assert.deepEqual(await withoutData(queries, known), known.sort());
  });

  it("has data for every query of a panel, but for those", async () => {
    const queries = WATCHED.panels.flatMap(({ id, queries: some }) =>
      some.map(({ expr, legend }) => [`${id}: ${legend}`, expr] as const),
    );
    const known = Object.keys(QUERIES_WITHOUT);
    assert.deepEqual(await withoutData(queries, known), known.sort());
  });
});
