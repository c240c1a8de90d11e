import assert from "node:assert/strict";

import { createClient } from "redis";

import type { RedisPurpose } from "../../budget/caching/purpose";
import { redisConf } from "../../components/caching/redis/redis-conf";
import { type RedisUserName, passwordOf } from "../../components/caching/redis/redis-users";
import type { ApiCacheManager } from "../../runtime/caching";
import { Caches } from "../runtime/caching/caches";
import { MASTER_NAME, Replication, type ReplicationMember } from "../helpers/redis-replication";
import { REDIS_CREDENTIALS, REDIS_PASSWORD, type RunningRedis, startRedis } from "../helpers/redis-server";

const SIZES = { maxMemoryMiB: 32, clientBuffersMiB: 16, maxClients: 60, ioThreads: 1 };

/** What nobody but an operator may do on any server. */
const FOR_OPERATORS = [
  "flushall",
  "flushdb",
  "config set maxmemory 1",
  "config get masterauth",
  "shutdown nosave",
  "replicaof no one",
  "keys *",
  "monitor",
  "debug sleep 0",
  "acl setuser x on nopass +@all",
  "acl list",
  "client kill type normal",
  "client pause 1000",
  "client list",
  "module list",
  "save",
  "swapdb 0 1",
  "migrate 127.0.0.1 1 k 0 1",
  "slowlog reset",
  "failover",
];

/** What a service does, by its runtime and with what is usual beside it. */
const FOR_SERVICES = [
  "ping",
  "hello 3",
  "client setname me",
  "mget a b",
  "set k v PX 100 NX GET",
  "unlink a b",
  "scan 0 match x* count 10",
  "eval return 1 1 k",
  "evalsha 0 1 k",
  "hset h f v",
  "incr n",
  "zadd z 1 a",
  "xadd x * f v",
  "multi",
  "watch k",
  "wait 1 100",
  "info",
  "role",
];

/** Whether a user may, as the server says; nothing is done. */
async function may(
  ask: (...command: string[]) => Promise<string>,
  user: RedisUserName,
  command: string,
): Promise<boolean> {
  const answer = await ask("acl", "dryrun", user, ...command.split(" "));
  if (answer === "OK") return true;
  assert.match(answer, /has no permissions to run|can't run this command|no permissions to access/i);
  return false;
}

async function refusals(
  ask: (...command: string[]) => Promise<string>,
  user: RedisUserName,
  commands: readonly string[],
): Promise<string[]> {
  const refused: string[] = [];
  for (const command of commands) if (!(await may(ask, user, command))) refused.push(command);
  return refused;
}

for (const purpose of ["cache", "session"] as const satisfies readonly RedisPurpose[]) {
  describe(`the users of a ${purpose}`, function () {
    this.timeout(30_000);
    let redis: RunningRedis;
    before(async () => {
      redis = await startRedis({ ...SIZES, purpose });
    });
    after(() => redis?.stop());
    const ask = (...command: string[]): Promise<string> => redis.cli(...command);

    it("let a service do everything with keys, and nothing to the server or to all keys at once", async () => {
      assert.deepEqual(await refusals(ask, "default", FOR_SERVICES), []);
      assert.deepEqual(await refusals(ask, "default", FOR_OPERATORS), FOR_OPERATORS);
    });

    it("let a service talk to others where no Sentinel listens", async () => {
      const messages = ["publish news x", "subscribe news", "publish __sentinel__:hello x"];
      assert.deepEqual(await refusals(ask, "default", messages), purpose === "cache" ? [] : messages);
    });

    it("let the exporter read numbers, and neither a key nor a password", async () => {
      const numbers = [
        "ping",
        "info all",
        "slowlog get 10",
        "slowlog len",
        "latency latest",
        "client setname x",
      ];
      assert.deepEqual(await refusals(ask, "exporter", numbers), []);
      const others = ["get k", "set k v", "scan 0", "config get *", "publish a b", "eval 1 0"];
      const denied = [...others, ...FOR_OPERATORS];
      assert.deepEqual(await refusals(ask, "exporter", denied), denied);
    });

    it("are refused for real, with what they are told", async () => {
      const url = `redis://127.0.0.1:${redis.port}`;
      const client = createClient({ url, password: REDIS_PASSWORD, socket: { reconnectStrategy: false } });
      client.on("error", () => undefined);
      await client.connect();
      try {
        await client.set("k", "v");
        await assert.rejects(client.flushAll(), /^Error: NOPERM/);
        await assert.rejects(client.configGet("masterauth"), /^Error: NOPERM/);
        assert.equal(await client.get("k"), "v");
      } finally {
        client.destroy();
      }
    });

    it("let the one in the pod do what the guide says, without naming anybody", async () => {
      assert.equal(await redis.cli("ping"), "PONG");
      assert.match(await redis.cli("info", "stats"), /keyspace_hits:/);
      assert.equal(await redis.cli("flushall"), "OK");
      assert.equal(await redis.cli("acl", "whoami"), "operator");
    });

    it("are enough for the runtime, with invalidations of every kind", async () => {
      const caches = new Caches();
      try {
        const cache: ApiCacheManager = caches.api(redis.port);
        assert.equal(await cache.connected(10_000), true);
        assert.equal(await cache.set("k", 1, { tags: ["t"] }), true);
        assert.equal(await cache.invalidateTags("t"), true);
        assert.equal(await cache.invalidatePattern("*"), 1);
        assert.equal(await caches.count("redis_cache_errors_total"), 0);
      } finally {
        await caches.close();
      }
    });

    it("are the only ones, and none of them has a password in the files but a replica's own", async () => {
      const names = (await redis.cli("acl", "users")).split("\n").sort();
      const usual = ["default", "exporter", "operator"];
      assert.deepEqual(names, purpose === "cache" ? usual : [...usual, "replica", "sentinel"].sort());
      assert.ok(!redisConf({ ...SIZES, purpose }).includes(REDIS_PASSWORD));
    });
  });
}

describe("the users of Sentinels and of servers that are several", function () {
  this.timeout(180_000);
  let store: Replication;
  let one: ReplicationMember;

  before(async () => {
    store = await Replication.start({
      ...SIZES,
      purpose: "session",
      replication: { backlogMiB: 16, replicaBufferMiB: 16 },
    });
    [one] = store.members as [ReplicationMember, ...ReplicationMember[]];
  });
  after(() => store?.stop());

  it("let a service ask a Sentinel and listen to it, and not tell it anything", async () => {
    const ask = (...command: string[]): Promise<string> => one.sentinel(...command);
    const questions = [
      `sentinel master ${MASTER_NAME}`,
      `sentinel get-master-addr-by-name ${MASTER_NAME}`,
      `sentinel replicas ${MASTER_NAME}`,
      `sentinel sentinels ${MASTER_NAME}`,
      "psubscribe *",
      "info",
      "ping",
      "client setname me",
    ];
    assert.deepEqual(await refusals(ask, "default", questions), []);
    const orders = [
      `sentinel failover ${MASTER_NAME}`,
      `sentinel set ${MASTER_NAME} quorum 1`,
      `sentinel remove ${MASTER_NAME}`,
      `sentinel reset *`,
      `sentinel monitor x 127.0.0.1 1 1`,
      "sentinel config get *",
      "sentinel is-master-down-by-addr 127.0.0.1 1 1 *",
      "publish __sentinel__:hello x",
      "shutdown",
      "acl list",
      "client kill type normal",
    ];
    assert.deepEqual(await refusals(ask, "default", orders), orders);
    assert.deepEqual(await refusals(ask, "exporter", ["info", "sentinel masters"]), []);
    assert.deepEqual(await refusals(ask, "exporter", orders), orders);
  });

  it("let replicas copy, and Sentinels lead, and neither of them read or write keys", async () => {
    const ask = (...command: string[]): Promise<string> => one.cli(...command);
    assert.deepEqual(await refusals(ask, "replica", ["psync ? -1", "replconf ack 1", "ping"]), []);
    const keys = ["get k", "set k v", "scan 0", "flushall", "config get *", "acl list"];
    assert.deepEqual(await refusals(ask, "replica", [...keys, "slaveof no one"]), [
      ...keys,
      "slaveof no one",
    ]);
    assert.deepEqual(await refusals(ask, "sentinel", ["slaveof no one", "config rewrite", "info"]), []);
    assert.deepEqual(await refusals(ask, "sentinel", keys), keys);
  });

  it("are those that members and Sentinels use", async () => {
    const primary = await store.settled();
    const list = (await primary.cli("client", "list")).split("\n");
    const users = new Set(list.map((line) => / user=(\S+)/.exec(line)?.[1]));
    assert.deepEqual([...users].sort(), ["operator", "replica", "sentinel"]);
    const log = await Promise.all(store.members.map((member) => member.cli("acl", "log")));
    assert.deepEqual(log, ["", "", ""]);
    assert.notEqual(
      passwordOf("sentinel", REDIS_CREDENTIALS.current),
      passwordOf("replica", REDIS_CREDENTIALS.current),
    );
  });
});
