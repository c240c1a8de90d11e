import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { type CacheSettings, CacheUnavailable, cacheSettings } from "../../../runtime/caching";
import { type PrivateAuthority, makePrivateAuthority } from "../../helpers/authority";
import { eventually } from "../../helpers/eventually";
import { type PlainRedis, startPlainRedis, startRedisCluster } from "../../helpers/redis-plain";
import { Caches, settingsFor } from "./caches";

describe("a Redis that is not ours", function () {
  this.timeout(40_000);
  const caches = new Caches();
  const servers: PlainRedis[] = [];

  afterEach(async () => {
    await caches.close();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function start(conf: readonly string[], access: readonly string[] = []): Promise<PlainRedis> {
    const server = await startPlainRedis(conf, access);
    servers.push(server);
    return server;
  }

  it("that knows ACL users only takes the one that the settings name, for every manager", async () => {
    const conf = [
      "user default off",
      "user backend on >of-backend ~retrofitlink:* +@all -@admin -@dangerous",
    ];
    const { port } = await start(conf, ["--user", "backend", "--pass", "of-backend"]);
    const environment = {
      REQUEST_TIMEOUT_MS: "4000",
      REDIS_CACHE_HOST: "127.0.0.1",
      REDIS_CACHE_PORT: String(port),
      REDIS_CACHE_USERNAME: "backend",
      REDIS_CACHE_PASSWORD: "of-backend",
      REDIS_CACHE_POOL_SIZE: "2",
    };
    const settings = cacheSettings("redis-cache", "session", environment);
    const data = caches.data(port, { settings });
    const sessions = caches.session(port, { settings });
    assert.equal(await data.connected(10_000), true);
    assert.equal(await sessions.connected(10_000), true);
    assert.equal(await data.set("k", 1, { tags: ["t"] }), true);
    assert.equal(await data.get("k", { tags: ["t"] }), 1);
    assert.equal(await data.invalidateTags("t"), true);
    assert.equal(await data.get("k", { tags: ["t"] }), undefined);
    assert.equal(await data.invalidatePattern("*"), 1);
    const token = await sessions.create({ user: 1 });
    assert.deepEqual(await sessions.get(token), { user: 1 });

    const refused = caches.data(port, { settings: settingsFor(port, { password: "of-backend" }) });
    await eventually("the refusal", () =>
      JSON.stringify(caches.logger.lines).includes("credentials-refused"),
    );
    assert.equal(refused.available, false);
  });

  describe("over TLS, by an authority of its own,", () => {
    let signed: PrivateAuthority;
    before(async () => {
      signed = await makePrivateAuthority();
    });
    after(() => signed.stop());

    async function startTls(): Promise<PlainRedis> {
      const { authority, certificate, key } = signed;
      const conf = [
        ...["requirepass secret", "tls-auth-clients no", `tls-ca-cert-file ${authority}`],
        ...[`tls-cert-file ${certificate}`, `tls-key-file ${key}`],
      ];
      return start(conf, ["--tls", "--cacert", authority, "--pass", "secret"]);
    }

    function settings(port: number, more: Record<string, string>): CacheSettings {
      return cacheSettings("redis-cache", "cache", {
        REQUEST_TIMEOUT_MS: "4000",
        REDIS_CACHE_HOST: "127.0.0.1",
        REDIS_CACHE_PORT: String(port),
        REDIS_CACHE_PASSWORD: "secret",
        REDIS_CACHE_POOL_SIZE: "2",
        REDIS_CACHE_TLS: "true",
        ...more,
      });
    }

    it("is used with the file of that authority", async () => {
      const { port } = await startTls();
      const trusting = settings(port, { REDIS_CACHE_CA_FILE: signed.authority });
      const cache = caches.data(port, { settings: trusting });
      assert.equal(await cache.connected(10_000), true);
      assert.equal(await cache.set("k", 1), true);
      assert.equal(await cache.get("k"), 1);
    });

    it("is not trusted without, nor with another's", async () => {
      const { port } = await startTls();
      const other = await makePrivateAuthority();
      try {
        const without: Record<string, string> = {};
        for (const more of [without, { REDIS_CACHE_CA_FILE: other.authority }]) {
          const cache = caches.data(port, { settings: settings(port, more) });
          assert.equal(await cache.connected(500), false);
        }
      } finally {
        await other.stop();
      }
    });

    it("lets a process end that closes in the middle of the handshake", async () => {
      const { port } = await startTls();
      const trusting = settings(port, { REDIS_CACHE_CA_FILE: signed.authority });
      for (let number = 0; number < 20; number++) {
        const cache = caches.data(port, { settings: trusting });
        await new Promise((resolve) => setTimeout(resolve, number));
        await cache.close();
      }
      const server = servers[0];
      const clients = await server?.cli("client", "list");
      assert.equal(clients?.split("\n").length, 1, clients);
    });
  });

  function settingsOf(port: number): CacheSettings {
    return cacheSettings("redis-cache", "cache", {
      REQUEST_TIMEOUT_MS: "4000",
      REDIS_CACHE_HOST: "127.0.0.1",
      REDIS_CACHE_PORT: String(port),
      REDIS_CACHE_POOL_SIZE: "2",
    });
  }

  it("that is a Cluster is refused in one sentence, by every manager and for who waits for it", async () => {
    const nodes = await startRedisCluster();
    servers.push(...nodes);
    for (const { port } of nodes) {
      const settings = settingsOf(port);
      for (const cache of [
        caches.data(port, { settings }),
        caches.api(port, { settings }),
        caches.session(port, { settings }),
      ]) {
        // Known before somebody waits, and only then.
        for (const when of ["first", "then"]) {
          await assert.rejects(cache.connected(10_000), (error: unknown) => {
            assert.ok(error instanceof CacheUnavailable, when);
            assert.equal(error.reason, "cluster");
            assert.match(
              error.message,
              /redis-cache is unavailable: it is a Redis Cluster, which is not supported;/,
            );
            return true;
          });
        }
        assert.equal(cache.available, false);
      }
    }
    const told = caches.logger.lines.filter(({ level }) => level === "error");
    assert.equal(told.length, 9);
    // What a cache is for goes on, with what is loaded, and without another word.
    await caches.close();
    const [{ port = 0 } = {}] = nodes;
    const cache = caches.data(0, { settings: settingsOf(port) });
    await assert.rejects(cache.connected(10_000), CacheUnavailable);
    for (let number = 0; number < 50; number++) {
      assert.equal(await cache.getOrLoad("k", () => Promise.resolve(number), { tags: ["t"] }), number);
      await sleep(20);
    }
    await assert.rejects(cache.connected(10_000), CacheUnavailable);
    assert.equal(caches.logger.lines.length, 1, JSON.stringify(caches.logger.lines));
  });
});
