import assert from "node:assert/strict";

import { guideQueries, readFirst } from "../../../budget/service/recording-rules";
import { testedRules } from "../../helpers/alert-tests";
import { eventually } from "../../helpers/eventually";
import { freePort } from "../../../cli/free-port";
import { type RunningPrometheus, type Sample, startPrometheus } from "../../helpers/prometheus";
import { REDIS_PASSWORD, type RunningRedis } from "../../helpers/redis-server";
import { startTestRedis } from "../caching/caches";
import { BACKEND_ENVIRONMENT, type BackendProcess, startBackend } from "../reference-backend/process";

const BACKEND = { namespace: "retrofitlink", job: "backend" };
const { namespace } = BACKEND;
const QUERIES = guideQueries(namespace);
const { p95: P95, hitRatio: HIT_RATIO, errorRatio: ERROR_RATIO, throughput: THROUGHPUT } = QUERIES;

describe("the guide's four queries in a real Prometheus", function () {
  this.timeout(60_000);
  let redis: RunningRedis;
  let backend: BackendProcess;
  let prometheus: RunningPrometheus;

  before(async () => {
    redis = await startTestRedis();
  });
  after(() => redis.stop());

  afterEach(async () => {
    await prometheus.stop();
    await backend.stop();
  });

  async function start(environment: Record<string, string>): Promise<void> {
    backend = await startBackend({ ...BACKEND_ENVIRONMENT, ...environment });
    const rules = testedRules({ rules: [...readFirst(namespace), ...Object.values(QUERIES)] });
    prometheus = await startPrometheus([`127.0.0.1:${backend.port}`], rules, BACKEND);
  }

  async function ask(path: string, times: number, method = "GET"): Promise<void> {
    for (let i = 0; i < times; i++) {
      await (await fetch(`http://127.0.0.1:${backend.port}${path}`, { method })).arrayBuffer();
    }
  }

  /** Waits until the last scrape has seen as many requests as were made, and the rules have been evaluated after it. */
  async function seen(requests: number): Promise<void> {
    const total = "sum(http_requests_total) or 0 * count(http_requests_in_flight)";
    const count = async (): Promise<Sample[]> => await prometheus.query(total);
    await eventually("all requests scraped", count, ([one]) => one?.value === requests, { withinMs: 20_000 });
    const evaluated = async (): Promise<Sample[]> =>
      await prometheus.query(
        "min(prometheus_rule_group_last_evaluation_timestamp_seconds) or vector(time())",
      );
    const asked = Date.now() / 1000 + 2;
    await eventually("rules evaluated", evaluated, () => Date.now() / 1000 > asked, { withinMs: 20_000 });
  }

  const valueOf = async (expression: string): Promise<number | undefined> => {
    const samples = await prometheus.query(expression);
    for (const { labels } of samples) assert.notEqual(labels["service"], "other");
    return samples[0]?.value;
  };

  const cached = (): Record<string, string> => ({
    REDIS_CACHE_HOST: "127.0.0.1",
    REDIS_CACHE_PORT: String(redis.port),
    REDIS_CACHE_PASSWORD: REDIS_PASSWORD,
    REDIS_CACHE_POOL_SIZE: "4",
    // A deadline that a busy machine keeps.
    REDIS_CACHE_TIMEOUT_MS: "1500",
  });

  it("say that nothing fails and nothing is asked, of a backend that is idle", async () => {
    await start(cached());
    await seen(0);
    assert.equal(await valueOf(ERROR_RATIO.record), 0);
    assert.equal(await valueOf(THROUGHPUT.record), 0);
    assert.deepEqual(await prometheus.query(P95.record), []);
    assert.deepEqual(await prometheus.query(HIT_RATIO.record), []);
    // The guide's own text has no answer here.
    assert.deepEqual(await prometheus.query(ERROR_RATIO.guide), []);
  });

  it("are right without errors", async () => {
    await start(cached());
    await ask("/api/properties?city=Berlin", 1);
    await seen(1);
    // A rate needs two scrapes of a series.
    await ask("/api/properties?city=Berlin", 99);
    await seen(100);
    assert.equal(await valueOf(ERROR_RATIO.record), 0);
    assert.deepEqual(await prometheus.query(ERROR_RATIO.guide), []);
    const [api] = (await prometheus.query(HIT_RATIO.record)).filter(
      ({ labels }) => labels["cache"] === "api",
    );
    assert.ok(api !== undefined && api.value > 0.9 && api.value <= 1, JSON.stringify(api));
    const p95 = await valueOf(P95.record);
    assert.ok(p95 !== undefined && p95 > 0 && p95 < 2, String(p95));
    const throughput = await valueOf(THROUGHPUT.record);
    assert.ok(throughput !== undefined && throughput > 0, String(throughput));
  });

  it("say that everything fails, and a share where some does", async () => {
    const nothing = await freePort();
    await start({
      REDIS_SESSION_HOST: "127.0.0.1",
      REDIS_SESSION_PORT: String(nothing),
      REDIS_SESSION_PASSWORD: REDIS_PASSWORD,
      REDIS_SESSION_POOL_SIZE: "4",
    });
    await ask("/api/sessions", 1, "POST");
    await seen(1);
    await ask("/api/sessions", 20, "POST");
    await seen(21);
    assert.equal(await valueOf(ERROR_RATIO.record), 1);
    await ask("/api/properties?city=Berlin", 1);
    await seen(22);
    await ask("/api/properties?city=Berlin", 20);
    await seen(42);
    const share = await valueOf(ERROR_RATIO.record);
    assert.ok(share !== undefined && share > 0.3 && share < 0.7, String(share));
    // The guide's own text divides each status by itself.
    assert.equal(await valueOf(ERROR_RATIO.guide), 1);
  });
});
