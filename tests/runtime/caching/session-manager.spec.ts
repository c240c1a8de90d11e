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
    assert.equal(await sessions.touch(token), false);
    assert.equal(await sessions.count(), 0);
  });

  it("that there are none of without a token, or with one of nobody", async () => {
    const sessions = caches.session(redis.port);
    await sessions.connected(10_000);
    assert.equal(await sessions.get(undefined), undefined);
    assert.equal(await sessions.update(undefined, 1), false);
    assert.equal(await sessions.touch("nobody's"), false);
    await sessions.destroy(undefined);
    await sessions.destroy("nobody's");
    assert.equal(await redis.cli("dbsize"), "0");
  });

  it("end so long after their last use, to a hundredth, also when that was soon after they began", async () => {
    const sessions = caches.session(redis.port, { ttlMs: 2000 });
    await sessions.connected(10_000);
    const token = await sessions.create("used early");
    await sleep(600);
    const used = Date.now();
    assert.equal(await sessions.get(token), "used early");
    const key = await redis.cli("--raw", "keys", "*");
    const left = await eventually(
      "the new end",
      async () => Number(await redis.cli("pttl", key)) + Date.now() - used,
      (ms) => ms > 1900,
    );
    assert.ok(left <= 2150, `${left} ms`);
    await sleep(used + 1600 - Date.now());
    // 2.2 s after it began.
    assert.equal(await sessions.peek(token), "used early");
    await eventually("the end", async () => (await sessions.peek(token)) === undefined);
    assert.ok(Date.now() - used >= 1960, `${Date.now() - used} ms`);
  });

  it("write nothing down for a use within a hundredth of their time", async () => {
    const sessions = caches.session(redis.port);
    await sessions.connected(10_000);
    const token = await sessions.create("used often");
    await redis.cli("config", "resetstat");
    for (let use = 0; use < 50; use++) assert.equal(await sessions.get(token), "used often");
    assert.doesNotMatch(await redis.cli("info", "commandstats"), /cmdstat_(set|eval|setrange|pexpire)\b/);
  });

  it("keep what was changed when a use prolongs them at the same time", async () => {
    const sessions = caches.session(redis.port, { ttlMs: 60_000 });
    await sessions.connected(10_000);
    for (let round = 0; round < 20; round++) {
      const token = await sessions.create({ n: 1 });
      await sessions.touch(token, { idleMs: 1000 });
      // Each of these has to prolong it, with what it has read.
      const uses = [1, 2, 3].map(() => sessions.get(token));
      const changed = sessions.update(token, { n: 2 });
      await Promise.all([...uses, changed]);
      await sleep(5);
      assert.deepEqual(await sessions.get(token), { n: 2 });
    }
  });

  it("take every change of several who make one of what is there, across processes", async () => {
    const processes = [1, 2, 3].map(() => caches.session(redis.port));
    await Promise.all(processes.map((one) => one.connected(10_000)));
    const sessions = caches.session(redis.port);
    await sessions.connected(10_000);
    const token = await sessions.create({ n: 0 });
    const more = ({ n }: { readonly n: number }): { n: number } => ({ n: n + 1 });
    await Promise.all(processes.flatMap((one) => [1, 2, 3, 4].map(() => one.update(token, more))));
    assert.deepEqual(await sessions.get(token), { n: 12 });
  });

  it("of one owner end together, also one that is being changed, and nobody else's", async () => {
    const sessions = caches.session(redis.port);
    await sessions.connected(10_000);
    const [phone, laptop] = [
      await sessions.create({ on: "phone" }, { owner: "u1" }),
      await sessions.create({ on: "laptop" }, { owner: "u1" }),
    ];
    const other = await sessions.create({ on: "desk" }, { owner: "u2" });
    assert.equal(await sessions.update(laptop, { on: "laptop", n: 2 }), true);
    assert.deepEqual(await sessions.get(laptop), { on: "laptop", n: 2 });
    // As long as the longest of them.
    const tags = (await redis.cli("--raw", "keys", "*:t:*")).split("\n");
    assert.equal(tags.length, 2);
    for (const tag of tags) assert.ok(Number(await redis.cli("pttl", tag)) > 8 * 86_400_000 - 60_000);
    await sessions.destroyAll("u1");
    assert.equal(await sessions.get(phone), undefined);
    assert.equal(await sessions.get(laptop), undefined);
    assert.equal(await sessions.set(laptop, { on: "laptop", n: 3 }, { owner: "u1" }), false);
    assert.equal(await sessions.get(laptop), undefined);
    assert.deepEqual(await sessions.get(other), { on: "desk" });
    assert.equal(await sessions.count(), 1);
  });

  it("end also in a Redis that is full", async () => {
    const full = await startTestRedis("session", 2);
    try {
      const sessions = caches.session(full.port, { compressFromBytes: Infinity });
      await sessions.connected(10_000);
      const token = await sessions.create("there");
      await assert.rejects(async () => {
        for (let i = 0; i < 100; i++) await sessions.create("x".repeat(100_000));
      }, /it is full/);
      await sessions.destroy(token);
      assert.equal(await sessions.get(token), undefined);
    } finally {
      await caches.close();
      await full.stop();
    }
  });

  it("go on while they are used, but not longer than they may", async () => {
    const sessions = caches.session(redis.port, { ttlMs: 600, longestMs: 1500 });
    await sessions.connected(10_000);
    const started = Date.now();
    const [used, unused] = [await sessions.create("used"), await sessions.create("unused")];
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
