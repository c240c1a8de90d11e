import assert from "node:assert/strict";

import { Registry } from "prom-client";

import { ApiCacheManager, type CacheSettings, DataCacheManager } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import type { RunningRedis } from "../../helpers/redis-server";
import { recordingLogger } from "../database/recording-logger";
import { settingsFor, startTestRedis } from "./caches";

describe("connections of managers with the same settings", () => {
  let redis: RunningRedis;

  before(async function () {
    this.timeout(30_000);
    redis = await startTestRedis();
  });
  after(() => redis?.stop());

  const options = (settings: CacheSettings) => ({
    settings,
    registry: new Registry(),
    logger: recordingLogger(),
  });
  const open = async (): Promise<number> =>
    (await redis.cli("client", "list")).split("\n").filter((line) => line.includes("name=retrofitlink-"))
      .length;
  const opened = (count: number): Promise<unknown> =>
    eventually(`${count} connections`, open, (found) => found === count);

  it("are the same two, and stay until the last manager has closed", async () => {
    const settings = settingsFor(redis.port);
    const [api, data] = [new ApiCacheManager(options(settings)), new DataCacheManager(options(settings))];
    try {
      assert.deepEqual(await Promise.all([api.connected(), data.connected()]), [true, true]);
      await opened(2);
      await Promise.all([api.set("key", "of api"), data.set("key", "of data")]);
      await api.close();
      assert.equal(api.available, false);
      // What the other one has and does goes on.
      assert.deepEqual([await data.get("key"), data.available, await open()], ["of data", true, 2]);
    } finally {
      await Promise.all([api.close(), data.close()]);
    }
    await opened(0);
  });

  it("open anew for a manager that comes after all have closed", async () => {
    const settings = settingsFor(redis.port);
    await new ApiCacheManager(options(settings)).close();
    const data = new DataCacheManager(options(settings));
    try {
      assert.equal(await data.connected(), true);
      await opened(2);
    } finally {
      await data.close();
    }
  });

  it("come back for all of them after the server was gone", async function () {
    this.timeout(20_000);
    const settings = settingsFor(redis.port);
    const [api, data] = [new ApiCacheManager(options(settings)), new DataCacheManager(options(settings))];
    try {
      await Promise.all([api.connected(), data.connected()]);
      await redis.killHard();
      await eventually("both without a cache", () => !api.available && !data.available);
      await redis.restart();
      await eventually("both with a cache", () => api.available && data.available);
      await opened(2);
    } finally {
      await Promise.all([api.close(), data.close()]);
    }
  });
});
