import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { type DataCacheManager, LoadTimeout } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, settingsFor, startTestRedis } from "./caches";
import { startFakeServer } from "./fake-redis";

const ENTRY = "retrofitlink:data:v1:e:";

/** As somebody without types could give them. */
const NO_TIMES: readonly unknown[] = [-5, NaN, Infinity, "60000", "", true, {}, 1e12];

describe("the times of a cache over a real Redis", () => {
  let redis: RunningRedis;
  let cache: DataCacheManager;
  const caches = new Caches();

  before(async () => {
    redis = await startTestRedis();
  });
  after(async () => {
    await redis?.stop();
  });
  beforeEach(async () => {
    await redis.cli("flushall");
    cache = caches.data(redis.port);
    assert.equal(await cache.connected(10_000), true);
  });
  afterEach(() => caches.close());

  async function leftOf(key: string): Promise<number> {
    return Number(await redis.cli("pttl", ENTRY + key));
  }

  describe("ttlMs", () => {
    it("of a call is when the value ends, in Redis as well", async () => {
      await cache.set("k", 1, { ttlMs: 500 });
      assert.ok((await leftOf("k")) <= 500);
      assert.equal(await cache.get("k"), 1);
      await eventually("the end", async () => (await redis.cli("exists", `${ENTRY}k`)) === "0");
      assert.equal(await cache.get("k"), undefined);
    });

    it("of a manager is when a value ends, for getOrLoad too", async () => {
      const short = caches.data(redis.port, { ttlMs: 150 });
      await short.connected(10_000);
      await short.set("k", "old");
      await sleep(160);
      assert.equal(await short.get("k"), undefined);
      assert.equal(await short.getOrLoad("k", () => Promise.resolve("new")), "new");
    });

    it("is the end for whoever reads, where only getOrLoad may have it longer", async () => {
      const options = { ttlMs: 100, staleMs: 60_000, tags: ["t"] };
      await cache.set("k", "old", options);
      await sleep(120);
      assert.equal(await cache.get("k"), undefined);
      assert.equal(await cache.has("k"), false);
      assert.equal((await cache.getMany(["k"])).size, 0);
      assert.equal(await caches.count("redis_cache_hits_total"), 0);
      assert.equal(await cache.get("k", { staleMs: 60_000 }), "old");
      assert.deepEqual(await cache.getMany(["k"], { staleMs: 60_000 }), new Map([["k", "old"]]));
      // Of another caller, who asks for no stale value.
      assert.equal(await cache.getOrLoad("k", () => Promise.resolve("new"), { ttlMs: 5000 }), "new");
    });

    it("0 is not kept, and takes away what was there", async () => {
      for (const staleMs of [undefined, 5000]) {
        await cache.set("k", "before");
        const options = { ttlMs: 0, ...(staleMs === undefined ? {} : { staleMs }) };
        assert.equal(await cache.set("k", "now", options), false);
        assert.equal(await redis.cli("exists", `${ENTRY}k`), "0");
      }
      let loads = 0;
      for (let i = 0; i < 2; i++) {
        assert.equal(await cache.getOrLoad("k", () => Promise.resolve(++loads), { ttlMs: 0 }), loads);
      }
      assert.equal(loads, 2);
      assert.equal(await redis.cli("dbsize"), "0");
    });

    it("of what no longer exists takes a stale value away, also when that is not remembered", async () => {
      await cache.set("k", "old", { ttlMs: 50, staleMs: 60_000 });
      await sleep(60);
      const options = { ttlMs: 50, staleMs: 60_000, negativeTtlMs: 0 };
      assert.equal(
        await cache.getOrLoad("k", () => Promise.resolve<string | undefined>(undefined), options),
        "old",
      );
      await eventually("nothing", async () => (await redis.cli("exists", `${ENTRY}k`)) === "0");
    });

    it("may be a fraction, and with staleMs as long as the longest", async () => {
      assert.equal(await cache.set("a", 1, { ttlMs: 1000.5, staleMs: 0.25 }), true);
      const month = 30 * 86_400_000;
      assert.equal(await cache.set("b", 1, { ttlMs: month, staleMs: month }), true);
      assert.equal(await cache.get("b"), 1);
      assert.ok((await leftOf("b")) <= month);
    });
  });

  it("are refused by name when they are no times, and nothing is stored or loaded", async () => {
    let loads = 0;
    const load = (): Promise<number> => Promise.resolve(++loads);
    for (const bad of NO_TIMES) {
      const text = typeof bad === "number" ? String(bad) : `${JSON.stringify(bad)}, no number`;
      const refusal = (option: string) => (error: unknown) => {
        assert.ok(error instanceof RangeError);
        assert.ok(error.message.startsWith(`cache data: ${option} is ${text}; allowed is `), error.message);
        return true;
      };
      const of = (option: string): any => ({ [option]: bad });
      for (const option of ["ttlMs", "staleMs"]) {
        await assert.rejects(cache.set("k", 1, of(option)), refusal(option));
        await assert.rejects(cache.setMany([["k", 1]], of(option)), refusal(option));
        await assert.rejects(cache.touch("k", of(option)), refusal(option));
      }
      for (const option of ["ttlMs", "staleMs", "negativeTtlMs", "lockMs", "timeoutMs"]) {
        await assert.rejects(cache.getOrLoad("k", load, of(option)), refusal(option));
      }
      await assert.rejects(cache.warm(["k"], load, of("concurrency")), refusal("concurrency"));
      await assert.rejects(cache.warm(["k"], load, of("ttlMs")), refusal("ttlMs"));
      await assert.rejects(cache.invalidatePattern("*", of("batch")), refusal("batch"));
      await assert.rejects(cache.get("k", of("staleMs")), refusal("staleMs"));
      await assert.rejects(cache.getMany(["k"], of("staleMs")), refusal("staleMs"));
      for (const option of ["ttlMs", "staleMs", "negativeTtlMs", "loadTimeoutMs", "jitter"]) {
        assert.throws(() => caches.data(1, of(option)), refusal(option));
      }
    }
    assert.equal(loads, 0);
    assert.equal(await redis.cli("dbsize"), "0");
  });

  it("that are refused leave no connection behind that nobody could close", async () => {
    const server = await startFakeServer(() => undefined);
    for (const options of [{ ttlMs: 0 }, { staleMs: -1 }, { jitter: 1 }, { loadTimeoutMs: 0 }]) {
      assert.throws(() => caches.data(server.port, options), RangeError);
    }
    assert.throws(
      () => caches.session(server.port, { settings: settingsFor(server.port), longestMs: 0 }),
      RangeError,
    );
    await sleep(100);
    assert.equal(server.connections(), 0);
    await server.stop();
  });

  describe("touch", () => {
    it("gives a value a new end without sending it again", async () => {
      await cache.set("k", { a: "x".repeat(5000) }, { ttlMs: 1000, tags: ["t"] });
      assert.equal(await cache.touch("k", { ttlMs: 60_000 }), true);
      const left = await leftOf("k");
      assert.ok(left > 55_000 && left <= 60_000, `${left} ms`);
      assert.deepEqual(await cache.get("k"), { a: "x".repeat(5000) });
      await cache.invalidateTags("t");
      assert.equal(await cache.get("k"), undefined);
      assert.equal(await cache.touch("k"), false);
      assert.equal(await cache.touch("none"), false);
    });

    it("with 0 removes it, and does not bring back what has ended", async () => {
      await cache.set("k", 1);
      assert.equal(await cache.touch("k", { ttlMs: 0 }), false);
      assert.equal(await redis.cli("exists", `${ENTRY}k`), "0");
      await cache.set("k", 1, { ttlMs: 50, staleMs: 5000 });
      await sleep(60);
      assert.equal(await cache.touch("k", { ttlMs: 5000 }), false);
    });
  });

  describe("a load", () => {
    it("that never ends gives its key back after its time, and all who wait an error", async () => {
      let loads = 0;
      const never = (): Promise<string> => {
        loads++;
        return new Promise(() => undefined);
      };
      const started = performance.now();
      const waiting = Array.from({ length: 5 }, () => cache.getOrLoad("k", never, { timeoutMs: 200 }));
      for (const result of await Promise.allSettled(waiting)) {
        assert.equal(result.status, "rejected");
        assert.ok(result.reason instanceof LoadTimeout);
        assert.equal(result.reason.status, 503);
        assert.match(result.reason.message, /^cache data: a value was not loaded within 200 ms/);
      }
      assert.ok(performance.now() - started >= 195);
      assert.equal(loads, 1);
      assert.equal(await cache.getOrLoad("k", () => Promise.resolve("value")), "value");
      assert.equal(await caches.count("redis_cache_load_duration_seconds_count", 'result="late"'), 1);
    });

    it("has the time of a request where nobody says another", async () => {
      const settings = { ...settingsFor(redis.port), requestTimeoutMs: 150 };
      const short = caches.data(redis.port, { settings });
      await short.connected(10_000);
      await assert.rejects(
        short.getOrLoad("k", () => new Promise(() => undefined)),
        /within 150 ms/,
      );
    });

    it("with a lock gives the lock back as well", async () => {
      const options = { timeoutMs: 100, lockMs: 5000 };
      await assert.rejects(
        cache.getOrLoad("k", () => new Promise(() => undefined), options),
        LoadTimeout,
      );
      await eventually(
        "the lock",
        async () => (await redis.cli("exists", "retrofitlink:data:v1:l:k")) === "0",
      );
    });

    it("that ends after its time is kept for who asks then, unless it was invalidated", async () => {
      for (const invalidated of [false, true]) {
        let finish: (value: string) => void = () => undefined;
        const load = (): Promise<string> => new Promise((resolve) => (finish = resolve));
        const key = `k:${invalidated}`;
        await assert.rejects(cache.getOrLoad(key, load, { timeoutMs: 50, tags: ["t"] }), LoadTimeout);
        if (invalidated) await cache.delete(key);
        finish("late");
        if (!invalidated) await eventually("the value", async () => (await cache.get(key)) === "late");
        await sleep(50);
        assert.equal(await cache.get(key), invalidated ? undefined : "late");
      }
    });

    it("does not overwrite what another process has stored meanwhile", async () => {
      const other = caches.data(redis.port);
      await other.connected(10_000);
      for (const before of ["nothing", "stale"]) {
        const options = { ttlMs: 60_000, staleMs: 60_000 };
        if (before === "stale") await cache.set(before, "stale", { ttlMs: 20, staleMs: 60_000 });
        await sleep(30);
        let finish: (value: string) => void = () => undefined;
        let loads = 0;
        const loading = cache.getOrLoad(
          before,
          () => {
            loads++;
            return new Promise<string>((resolve) => (finish = resolve));
          },
          options,
        );
        await eventually("the load", () => loads === 1);
        await other.set(before, "newer");
        finish("older");
        assert.equal(await loading, before === "stale" ? "stale" : "older");
        await sleep(50);
        assert.equal(await cache.get(before), "newer");
      }
    });

    it("replaces what was stale, invalid by tag or no entry", async () => {
      await cache.set("stale", "old", { ttlMs: 20, staleMs: 60_000 });
      await cache.set("invalid", "old", { tags: ["t"] });
      await cache.invalidateTags("t");
      await redis.cli("set", `${ENTRY}poisoned`, "hello");
      await redis.cli("rpush", `${ENTRY}list`, "a");
      await sleep(30);
      for (const key of ["stale", "invalid", "poisoned", "list"]) {
        await cache.getOrLoad(key, () => Promise.resolve("new"), { ttlMs: 60_000, staleMs: 60_000 });
        await eventually(key, async () => {
          await cache.getOrLoad(key, () => Promise.resolve("new"), { ttlMs: 60_000, staleMs: 60_000 });
          return (await cache.get(key)) === "new";
        });
      }
    });
  });
});
