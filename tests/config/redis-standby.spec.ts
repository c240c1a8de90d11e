import assert from "node:assert/strict";
import { rm } from "node:fs/promises";

import { Registry } from "prom-client";

import { planRedis } from "../../budget/caching/plan-redis";
import { plannedConf } from "../../components/caching/redis/redis-conf";
import { DataCacheManager } from "../../runtime/caching";
import { eventually } from "../helpers/eventually";
import { REDIS_CREDENTIALS } from "../helpers/redis-server";
import { MASTER_NAME, Replication } from "../helpers/redis-replication";
import { settingsFor } from "../runtime/caching/caches";
import { recordingLogger } from "../runtime/database/recording-logger";

describe("a cache with two replicas standing by", function () {
  this.timeout(180_000);
  const plan = planRedis({ cache: "redis-cache", purpose: "cache", workingSetMiB: 8, standby: true });
  let cache: Replication;
  let manager: DataCacheManager;

  before(async () => {
    cache = await Replication.start(plannedConf("cache", plan));
    const addresses = cache.members.map(({ address: { host, sentinelPort } }) => ({
      host,
      port: sentinelPort,
    }));
    manager = new DataCacheManager({
      settings: settingsFor(1, { sentinels: { addresses, master: MASTER_NAME } }),
      logger: recordingLogger(),
      registry: new Registry(),
    });
    assert.equal(await manager.connected(10_000), true);
  });
  after(async () => {
    await manager?.close();
    await cache?.stop();
  });

  const kept = async (prefix: string): Promise<number> => {
    const found = await Promise.all(
      Array.from({ length: 200 }, (_, i) => manager.get(`${prefix}:${i}`).catch(() => undefined)),
    );
    return found.filter((value) => value === "value").length;
  };
  const fill = async (prefix: string): Promise<void> => {
    await eventually("writes are taken", async () => {
      await manager.set(`${prefix}:0`, "value");
      return (await manager.get(`${prefix}:0`).catch(() => undefined)) === "value";
    });
    for (let i = 0; i < 200; i++) await manager.set(`${prefix}:${i}`, "value");
    assert.equal(await kept(prefix), 200);
  };

  it("keeps what it has while all pods are replaced, each by an empty one", async () => {
    await fill("rollout");
    for (const member of [...cache.members].reverse()) {
      await member.stopAsPod();
      await rm(member.data, { recursive: true, force: true });
      await cache.give(REDIS_CREDENTIALS);
      member.start();
      await member.ready();
    }
    await cache.settled();
    await eventually(
      "every key is there",
      () => kept("rollout"),
      (count) => count === 200,
    );
  });

  it("keeps what it has when the primary dies with its node", async () => {
    await fill("death");
    const primary = await cache.settled();
    await primary.killHard();
    await rm(primary.data, { recursive: true, force: true });
    await eventually(
      "every key is there",
      () => kept("death"),
      (count) => count === 200,
      { withinMs: 60_000 },
    );
  });
});
