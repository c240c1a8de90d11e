import assert from "node:assert/strict";

import { eventually } from "../../helpers/eventually";
import { REDIS_PASSWORD, type RunningRedis } from "../../helpers/redis-server";
import { startTcpProxy } from "../database/tcp-proxy";
import { PacedLog } from "../../../runtime/caching/paced-log";
import { Caches, settingsFor, startTestRedis } from "./caches";

describe("the log of a cache", () => {
  const caches = new Caches();
  let redis: RunningRedis;

  before(async () => {
    redis = await startTestRedis();
  });
  after(async () => {
    await redis?.stop();
  });
  afterEach(() => caches.close());

  /** Four lines, and one more where ten seconds are over. */
  function assertFew(): void {
    const { lines } = caches.logger;
    assert.ok(lines.length <= 5, `${lines.length} lines: ${JSON.stringify(lines)}`);
    assert.ok(lines.length > 0);
  }

  it("says a few times what comes and goes all the time", () => {
    const log = new PacedLog();
    const said: string[] = [];
    for (let n = 0; n < 100; n++) {
      const state = n % 2 === 0 ? "away" : "back";
      log.say(state, () => said.push(state));
    }
    assert.deepEqual(said, ["away", "back", "away", "back"]);
    log.close();
  });

  it("does not flap when Redis has another password while it is used", async () => {
    const cache = caches.data(redis.port);
    await cache.connected(10_000);
    await redis.cli("acl", "setuser", "default", "resetpass", ">another-password");
    await redis.cli("client", "kill", "type", "normal", "skipme", "yes");
    try {
      for (const until = Date.now() + 3000; Date.now() < until;) {
        await cache.getOrLoad("k", () => Promise.resolve(1));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      await redis.cli("acl", "setuser", "default", "resetpass", `>${REDIS_PASSWORD}`);
    }
    assert.match(JSON.stringify(caches.logger.lines), /credentials-refused/);
    assertFew();
  });

  it("does not flap when Redis is now slow and now not", async () => {
    const proxy = await startTcpProxy(redis.port);
    try {
      const settings = settingsFor(proxy.port, { timeoutMs: 50 });
      const cache = caches.data(proxy.port, {
        settings,
        breaker: { failures: 2, openMs: 50, longestOpenMs: 50 },
      });
      await cache.connected(10_000);
      let rounds = 0;
      for (const until = Date.now() + 4000; Date.now() < until; rounds++) {
        proxy.delayMs = rounds % 2 === 0 ? 300 : 0;
        await eventually("the change", async () => {
          await cache.getOrLoad("k", () => Promise.resolve(1));
          return (await caches.count("redis_cache_circuit_open")) === (rounds % 2 === 0 ? 1 : 0);
        });
      }
      assert.ok(rounds >= 4, `${rounds} rounds`);
      assertFew();
    } finally {
      await proxy.stop();
    }
  });
});
