import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { createClient, createSentinel } from "redis";

import { RESERVED_CLIENTS, maxClients, replicationClients } from "../../budget/service/connections";
import { redisMemory } from "../../budget/caching/memory";
import { MEMBERS } from "../../budget/caching/plan-redis";
import { DOWN_AFTER_MS, sentinelList } from "../../components/caching/redis/sentinel-conf";
import { Sentinels } from "../../runtime/caching/sentinels";
import { eventually } from "../helpers/eventually";
import { MASTER_NAME, PATIENCE, Replication, type ReplicationMember } from "../helpers/redis-replication";
import { REDIS_PASSWORD } from "../helpers/redis-server";
import { settingsFor } from "../runtime/caching/caches";

const users = [{ maxReplicas: 2, maxSurge: 0.5, processesPerPod: 1, poolSize: 2 }];
const clients = maxClients(users, RESERVED_CLIENTS + replicationClients(MEMBERS));
const memory = redisMemory({ workingSetMiB: 8, maxClients: clients, forks: true, replicas: MEMBERS - 1 });

/** What a component renders for a working set of 8 MiB. */
const CONF = {
  purpose: "session",
  maxMemoryMiB: memory.maxMemoryMiB,
  clientBuffersMiB: memory.clientBuffersMiB,
  maxClients: clients,
  ioThreads: 1,
  replication: { backlogMiB: memory.replicationBacklogMiB, replicaBufferMiB: memory.replicaBufferMiB },
} as const;

type SentinelClient = ReturnType<typeof createSentinel>;

describe("a session store of three members", function () {
  this.timeout(180_000);
  let store: Replication;
  let client: SentinelClient;

  before(async () => {
    store = await Replication.start(CONF);
    // As a service does it, with nothing but the variables that it is told.
    const nodes = sentinelList(store.members.map(({ address }) => address)).split(",");
    client = createSentinel({
      name: MASTER_NAME,
      sentinelRootNodes: nodes.map((node) => {
        const [host = "", port] = node.split(":");
        return { host, port: Number(port) };
      }),
      nodeClientOptions: { password: REDIS_PASSWORD },
      sentinelClientOptions: { password: REDIS_PASSWORD },
    });
    client.on("error", () => undefined);
    await client.connect();
  });

  after(async () => {
    await client?.destroy();
    await store?.stop();
  });

  /**
   * Writes straight to one member, from several connections as fast as it confirms, until it refuses or goes.
   *
   * @returns the keys that it confirmed
   */
  async function writeTo(member: ReplicationMember, prefix: string): Promise<string[]> {
    const confirmed: string[] = [];
    const one = async (connection: number): Promise<void> => {
      const direct = createClient({
        socket: { host: "127.0.0.1", port: member.address.port, reconnectStrategy: false },
        password: REDIS_PASSWORD,
      });
      direct.on("error", () => undefined);
      await direct.connect();
      try {
        for (let i = 0; ; i++) {
          const key = `${prefix}:${connection}:${i}`;
          await direct.set(key, "1");
          confirmed.push(key);
          await sleep(1);
        }
      } catch {
        // Not confirmed; a service would repeat it at the new primary.
      } finally {
        direct.destroy();
      }
    };
    await Promise.all([0, 1, 2, 3].map(one));
    return confirmed;
  }

  const keptBy = async (member: ReplicationMember, keys: readonly string[]): Promise<number> =>
    Number(await member.cli("exists", ...keys));

  it("begins with number 0 as the primary, from which the others copy", async () => {
    const primary = await store.settled();
    assert.equal(primary.number, 0);
    assert.equal(await client.set("hello", "world"), "OK");
    for (const replica of store.others(primary)) {
      await eventually(
        "the write has arrived",
        () => replica.cli("get", "hello"),
        (value) => value === "world",
        PATIENCE,
      );
      assert.match(await replica.cli("set", "x", "1"), /^READONLY /);
    }
  });

  it("has the values that the budget arrived at, on every member", async () => {
    const mib = 1024 * 1024;
    for (const member of store.members) {
      const value = async (name: string): Promise<string> =>
        (await member.cli("config", "get", name)).split("\n")[1] ?? "";
      assert.equal(await value("min-replicas-to-write"), "1");
      assert.equal(await value("min-replicas-max-lag"), "10");
      assert.equal(await value("repl-backlog-size"), `${memory.replicationBacklogMiB * mib}`);
      assert.equal(await value("maxmemory"), `${memory.maxMemoryMiB * mib}`);
      assert.equal(await value("maxmemory-policy"), "noeviction");
      assert.ok(
        (await value("client-output-buffer-limit")).includes(
          `slave ${memory.replicaBufferMiB * mib} ${Math.ceil(memory.replicaBufferMiB / 2) * mib} 60`,
        ),
      );
      const state = (await member.sentinel("sentinel", "master", MASTER_NAME)).split("\n");
      const of = (name: string): string | undefined => state[state.indexOf(name) + 1];
      assert.deepEqual(
        [of("down-after-milliseconds"), of("failover-timeout"), of("parallel-syncs"), of("quorum")],
        [`${DOWN_AFTER_MS}`, "60000", "1", "2"],
      );
    }
  });

  it("lets nobody in without the password, neither to the servers nor to the Sentinels", async () => {
    for (const member of store.members) {
      for (const port of [member.address.port, member.address.sentinelPort]) {
        for (const password of ["", "wrong"]) {
          const { stdout } = await member.command(port, ["info"], password);
          assert.match(stdout, /NOAUTH/);
        }
      }
    }
  });

  it("fills the backlog out of maxmemory, as the proof of its memory assumes", async () => {
    const primary = await store.primary();
    const before = Number(await primary.info("used_memory"));
    const value = "x".repeat(64 * 1024);
    // The same key again and again: the data stays as it is, what replicas are sent does not.
    for (let i = 0; i < 400; i++) await client.set("again", value);
    const grown = Number(await primary.info("used_memory")) - before;
    const notCounted = Number(await primary.info("mem_not_counted_for_evict"));
    assert.ok(grown > 0.8 * memory.replicationBacklogMiB * 1024 * 1024, `${grown}`);
    assert.ok(notCounted < 0.5 * grown, `${notCounted} of ${grown}`);
  });

  it("replaces a primary that dies, and keeps every write that a replica had confirmed", async () => {
    const dead = await store.primary();
    const confirmed = Array.from({ length: 200 }, (_, i) => `confirmed:${i}`);
    // WAIT counts the replicas that have every write of this connection.
    const replies = await dead.pipe(confirmed.flatMap((key) => [`SET ${key} 1`, "WAIT 1 5000"]));
    assert.equal(replies.length, 400);
    assert.ok(replies.every((reply, i) => (i % 2 === 0 ? reply === "OK" : Number(reply) >= 1)));
    await dead.killHard();
    await eventually(
      "the client writes again",
      () => client.set("after", "1").catch(() => "refused"),
      (answer) => answer === "OK",
      PATIENCE,
    );
    const primary = await store.primary().catch(() => undefined);
    assert.ok(primary !== undefined && primary !== dead);
    assert.equal(await keptBy(primary, [...confirmed, "after"]), 201);

    dead.start();
    await dead.ready();
    assert.equal((await store.settled()).number, primary.number);
    assert.equal(await dead.role(), "slave");
    assert.equal(await keptBy(dead, [...confirmed, "after"]), 201);
  });

  it("hands over before a pod stops, and loses no write that was confirmed meanwhile", async () => {
    const leaving = await store.primary();
    const writes = writeTo(leaving, "handed");
    await sleep(500);
    await leaving.stopAsPod();
    const confirmed = await writes;
    const primary = await store.primary();
    assert.notEqual(primary, leaving);
    assert.ok(confirmed.length > 100, `${confirmed.length}`);
    assert.equal(await keptBy(primary, confirmed), confirmed.length);
    // And the service goes on at once, without waiting for the Sentinels to miss anybody.
    assert.equal(await client.set("handed over", "1"), "OK");

    leaving.start();
    await leaving.ready();
    assert.equal(await store.settled(), primary);
    assert.equal(await keptBy(leaving, confirmed), confirmed.length);
  });

  it("is told of the new primary alone, while the other replica has not followed it yet", async () => {
    const former = await store.primary();
    const rest = store.others(former);
    const password = (await rest[0]?.cli("config", "get", "masterauth"))?.split("\n")[1] ?? "";
    // Neither can begin to copy from another one, so the fail-over goes on.
    for (const member of rest) await member.cli("config", "set", "masterauth", "wrong");
    let promoted: ReplicationMember;
    try {
      await former.stopAsPod();
      promoted = await store.primary();
      const told = await eventually(
        "both Sentinels know",
        () => former.told(),
        (lines) => lines.length === 2 && new Set(lines.map((one) => one.split(" ")[0])).size === 1,
        PATIENCE,
      );
      const addresses = store.members.map(({ address: { host, sentinelPort: port } }) => ({ host, port }));
      const asked = { addresses, master: MASTER_NAME };
      const settings = settingsFor(0, { name: "redis-session", password: REDIS_PASSWORD, sentinels: asked });
      const service = new Sentinels(settings, asked, () => undefined);
      for (let i = 0; i < 6; i++) assert.equal((await service.primary()).port, promoted.address.port);
      service.close();
      for (const one of told) assert.match(one, new RegExp(`^\\d+ 127.0.0.1 ${promoted.address.port}$`));
    } finally {
      for (const member of rest) await member.cli("config", "set", "masterauth", password);
    }
    former.start();
    await former.ready();
    assert.equal(await store.settled(), promoted);
  });

  it("hands over only when a replica that has just started has its copy", async () => {
    const leaving = await store.primary();
    const [late, other] = store.others(leaving) as [ReplicationMember, ReplicationMember];
    await late.stopAsPod();
    const keys = Array.from({ length: 200 }, (_, i) => `late:${i}`);
    const replies = await leaving.pipe(keys.map((key) => `SET ${key} 1`));
    assert.ok(replies.every((reply) => reply === "OK"));
    // As long as the copy of a large store takes.
    await leaving.cli("config", "set", "repl-diskless-sync-delay", "8");
    await other.killHard();
    late.start();
    await late.ready();
    await leaving.stopAsPod();
    assert.equal(await late.role(), "master");
    assert.equal(await keptBy(late, keys), keys.length);
    for (const member of [leaving, other]) member.start();
    for (const member of [leaving, other]) await member.ready();
    assert.equal(await store.settled(), late);
  });

  it("leaves a replica that stops alone", async () => {
    const primary = await store.primary();
    const [replica] = store.others(primary);
    await replica?.stopAsPod();
    assert.equal(await primary.role(), "master");
    assert.equal(await client.set("with two", "1"), "OK");
    replica?.start();
    await replica?.ready();
    assert.equal(await store.settled(), primary);
  });

  it("has one primary again after all were killed and started at the same time, with everything", async () => {
    const before = await store.primary();
    const size = await before.cli("dbsize");
    await Promise.all(store.members.map((member) => member.killHard()));
    for (const member of store.members) member.start();
    await Promise.all(store.members.map((member) => member.ready()));
    const primary = await store.settled();
    for (const member of store.members) assert.equal(await member.cli("dbsize"), size);
    assert.equal(await keptBy(primary, ["hello", "confirmed:199", "after"]), 3);
  });

  it("takes no write on a primary that is alone, and does not split when the others come back", async () => {
    const primary = await store.primary();
    const others = store.others(primary);
    await Promise.all(others.map((member) => member.killHard()));
    await eventually(
      "the lonely primary refuses writes",
      () => primary.cli("set", "lonely", "1"),
      (answer) => answer.startsWith("NOREPLICAS "),
      PATIENCE,
    );
    for (const member of others) member.start();
    await Promise.all(others.map((member) => member.ready()));
    await store.settled();
    assert.equal(await client.set("together", "1"), "OK");
  });

  it("does not let a primary with an empty volume pass for the data of all", async () => {
    const empty = await store.primary();
    const size = Number(await empty.cli("dbsize"));
    // What a replica has not been sent yet goes with the primary.
    await eventually(
      "every member has every key",
      async () => await Promise.all(store.members.map((member) => member.cli("dbsize"))),
      (sizes) => sizes.every((one) => Number(one) === size),
    );
    await empty.killHard();
    await empty.loseVolume();
    empty.start();
    await empty.ready();
    assert.match(empty.log, /has lost its data; waiting until another one is primary/);
    const primary = await store.settled();
    assert.notEqual(primary, empty);
    for (const member of store.members) assert.equal(Number(await member.cli("dbsize")), size);
  });
});
