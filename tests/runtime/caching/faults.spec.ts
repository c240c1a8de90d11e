import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { DataCacheManager } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import { freePort } from "../../../cli/free-port";
import { REDIS_PASSWORD, type RunningRedis } from "../../helpers/redis-server";
import { startTcpProxy } from "../database/tcp-proxy";
import { Caches, settingsFor, startTestRedis } from "./caches";
import { type FakeServer, commandServer, startFakeServer } from "./fake-redis";

const ENTRIES = "retrofitlink:data:v1:e:";

describe("a cache whose Redis has a fault", () => {
  const caches = new Caches();
  let redis: RunningRedis | undefined;
  let fake: FakeServer | undefined;

  afterEach(async () => {
    const log = JSON.stringify(caches.logger.lines);
    await caches.close();
    await redis?.stop();
    await fake?.stop();
    redis = fake = undefined;
    assert.ok(!log.includes(REDIS_PASSWORD), "the password is in the log");
    assert.ok(!log.includes("private-key"), "a key is in the log");
  });

  /** Asks for a value that is loaded, and answers how long it took. */
  async function ask(cache: DataCacheManager, key = "private-key"): Promise<number> {
    const started = performance.now();
    assert.equal(await cache.getOrLoad(key, () => Promise.resolve("value")), "value");
    return performance.now() - started;
  }

  it("that is not there at the start goes on without, and uses it when it comes", async () => {
    const port = await freePort();
    const cache = caches.data(port);
    assert.equal(await cache.connected(50), false);
    for (let i = 0; i < 20; i++) await ask(cache);
    assert.equal(cache.available, false);
    assert.equal(await caches.count("redis_cache_misses_total"), 20);
    assert.ok((await caches.count("redis_cache_errors_total")) >= 20);
    const texts = caches.logger.lines.map(({ message, fields }) => [message, fields]);
    // Once, not with each of the attempts to connect.
    assert.deepEqual(texts, [["cache is away", { cache: "redis-cache", reason: "not-connected" }]]);
    fake = await startFakeServer(
      commandServer((command) => (command[0] === "MGET" ? "*1\r\n_\r\n" : "+OK\r\n")),
      port,
    );
    await eventually("the connection", () => cache.available);
    assert.match(JSON.stringify(caches.logger.lines.at(-1)), /"level":"info".*cache/);
  });

  it("killed in mid-load and started again: every request has its answer, and hits come back", async () => {
    redis = await startTestRedis();
    const cache = caches.data(redis.port);
    await cache.connected(10_000);
    let [answers, stop] = [0, false];
    const client = async (number: number): Promise<void> => {
      for (let i = 0; !stop; i++) {
        const key = `k${(i * 7 + number) % 50}`;
        assert.equal(await cache.getOrLoad(key, () => Promise.resolve(key)), key);
        answers++;
        if (i % 10 === 0) await sleep(1);
      }
    };
    const clients = Array.from({ length: 20 }, (_, number) => client(number));
    await sleep(200);
    await redis.killHard();
    const atTheKill = answers;
    await eventually("answers without Redis", () => answers > atTheKill + 500);
    await redis.restart();
    await eventually("the connection", () => cache.available);
    const hits = await caches.count("redis_cache_hits_total");
    await eventually("hits", async () => (await caches.count("redis_cache_hits_total")) > hits + 500);
    stop = true;
    await Promise.all(clients);
    const { length } = caches.logger.lines;
    assert.ok(length <= 8, `${length} lines`);
    const total =
      (await caches.count("redis_cache_hits_total")) + (await caches.count("redis_cache_misses_total"));
    assert.equal(total, answers);
  });

  it("that is slow costs the deadline a few times, and then nothing until it is well again", async () => {
    redis = await startTestRedis();
    const proxy = await startTcpProxy(redis.port);
    try {
      const breaker = { failures: 3, openMs: 400, longestOpenMs: 800 };
      const cache = caches.data(proxy.port, {
        settings: settingsFor(proxy.port, { timeoutMs: 60 }),
        breaker,
      });
      await cache.connected(10_000);
      await eventually("a hit", async () => {
        await ask(cache);
        return (await caches.count("redis_cache_hits_total")) > 0;
      });
      proxy.delayMs = 600;
      await eventually("the open circuit", async () => {
        await ask(cache);
        return (await caches.count("redis_cache_circuit_open")) === 1;
      });
      const before = await caches.count("redis_cache_errors_total", 'reason="timeout"');
      assert.ok(before >= 3);
      for (let i = 0; i < 200; i++) await ask(cache);
      const after = await caches.count("redis_cache_errors_total", 'reason="timeout"');
      // Those that tried whether it is well again.
      assert.ok(after - before < 20, `${after - before} of 200 waited`);
      proxy.delayMs = 0;
      await eventually("hits", async () => {
        await ask(cache);
        await sleep(20);
        return (await caches.count("redis_cache_circuit_open")) === 0;
      });
      assert.match(JSON.stringify(caches.logger.lines), /cache is away.*timeout.*cache is back/);
    } finally {
      await proxy.stop();
    }
  });

  it("that is full and evicts nothing still serves what it has, and takes values again when there is room", async () => {
    redis = await startTestRedis("session", 2);
    const cache = caches.data(redis.port, { compressFromBytes: Infinity });
    await cache.connected(10_000);
    assert.equal(await cache.set("there", 1), true);
    const value = "x".repeat(100_000);
    let stored = 0;
    while (await cache.set(`big:${stored}`, value)) stored++;
    assert.ok(stored > 0 && stored < 30, String(stored));
    assert.equal(await caches.count("redis_cache_errors_total", 'reason="out-of-memory"'), 1);
    await ask(cache);
    assert.equal(await cache.get("there"), 1);
    assert.equal(cache.available, true);
    // To remove something is possible also when it is full.
    assert.ok((await cache.invalidatePattern("big:*")) > 0);
    await eventually("room", () => cache.set("new", 1));
    assert.match(JSON.stringify(caches.logger.lines), /out-of-memory.*cache is back/);
  });

  it("that is not Redis at all is a miss, and is not hammered", async () => {
    fake = await startFakeServer((socket) =>
      socket.write("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
    );
    const cache = caches.data(fake.port);
    const started = Date.now();
    while (Date.now() - started < 1000) {
      await ask(cache);
      await sleep(10);
    }
    assert.ok(fake.connections() < 60, `${fake.connections()} connections`);
    assert.match(JSON.stringify(caches.logger.lines), /"reason":"protocol"/);
  });

  it("that begins to answer nonsense never gives one key the value of another", async () => {
    let nonsense = false;
    redis = await startTestRedis();
    const cache = caches.data(redis.port);
    await cache.connected(10_000);
    await cache.set("other", "of another");
    const hex = await redis.cli("eval", HEX, "1", `${ENTRIES}other`);
    const raw = Buffer.from(hex, "hex").toString("latin1");
    await cache.close();
    fake = await startFakeServer((socket, data) => {
      const speak = commandServer((command) => {
        if (command[0] !== "MGET") return "+OK\r\n";
        // The whole entry of another key, as after a reply too many.
        const [head, body] = [`*1\r\n$${raw.length}\r\n`, `${raw}\r\n`];
        return nonsense ? "?!\r\n" : head + body;
      });
      speak({ write: (text: string) => socket.write(Buffer.from(text, "latin1")) } as any, data);
    });
    const victim = caches.data(fake.port);
    await victim.connected(10_000);
    for (let i = 0; i < 5; i++)
      assert.equal(await victim.getOrLoad("mine", () => Promise.resolve("mine")), "mine");
    assert.ok((await caches.count("redis_cache_poisoned_total")) >= 1);
    const before = fake.connections();
    nonsense = true;
    for (let i = 0; i < 5; i++) {
      assert.equal(await victim.getOrLoad("mine", () => Promise.resolve("mine")), "mine");
      await sleep(20);
    }
    nonsense = false;
    // The next reply could go to the wrong command: that connection is not used again.
    await eventually("another connection", () => (fake?.connections() ?? 0) > before && victim.available);
  });

  it("that accepts and says nothing is given up, and the connection is replaced", async () => {
    fake = await startFakeServer(() => undefined);
    const cache = caches.data(fake.port, {
      settings: settingsFor(fake.port, { timeoutMs: 50, poolSize: 1 }),
    });
    for (let i = 0; i < 10; i++) assert.ok((await ask(cache)) < 1000);
    await eventually("the second connection", () => (fake?.connections() ?? 0) >= 2);
  });

  it("with another password goes on without, and says so without it", async () => {
    redis = await startTestRedis();
    const cache = caches.data(redis.port, {
      settings: settingsFor(redis.port, { password: "private-key-of-another" }),
    });
    await eventually("the refusal", () => caches.logger.lines.length > 0);
    assert.equal(cache.available, false);
    await ask(cache);
    assert.deepEqual(
      caches.logger.lines.map(({ message, fields }) => [message, fields["reason"]]),
      [["cache is away", "credentials-refused"]],
    );
  });

  it("with poisoned entries takes them for misses, and removes them", async () => {
    redis = await startTestRedis();
    const cache = caches.data(redis.port);
    await cache.connected(10_000);
    const good = { list: Array.from({ length: 1000 }, (_, i) => i) };
    const poisons: Record<string, (key: string) => Promise<unknown>> = {
      text: (key) => redis!.cli("set", key, "hello"),
      empty: (key) => redis!.cli("set", key, ""),
      list: (key) => redis!.cli("rpush", key, "a"),
      cut: (key) => redis!.cli("eval", CUT, "1", key),
      flipped: (key) => redis!.cli("setrange", key, "60", "XXXX"),
      longer: (key) => redis!.cli("append", key, "more"),
      moved: (key) => redis!.cli("copy", `${ENTRIES}untouched`, key, "replace"),
    };
    await cache.set("untouched", good);
    for (const [name, poison] of Object.entries(poisons)) {
      await cache.set(name, good);
      if (name === "list") await redis.cli("del", ENTRIES + name);
      await poison(ENTRIES + name);
      assert.equal(await cache.get(name), undefined, name);
      if (name === "list") continue;
      await eventually(
        `the end of ${name}`,
        async () => (await redis?.cli("exists", ENTRIES + name)) === "0",
      );
    }
    assert.deepEqual(await cache.get("untouched"), good);
    assert.equal(await caches.count("redis_cache_poisoned_total"), 6);
    // A value of another shape, as an older release may have stored it.
    const accepts = (value: unknown): value is string => typeof value === "string";
    assert.equal(
      await cache.getOrLoad("untouched", () => Promise.resolve("new shape"), { accepts }),
      "new shape",
    );
    // An entry of another type is replaced.
    assert.equal(await cache.getOrLoad("list", () => Promise.resolve("value")), "value");
    assert.equal(await cache.get("list"), "value");
  });

  it("that misses an invalidation gets it later, and this process serves nothing invalid meanwhile", async () => {
    redis = await startTestRedis();
    const proxy = await startTcpProxy(redis.port);
    try {
      const settings = settingsFor(proxy.port, { timeoutMs: 100, poolSize: 1 });
      const cache = caches.data(proxy.port, {
        settings,
        breaker: { failures: 1, openMs: 50, longestOpenMs: 50 },
      });
      const other = caches.data(redis.port);
      await Promise.all([cache.connected(10_000), other.connected(10_000)]);
      await other.set("by tag", "old", { tags: ["t"] });
      await other.set("by key", "old");
      redis.signal("SIGSTOP");
      assert.equal(await cache.invalidateTags("t"), false);
      assert.equal(await cache.delete("by key"), false);
      redis.signal("SIGCONT");
      for (const key of ["by tag", "by key"])
        assert.equal(await cache.get(key, { tags: ["t"] }), undefined, key);
      await eventually(
        "the invalidation",
        async () => (await caches.count("redis_cache_pending_invalidations")) === 0,
      );
      await eventually("the end of both", async () => (await other.getMany(["by tag", "by key"])).size === 0);
    } finally {
      await proxy.stop();
    }
  });

  it("keeps none of its connections after the end", async () => {
    redis = await startTestRedis();
    const cache = caches.data(redis.port);
    await cache.connected(10_000);
    await cache.close();
    await cache.close();
    await ask(cache);
    await eventually("no client but redis-cli", async () =>
      /connected_clients:1\b/.test((await redis?.cli("info")) ?? ""),
    );
  });
});

const CUT = "return redis.call('set', KEYS[1], string.sub(redis.call('get', KEYS[1]), 1, 40))";
const HEX =
  "return (redis.call('get', KEYS[1]):gsub('.', function(c) return string.format('%02x', string.byte(c)) end))";
