import assert from "node:assert/strict";

import type { SessionCacheManager } from "../../../runtime/caching";
import { eventually } from "../../helpers/eventually";
import { SENTINEL_MASTER, SmallReplication } from "../../helpers/redis-sentinels";
import { Caches, settingsFor } from "./caches";

const PASSWORD = "password-of-the-sentinels-and-the-servers";

describe("sessions behind three sentinels", function () {
  this.timeout(120_000);
  const replication = new SmallReplication(PASSWORD);
  const caches = new Caches();
  let sessions: SessionCacheManager;

  before(() => replication.start());
  after(async () => {
    await caches.close();
    await replication.stop();
  });

  /** Minutes at most: an election on a machine with much else to do takes its time. */
  async function long(what: string, holds: () => Promise<boolean>): Promise<void> {
    await eventually(what, () => holds().catch(() => false), Boolean, { withinMs: 80_000 });
  }

  it("are there again after the primary has gone, with no word from us", async () => {
    sessions = caches.session(1, {
      settings: settingsFor(1, {
        name: "redis-session",
        password: PASSWORD,
        sentinels: {
          addresses: replication.sentinels.map((port) => ({ host: "127.0.0.1", port })),
          master: SENTINEL_MASTER,
        },
      }),
    });
    await long("a session", () =>
      sessions.create("probe").then(
        () => true,
        () => false,
      ),
    );
    const token = await sessions.create({ userId: "u1" });
    await long("the replica", () => replication.hasFollowed().catch(() => false));
    replication.signal("primary", "SIGKILL");
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
});
