import assert from "node:assert/strict";

import type { CacheSettings, SessionCacheManager } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import { SENTINEL_MASTER, SmallReplication, type SmallRoles } from "../../helpers/redis-sentinels";
import { Caches, settingsFor } from "./caches";
import { type FakeServer, startFakeServer } from "./fake-redis";

const PASSWORD = "password-of-the-sentinels-and-the-servers";

describe("sessions behind three sentinels", function () {
  this.timeout(120_000);
  let silent: FakeServer;
  const replication = new SmallReplication(PASSWORD);
  const caches = new Caches();
  let sessions: SessionCacheManager;
  /** Who was what when the primary went. */
  let was: SmallRoles;

  before(async () => {
    silent = await startFakeServer(() => undefined);
    await replication.start();
  });
  after(async () => {
    await silent?.stop();
    await caches.close();
    await replication.stop();
  });

  /** Minutes at most: an election on a machine with much else to do takes its time. */
  async function long(what: string, holds: () => Promise<boolean>): Promise<void> {
    await eventually(what, () => holds().catch(() => false), Boolean, { withinMs: 80_000 });
  }

  function settings(...ports: number[]): CacheSettings {
    const addresses = ports.map((port) => ({ host: "127.0.0.1", port }));
    return settingsFor(1, {
      name: "redis-session",
      password: PASSWORD,
      sentinels: { addresses, master: SENTINEL_MASTER },
    });
  }

  it("are reached although a sentinel that says nothing is asked first", async () => {
    // Each begins with any of the four.
    for (let asked = 0; asked < 4 || (silent.connections() === 0 && asked < 60); asked++) {
      const one = caches.session(1, { settings: settings(silent.port, ...replication.sentinels) });
      // A second for the silent one, on a machine that does other things as well.
      assert.equal(await one.connected(20_000), true);
    }
    assert.ok(silent.connections() > 0);
  });

  it("use the two connections that those without sentinels use", async () => {
    const before = await clientsOf(replication);
    const one = caches.session(1, { settings: settings(...replication.sentinels) });
    assert.equal(await one.connected(20_000), true);
    await eventually("both", async () => (await clientsOf(replication)) === before + 2);
    await one.close();
    await eventually("none", async () => (await clientsOf(replication)) === before);
  });

  it("are there again after the primary has gone, with no word from us", async () => {
    sessions = caches.session(1, {
      settings: settings(...replication.sentinels),
    });
    await long("a session", () =>
      sessions.create("probe").then(
        () => true,
        () => false,
      ),
    );
    const token = await sessions.create({ userId: "u1" });
    await long("the replica", () => replication.hasFollowed().catch(() => false));
    was = await replication.roles();
    replication.signal(was.primary.name, "SIGKILL");
    await long("the session from the new primary", () =>
      sessions.get<{ userId: string }>(token).then(
        (session) => session?.userId === "u1",
        () => false,
      ),
    );
    assert.equal(await sessions.update(token, { userId: "u2" }), true);
    assert.deepEqual(await sessions.get(token), { userId: "u2" });
    assert.ok(!JSON.stringify(caches.logger.lines).includes(PASSWORD));
  });

  it("leave a primary that is cut off, and have left it before it comes back", async () => {
    // What was the primary starts as a replica, as in a pod. As a second primary, and an empty one, it could be promoted
    // before it is made one.
    await replication.restart(was.primary.name, ...["--replicaof", "127.0.0.1", String(was.replica.port)]);
    // Who is who is asked: a machine with much else to do may have made the Sentinels change it once more.
    await long("the replica", async () =>
      (await replication.ask((await replication.roles()).replica.port, "info", "replication")).includes(
        "master_link_status:up",
      ),
    );
    const token = await sessions.create({ userId: "u3" });
    await long("the copy", async () => {
      const sizes = await Promise.all(replication.servers.map((port) => replication.ask(port, "dbsize")));
      return sizes[0] === sizes[1];
    });
    const { primary } = await replication.roles();
    // Its sockets stay open, and nothing comes of them any more.
    replication.signal(primary.name, "SIGSTOP");
    try {
      await long("the session", async () => (await sessions.update(token, { userId: "u4" })) === true);
    } finally {
      replication.signal(primary.name, "SIGCONT");
    }
    assert.deepEqual(await sessions.get(token), { userId: "u4" });
  });
});

/** Connections of the runtime to the primary. */
async function clientsOf(replication: SmallReplication): Promise<number> {
  const { primary } = await replication.roles();
  const list = await replication.ask(primary.port, "client", "list");
  return list.split("\n").filter((line) => line.includes("name=retrofitlink-")).length;
}
