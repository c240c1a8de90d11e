import assert from "node:assert/strict";

import { eventually } from "../../helpers/eventually";
import type { RunningRedis } from "../../helpers/redis-server";
import { REDIS_PASSWORD } from "../../helpers/redis-server";
import { startTestRedis } from "../caching/caches";
import { BACKEND_ENVIRONMENT, type BackendProcess, startBackend } from "./process";

function variables(prefix: string, { port }: RunningRedis): Record<string, string> {
  return {
    [`${prefix}_HOST`]: "127.0.0.1",
    [`${prefix}_PORT`]: String(port),
    [`${prefix}_PASSWORD`]: REDIS_PASSWORD,
    [`${prefix}_POOL_SIZE`]: "4",
  };
}

describe("the reference backend with its caches", () => {
  let backend: BackendProcess;
  let cache: RunningRedis;
  let sessions: RunningRedis;

  before(async function () {
    this.timeout(60_000);
    [cache, sessions] = await Promise.all([startTestRedis("cache"), startTestRedis("session")]);
    const environment = {
      ...BACKEND_ENVIRONMENT,
      ...variables("REDIS_CACHE", cache),
      ...variables("REDIS_SESSION", sessions),
    };
    backend = await startBackend(environment);
  });
  after(async () => {
    await backend?.stop();
    await Promise.all([cache?.stop(), sessions?.stop()]);
  });

  async function call(
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: any; cacheStatus: string }> {
    const url = `http://127.0.0.1:${backend.port}${path}`;
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    const body = text.startsWith("{") ? JSON.parse(text) : text;
    return { status: response.status, body, cacheStatus: response.headers.get("cache-status") ?? "" };
  }

  async function signIn(): Promise<Record<string, string>> {
    const { status, body } = await call("/api/sessions", { method: "POST" });
    assert.equal(status, 201);
    return { authorization: `Bearer ${body.token}` };
  }

  it("keeps answers, dear data and sessions in Redis, and counts them by route", async () => {
    await eventually(
      "a hit",
      async () => (await call("/api/properties?city=Berlin")).cacheStatus === "api; hit",
    );
    for (let i = 0; i < 3; i++) assert.equal((await call("/api/contractors/search?trade=solar")).status, 200);
    const headers = await signIn();
    const me = await call("/api/me", { headers });
    assert.deepEqual([me.status, me.cacheStatus], [200, ""]);
    assert.match(
      await cache.cli("--raw", "keys", "*:e:contractors:*"),
      /^retrofitlink:data:v1:e:contractors:solar:all:20$/,
    );
    assert.equal(await sessions.cli("dbsize"), "1");
    assert.deepEqual((await call("/ready")).body, {
      ready: true,
      store: { kind: "built-in catalogue", ok: true },
      sessions: { kind: "redis", ok: true },
      cache: { kind: "redis", ok: true },
    });
    const { body: metrics } = await call("/metrics");
    assert.match(metrics, /^redis_cache_hits_total\{cache="api"\} [1-9]/m);
    assert.match(metrics, /^redis_cache_hits_total\{cache="data"\} 2$/m);
    assert.match(metrics, /^redis_cache_hits_total\{cache="session"\} 1$/m);
    assert.match(metrics, /^http_requests_total\{method="GET",route="\/api\/properties",status="200"\}/m);
    assert.ok(!metrics.includes("unmatched"));
  });

  it("goes on without its cache, and without its sessions answers what needs none, stays ready, and says so", async () => {
    const headers = await signIn();
    await Promise.all([cache.killHard(), sessions.killHard()]);
    await eventually("readiness that tells", async () => {
      const { status, body } = await call("/ready");
      assert.equal(status, 200);
      return body.cache.ok === false && body.sessions.ok === false;
    });
    assert.equal((await call("/api/properties?city=Berlin")).status, 200);
    assert.equal((await call("/api/contractors/search?trade=solar")).status, 200);
    const refused = await call("/api/me", { headers });
    assert.equal(refused.status, 503);
    assert.match(refused.body.error, /^redis-session is unavailable: /);
    await Promise.all([cache.restart(), sessions.restart()]);
    // A session store writes what it has to its disk.
    await eventually("the session", async () => (await call("/api/me", { headers })).status === 200);
    assert.ok(!backend.output().includes(REDIS_PASSWORD));
  });
});
