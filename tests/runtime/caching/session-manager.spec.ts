import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { CacheUnavailable } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, startTestRedis } from "./caches";

describe("sessions in a real Redis", () => {
  let redis: RunningRedis;
  const caches = new Caches();

  before(async () => {
    redis = await startTestRedis("session");
  });
  after(async () => {
    await redis?.stop();
  });
  beforeEach(() => redis.cli("flushall"));
  afterEach(() => caches.close());

  it("are there for 24 hours, under keys that do not give the token away", async () => {
    const sessions = caches.session(redis.port);
    await sessions.connected(10_000);
    const token = await sessions.create({ userId: "u1" });
    assert.match(token, /^[\w-]{43}$/);
    assert.deepEqual(await sessions.get(token), { userId: "u1" });
    const key = await redis.cli("--raw", "keys", "*");
    assert.ok(!key.includes(token));
    const left = Number(await redis.cli("pttl", key));
    assert.ok(left > 86_300_000 && left <= 86_400_000, `${left} ms`);
    assert.equal(await sessions.get("somebody-elses-token-that-is-not-there"), undefined);
  });

  it("are changed where they are, and end when they are told to", async () => {
    const sessions = caches.session(redis.port);
    await sessions.connected(10_000);
    const token = await sessions.create({ n: 1 });
    assert.equal(await sessions.update(token, { n: 2 }), true);
    assert.deepEqual(await sessions.get(token), { n: 2 });
    await sessions.destroy(token);
    assert.equal(await sessions.get(token), undefined);
    assert.equal(await sessions.update(token, { n: 3 }), false);
    assert.equal(await redis.cli("dbsize"), "0");
  });

  it("go on while they are used, but not longer than they may", async () => {
    const sessions = caches.session(redis.port, { ttlMs: 600, longestMs: 1500 });
    await sessions.connected(10_000);
    const [used, unused] = [await sessions.create("used"), await sessions.create("unused")];
    const started = Date.now();
    while (Date.now() - started < 1000) {
      assert.equal(await sessions.get(used), "used");
      await sleep(50);
    }
    assert.equal(await sessions.get(unused), undefined);
    await eventually("the end of the longest session", async () => (await sessions.get(used)) === undefined);
    assert.ok(Date.now() - started >= 1300, `${Date.now() - started} ms`);
  });

  it("are no misses when Redis is away: the answer is that it cannot be told", async () => {
    const sessions = caches.session(1, { settings: { ...settingsOfNobody } });
    for (const work of [
      () => sessions.get("t"),
      () => sessions.create(1),
      () => sessions.destroy("t"),
      () => sessions.ping(),
    ]) {
      await assert.rejects(work, (error: unknown) => {
        assert.ok(error instanceof CacheUnavailable);
        assert.equal(error.status, 503);
        assert.match(error.message, /^redis-session is unavailable: /);
        return true;
      });
    }
    assert.equal(sessions.available, false);
  });

  it("that are too large are refused by name", async () => {
    const sessions = caches.session(redis.port, { maxValueBytes: 1000 });
    await sessions.connected(10_000);
    await assert.rejects(
      sessions.create("x".repeat(2000)),
      /a session of \d+ bytes; allowed is at most 1000/,
    );
  });
});

const settingsOfNobody = {
  name: "redis-session",
  address: { host: "127.0.0.1", port: 1 },
  poolSize: 1,
  tls: false,
  timeoutMs: 500,
};
