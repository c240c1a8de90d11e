import assert from "node:assert/strict";

import type { DataCacheManager } from "../../../runtime/caching";
import { Gate } from "../../../runtime/caching/gate";
import { ReadBatches } from "../../../runtime/caching/read-batches";
import type { RedisLink } from "../../../runtime/caching/redis-link";
import type { RunningRedis } from "../../helpers/redis-server";
import { Caches, startTestRedis } from "./caches";

/** How often Redis was given a command since its statistics were reset. */
async function callsOf(redis: RunningRedis, command: string): Promise<number> {
  const stats = await redis.cli("info", "commandstats");
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

describe("reads of one turn of the event loop", () => {
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
    for (let index = 0; index < 200; index++) await cache.set(`value:${index}`, index, { tags: ["all"] });
    await redis.cli("config", "resetstat");
  });
  afterEach(() => caches.close());

  it("begin with one that waits for nothing; the others go out when the turn ends", async () => {
    const sent: string[] = [];
    let end: () => void = () => undefined;
    const link = {
      read: (args: readonly string[]) => Promise.resolve(sent.push(args.join(" "))),
      endOfTurn: () => new Promise<void>((resolve) => (end = resolve)),
    } as unknown as RedisLink;
    const batches = new ReadBatches(link, new Gate(512));
    const reading = ["a", "b", "c"].map((key) => {
      const batch = batches.current();
      batch.place(key);
      return batch.values();
    });
    assert.deepEqual(sent, ["MGET a"]);
    end();
    await Promise.all(reading);
    assert.deepEqual(sent, ["MGET a", "MGET b c"]);
    const next = batches.current();
    next.place("d");
    await next.values();
    assert.deepEqual(sent.at(-1), "MGET d");
  });

  it("are two commands, with each value and the tag they share in its place", async () => {
    const wanted = Array.from({ length: 40 }, (_, index) => `value:${index}`);
    const values = await Promise.all(wanted.map((key) => cache.get(key, { tags: ["all"] })));
    assert.deepEqual(
      values,
      wanted.map((_, index) => index),
    );
    assert.equal(await callsOf(redis, "mget"), 2);
    const keys = /keyspace_hits:(\d+)/.exec(await redis.cli("info", "stats"))?.[1];
    assert.equal(Number(keys), 42);
  });

  it("are several commands when they are many, and what is not there is a miss among hits", async () => {
    const wanted = Array.from({ length: 250 }, (_, index) => `value:${index}`);
    const values = await Promise.all(wanted.map((key) => cache.get(key, { tags: ["all"] })));
    assert.deepEqual(
      values,
      wanted.map((_, index) => (index < 200 ? index : undefined)),
    );
    const calls = await callsOf(redis, "mget");
    assert.ok(calls >= 5 && calls <= 6, `${calls} commands`);
    assert.equal(await caches.count("redis_cache_hits_total"), 200);
    assert.equal(await caches.count("redis_cache_misses_total"), 50);
  });

  it("of later turns see what was invalidated before", async () => {
    const before = await Promise.all([cache.get("value:1"), cache.get("value:2")]);
    await cache.invalidateTags("all");
    const after = await Promise.all([cache.get("value:1"), cache.get("value:2")]);
    assert.deepEqual(
      [before, after],
      [
        [1, 2],
        [undefined, undefined],
      ],
    );
  });

  it("are misses, each of them, when the command fails", async () => {
    await redis.stop();
    const values = await Promise.all(["value:1", "value:2", "value:3"].map((key) => cache.get(key)));
    assert.deepEqual(values, [undefined, undefined, undefined]);
    assert.equal(await caches.count("redis_cache_misses_total"), 3);
    redis = await startTestRedis();
  });
});
