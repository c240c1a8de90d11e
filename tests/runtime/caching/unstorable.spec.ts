import assert from "node:assert/strict";

import type { DataCacheManager } from "../../../runtime/caching";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, startTestRedis } from "./caches";

const ENTRY = "retrofitlink:data:v1:e:";

describe("what a cache is given", () => {
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

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const UNSAID: Readonly<Record<string, unknown>> = {
    "a BigInt": { id: 10n },
    "a cycle": cycle,
    "a function": () => 1,
    "a symbol": Symbol("x"),
    "one whose toJSON throws": {
      toJSON: () => {
        throw new Error("no");
      },
    },
  };

  for (const [what, value] of Object.entries(UNSAID)) {
    it(`that JSON cannot say, ${what}, is a miss and no error, and takes the old one away`, async () => {
      await cache.set("k", "old");
      assert.equal(await cache.set("k", value), false);
      assert.equal(await redis.cli("exists", `${ENTRY}k`), "0");
      for (let i = 0; i < 2; i++)
        assert.equal(await cache.getOrLoad("k", () => Promise.resolve(value)), value);
      assert.equal(await caches.count("redis_cache_unstorable_total", 'reason="value"'), 3);
      assert.equal(await caches.count("redis_cache_errors_total"), 0);
    });
  }

  it("is stored as it was then, whatever becomes of it after", async () => {
    const value = { n: 1 };
    const storing = cache.set("k", value, { tags: ["t"] });
    value.n = 2;
    assert.equal(await storing, true);
    assert.deepEqual(await cache.get("k"), { n: 1 });
  });

  it("may carry a thousand tags, each of which invalidates it", async () => {
    const tags = Array.from({ length: 1000 }, (_, index) => `tag:${index}`);
    for (const count of [255, 256, 1000]) {
      const some = tags.slice(0, count);
      assert.equal(await cache.set("k", count, { tags: some }), true);
      assert.equal(await cache.get("k"), count);
      assert.equal(await cache.get("k", { tags: some }), count);
      await cache.invalidateTags(`tag:${count - 1}`);
      assert.equal(await cache.get("k"), undefined);
      assert.equal(await cache.getOrLoad("k", () => Promise.resolve(-count), { tags: some }), -count);
      assert.equal(await cache.get("k"), -count);
      await cache.invalidateTags("tag:0");
      assert.equal(await cache.get("k"), undefined);
    }
  });

  it("is readable by a release from before many tags, as long as it has few", async () => {
    await cache.set("k", 1, { tags: ["a"] });
    // The format of an entry is its second byte.
    assert.equal(
      await redis.cli("eval", "return string.byte(redis.call('get', KEYS[1]), 2)", "1", `${ENTRY}k`),
      "1",
    );
  });

  it("with tags that an entry cannot carry is a miss and no error, and is counted", async () => {
    const long = "x".repeat(70_000);
    const heavy = Array.from({ length: 20 }, (_, index) => `${index}${"y".repeat(60_000)}`);
    for (const tags of [[long], heavy]) {
      await cache.set("k", "old");
      assert.equal(await cache.set("k", 1, { tags }), false);
      assert.equal(await cache.getOrLoad("k", () => Promise.resolve(1), { tags }), 1);
      assert.equal(await cache.get("k"), undefined);
    }
    assert.equal(await caches.count("redis_cache_unstorable_total", 'reason="tags"'), 4);
    assert.equal(await cache.set("k", 1, { tags: ["z".repeat(65_535)] }), true);
    assert.equal(await cache.get("k", { tags: ["z".repeat(65_535)] }), 1);
  });

  it("may be many at once, each with its answer, and is there or not", async () => {
    const entries = Array.from(
      { length: 1200 },
      (_, index) => [`k${index}`, index === 7 ? 7n : index] as const,
    );
    const stored = await cache.setMany(entries, { tags: ["all"] });
    assert.equal(stored.length, 1200);
    assert.deepEqual(
      stored.flatMap((one, index) => (one ? [] : [index])),
      [7],
    );
    assert.equal(await cache.has("k8"), true);
    assert.equal(await cache.has("k7"), false);
    assert.equal(
      (
        await cache.getMany(
          entries.map(([key]) => key),
          { tags: ["all"] },
        )
      ).size,
      1199,
    );
    const other = caches.data(redis.port, { name: "other" });
    await other.connected(10_000);
    await other.set("k1", 1);
    assert.equal(await cache.clear(), 1199);
    assert.equal(await cache.has("k8"), false);
    assert.equal(await other.has("k1"), true);
  });
});
