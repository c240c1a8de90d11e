import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { DataCacheManager } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, startTestRedis } from "./caches";

const PREFIX = "retrofitlink:data:v1";

describe("a cache over a real Redis", () => {
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

  function loader<T>(...values: (T | undefined)[]): { (): Promise<T | undefined>; calls: number } {
    const load = async (): Promise<T | undefined> => {
      const value = values[Math.min(load.calls++, values.length - 1)];
      await sleep(5);
      return value;
    };
    load.calls = 0;
    return load;
  }

  describe("values", () => {
    it("come back as they went in: JSON, bytes, empty, null", async () => {
      const values = [{ a: [1, "ü", null] }, "text", 0, false, null, "", [], Buffer.from([0, 255, 13, 10])];
      for (const [index, value] of values.entries()) {
        assert.equal(await cache.set(`value:${index}`, value), true);
        assert.deepEqual(await cache.get(`value:${index}`), value);
      }
      assert.deepEqual(await cache.get("value:7"), Buffer.from([0, 255, 13, 10]));
      assert.equal(await cache.get("no such"), undefined);
      assert.equal(await caches.count("redis_cache_hits_total"), 9);
      assert.equal(await caches.count("redis_cache_misses_total"), 1);
    });

    it("are kept under keys that name the product, the cache and the version, with an end", async () => {
      await cache.set("property:42", 1);
      const next = caches.data(redis.port, { version: 2 });
      await next.connected(10_000);
      assert.equal(await next.get("property:42"), undefined);
      assert.equal(await redis.cli("--raw", "keys", "*"), `${PREFIX}:e:property:42`);
      const left = Number(await redis.cli("pttl", `${PREFIX}:e:property:42`));
      // 30 minutes, and 5 more while it is stale.
      assert.ok(left > 34 * 60_000 && left <= 35 * 60_000, `${left} ms`);
    });

    it("may have any key: control characters, wildcards, unpaired surrogates, a megabyte", async () => {
      const keys = [
        "a\r\nDEL x\r\n",
        "a\0b",
        "a b",
        "*",
        "[ab]?",
        "%",
        "%25",
        "ä",
        "\ud800",
        "\ud801",
        "x".repeat(1e6),
        "",
      ];
      for (const [index, key] of keys.entries()) await cache.set(key, index);
      for (const [index, key] of keys.entries())
        assert.equal(await cache.get(key), index, JSON.stringify(key.slice(0, 20)));
      assert.equal(await redis.cli("dbsize"), String(keys.length));
      const found = (await redis.cli("--raw", "keys", "*")).split("\n");
      assert.deepEqual(
        found.filter((key) => !/^[!-~]{1,250}$/.test(key)),
        [],
      );
    });

    it("are compressed above a size when that makes them smaller", async () => {
      const text = JSON.stringify(Array.from({ length: 2000 }, (_, i) => ({ id: i, city: "Leipzig" })));
      const sizes: Record<string, number> = { small: 100, large: 20_000, larger: 66_000, threaded: 400_000 };
      for (const [key, size] of Object.entries(sizes)) {
        const value = text.repeat(10).slice(0, size);
        await cache.set(key, value);
        assert.equal(await cache.get(key), value);
        const stored = Number(await redis.cli("strlen", `${PREFIX}:e:${key}`));
        assert.equal(stored < size / 2, key !== "small", `${key}: ${stored} of ${size}`);
      }
      const noise = randomBytes(50_000);
      await cache.set("noise", noise);
      assert.deepEqual(await cache.get("noise"), noise);
      assert.equal(await redis.cli("strlen", `${PREFIX}:e:noise`), String(50_000 + 25));
    });

    it("over the limit are not stored, and take the old one away", async () => {
      const small = caches.data(redis.port, { maxValueBytes: 1000 });
      await small.connected(10_000);
      await small.set("k", "old");
      assert.equal(await small.set("k", "x".repeat(2000)), false);
      assert.equal(await small.get("k"), undefined);
      assert.equal(await small.getOrLoad("k", () => Promise.resolve("y".repeat(2000))), "y".repeat(2000));
      assert.equal(await caches.count("redis_cache_too_large_total"), 2);
    });

    it("are read many at a time in one round trip", async () => {
      await cache.set("a", 1);
      await cache.set("b", 2, { tags: ["t"] });
      const before = Number(/total_commands_processed:(\d+)/.exec(await redis.cli("info", "stats"))?.[1]);
      assert.deepEqual(
        await cache.getMany(["a", "none", "b"], { tags: ["t"] }),
        new Map([
          ["a", 1],
          ["b", 2],
        ]),
      );
      const after = Number(/total_commands_processed:(\d+)/.exec(await redis.cli("info", "stats"))?.[1]);
      // The look at the numbers is one, with its AUTH two.
      assert.ok(after - before <= 3, `${after - before} commands`);
      assert.deepEqual(await cache.getMany([]), new Map());
    });
  });

  describe("a miss", () => {
    it("loads once for a thousand who ask at the same time", async () => {
      const load = loader({ name: "solar" });
      const answers = await Promise.all(Array.from({ length: 1000 }, () => cache.getOrLoad("one", load)));
      assert.equal(load.calls, 1);
      assert.ok(answers.every((answer) => answer?.name === "solar"));
      assert.equal(await caches.count("redis_cache_coalesced_total"), 999);
      assert.deepEqual(await cache.get("one"), { name: "solar" });
    });

    it("fails for all who wait when the load fails, and is tried again by the next", async () => {
      let calls = 0;
      const load = async (): Promise<string> => {
        await sleep(5);
        if (++calls === 1) throw new Error("no database");
        return "value";
      };
      const results = await Promise.allSettled([1, 2, 3].map(() => cache.getOrLoad("k", load)));
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "rejected", "rejected"],
      );
      assert.equal(await cache.getOrLoad("k", load), "value");
      assert.equal(calls, 2);
    });

    it("of something that does not exist is remembered, for a shorter time", async () => {
      const load = loader<string>(undefined, "now there");
      const options = { negativeTtlMs: 300 };
      assert.equal(await cache.getOrLoad("k", load, options), undefined);
      assert.equal(await cache.getOrLoad("k", load, options), undefined);
      assert.equal(load.calls, 1);
      assert.equal(await caches.count("redis_cache_negative_hits_total"), 1);
      await sleep(310);
      assert.equal(await cache.getOrLoad("k", load, options), "now there");
      const never = loader<string>(undefined);
      for (let i = 0; i < 3; i++) await cache.getOrLoad("n", never, { negativeTtlMs: 0 });
      assert.equal(never.calls, 3);
    });

    it("is loaded by one process at a time where a lock is asked for", async () => {
      const other = caches.data(redis.port);
      await other.connected(10_000);
      let calls = 0;
      const load = async (): Promise<number> => {
        await sleep(100);
        return ++calls;
      };
      const options = { lockMs: 5000 };
      const answers = await Promise.all(
        [cache, other, cache, other].map((one) => one.getOrLoad("k", load, options)),
      );
      assert.deepEqual(answers, [1, 1, 1, 1]);
      assert.equal(await redis.cli("exists", `${PREFIX}:l:k`), "0");
    });

    it("waits no longer for the lock of a process that has gone than the lock lasts", async () => {
      await redis.cli("set", `${PREFIX}:l:k`, "somebody", "px", "60000");
      assert.equal(await cache.getOrLoad("k", loader("value"), { lockMs: 200 }), "value");
      assert.equal(await redis.cli("get", `${PREFIX}:l:k`), "somebody");
    });
  });

  describe("a value past its freshness", () => {
    it("is returned while one new one is made, and never past its bound", async () => {
      const options = { ttlMs: 100, staleMs: 2000 };
      await cache.set("k", "old", options);
      await sleep(150);
      const load = loader("new");
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => cache.getOrLoad("k", load, options)),
      );
      assert.ok(answers.every((answer) => answer === "old"));
      await eventually("the new value", async () => (await cache.get("k")) === "new");
      assert.equal(load.calls, 1);
      assert.ok((await caches.count("redis_cache_stale_hits_total")) >= 50);
    });

    it("stays until its bound when the load fails, and then the error shows", async () => {
      const options = { ttlMs: 50, staleMs: 400 };
      const failing = (): Promise<string> => Promise.reject(new Error("postgres://user:secret@host is away"));
      await cache.set("k", "old", options);
      const stored = Date.now();
      await sleep(60);
      let last = 0;
      for (;;) {
        const asked = Date.now();
        try {
          assert.equal(await cache.getOrLoad("k", failing, options), "old");
          last = asked;
        } catch (error) {
          assert.match((error as Error).message, /is away/);
          break;
        }
        await sleep(10);
      }
      assert.ok(last > 0 && last - stored <= 450, `${last - stored} ms`);
      assert.ok(!JSON.stringify(caches.logger.lines).includes("secret"));
      assert.match(JSON.stringify(caches.logger.lines), /refresh failed/);
    });

    it("is not served by the clock of a process that is ahead of Redis's", async () => {
      await cache.set("k", "old", { ttlMs: 2000, staleMs: 0 });
      // Redis keeps it longer than its bound, as after a restore.
      await redis.cli("persist", `${PREFIX}:e:k`);
      assert.equal(await cache.get("k"), "old");
      await eventually("the bound", async () => (await cache.get("k")) === undefined);
      assert.equal(await redis.cli("exists", `${PREFIX}:e:k`), "1");
    });

    it("expires at different times for values that were stored together, and never later", async () => {
      const jittered = caches.data(redis.port, { jitter: 0.5, ttlMs: 100_000, staleMs: 0 });
      await jittered.connected(10_000);
      const lifetimes = Array.from({ length: 200 }, () => jittered.lifetime(1, {}).freshMs);
      assert.ok(lifetimes.every((ms) => ms >= 50_000 && ms <= 100_000));
      assert.ok(new Set(lifetimes).size > 100);
    });
  });

  describe("invalidation", () => {
    it("by tag finds everything with it, whether the reader names the tag or not", async () => {
      await cache.set("list", [1], { tags: ["property:1", "city:Bonn"] });
      await cache.set("one", 1, { tags: ["property:1"] });
      await cache.set("other", 2, { tags: ["property:2"] });
      assert.deepEqual(await cache.get("list"), [1]);
      assert.deepEqual(await cache.get("list", { tags: ["property:1"] }), [1]);
      assert.equal(await cache.invalidateTags("property:1"), true);
      assert.equal(await cache.get("list"), undefined);
      assert.equal(await cache.get("one", { tags: ["property:1"] }), undefined);
      assert.equal(await cache.get("other"), 2);
      await cache.set("one", 3, { tags: ["property:1"] });
      assert.equal(await cache.get("one"), 3);
    });

    it("by tag also concerns what another process is loading just now", async () => {
      const other = caches.data(redis.port);
      await other.connected(10_000);
      let answer = "";
      let loads = 0;
      let finish: () => void = () => undefined;
      const load = (): Promise<string> => {
        loads++;
        return new Promise<string>((resolve) => (finish = () => resolve(answer)));
      };
      const loading = cache.getOrLoad("k", load, { tags: ["t"] });
      await eventually("the load", () => loads === 1);
      await other.invalidateTags("t");
      answer = "from before";
      finish();
      assert.equal(await loading, "from before");
      assert.equal(await cache.get("k"), undefined);
    });

    it("by key or tag lets nobody join a load from before it", async () => {
      const finish: ((value: string) => void)[] = [];
      const load = (): Promise<string> => new Promise((resolve) => finish.push(resolve));
      const first = cache.getOrLoad("k", load, { tags: ["t"] });
      await eventually("the first load", () => finish.length === 1);
      await cache.delete("k");
      const second = cache.getOrLoad("k", load, { tags: ["t"] });
      await eventually("the second load", () => finish.length === 2);
      finish[1]?.("new");
      assert.equal(await second, "new");
      finish[0]?.("old");
      assert.equal(await first, "old");
      assert.equal(await cache.get("k"), "new");
    });

    it("by pattern removes what matches and nothing else, without KEYS", async () => {
      for (let i = 0; i < 1500; i++) await cache.set(`property:${i}`, i);
      await cache.set("property[1]", 1);
      await cache.set("contractor:1", 1);
      const other = caches.data(redis.port, { name: "other" });
      await other.connected(10_000);
      await other.set("property:1", 1);
      await redis.cli("config", "resetstat");
      assert.equal(await cache.invalidatePattern("property[*"), 1);
      assert.equal(await cache.invalidatePattern("property:*", { batch: 100 }), 1500);
      assert.equal(await redis.cli("dbsize"), "2");
      assert.ok(!(await redis.cli("info", "commandstats")).includes("cmdstat_keys"));
      assert.equal(await caches.count("redis_cache_invalidations_total", 'kind="pattern"'), 1501);
    });

    it("by pattern stops at its bound", async () => {
      for (let i = 0; i < 300; i++) await cache.set(`p:${i}`, i);
      const removed = await cache.invalidatePattern("*", { batch: 10, most: 50 });
      assert.ok(removed >= 50 && removed < 300, String(removed));
    });
  });

  it("is warmed with so many loads at a time as asked for, and goes on after one that fails", async () => {
    await cache.set("k3", "there");
    let [running, most] = [0, 0];
    const load = async (key: string): Promise<string> => {
      most = Math.max(most, ++running);
      await sleep(10);
      running--;
      if (key === "k5") throw new Error("no");
      return key;
    };
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    assert.deepEqual(await cache.warm(keys, load, { concurrency: 3 }), { loaded: 18, failed: 1 });
    assert.equal(most, 3);
    assert.equal((await cache.getMany(keys)).size, 19);
  });

  it("refuses options that make no sense, by name", () => {
    assert.throws(() => caches.data(1, { ttlMs: 0 }), /cache data: ttlMs is 0; allowed is 1 to 2592000000/);
    assert.throws(() => caches.data(1, { jitter: 0.9 }), /cache data: jitter is 0.9; allowed is 0 to 0.5/);
  });
});
