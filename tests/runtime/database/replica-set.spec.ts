import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";

import {
  type Database,
  DatabaseUnavailable,
  QUERY_CLASSES,
  type QueryClass,
  connectDatabase,
} from "../../../runtime/database";
import { recordingLogger } from "./recording-logger";
import { startReplicaSet } from "./replica-set-stand-in";

describe("query classes on a replica set", () => {
  let set: Awaited<ReturnType<typeof startReplicaSet>>;
  let database: Database;

  beforeEach(async () => {
    set = await startReplicaSet();
  });

  afterEach(async () => {
    await database?.close(100);
    await set.stop();
  });

  /** Opens the database, and waits until the driver has met every member. */
  async function open(readReplicaTags: Readonly<Record<string, string>>): Promise<void> {
    database = await connectDatabase({
      settings: {
        uri: set.uri,
        timeoutMs: 800,
        maxPoolSize: 5,
        minPoolSize: 0,
        maxConnecting: 2,
        waitQueueTimeoutMs: 300,
        readReplicaTags,
        slowQueryMs: 1000,
      },
      logger: recordingLogger(),
      registry: new Registry(),
    });
    await eventually("report", (answers) => answers.has("secondary") || answers.has("replica"));
    await sleep(50);
  }

  /** Who answers some queries of a class, or why nobody does. */
  async function answersTo(queryClass: QueryClass, count = 12): Promise<Set<string>> {
    const collection = database.collection<{ answeredBy: string }>("buildings", queryClass);
    const answers = new Set<string>();
    for (let query = 0; query < count; query++) {
      try {
        const found = await database.run((limits) => collection.findOne({}, limits));
        answers.add(found?.answeredBy ?? "nothing");
      } catch (error) {
        assert.ok(error instanceof DatabaseUnavailable, String(error));
        answers.add(error.reason);
      }
    }
    return answers;
  }

  async function eventually(
    queryClass: QueryClass,
    wanted: (answers: Set<string>) => boolean,
  ): Promise<Set<string>> {
    const deadline = Date.now() + 8000;
    let answers = new Set<string>();
    while (!wanted(answers) && Date.now() < deadline) answers = await answersTo(queryClass, 1);
    return answers;
  }

  async function everyAnswer(): Promise<Record<string, string[]>> {
    const answers: Record<string, string[]> = {};
    for (const queryClass of QUERY_CLASSES) answers[queryClass] = [...(await answersTo(queryClass))].sort();
    return answers;
  }

  it("are answered by the read replica where it may be, and by the primary where it must be", async () => {
    await open({ role: "read-replica" });
    assert.deepEqual(await everyAnswer(), {
      transactional: ["primary"],
      "read-your-writes": ["primary"],
      catalogue: ["replica"],
      report: ["replica"],
    });
  });

  it("fall back to any secondary when the read replica has gone", async () => {
    await open({ role: "read-replica" });
    await set.replica.stop();
    // A lost connection sends it to the secondary, a refused one for once to the primary; nobody sees an error.
    for (const answer of await answersTo("catalogue", 1)) assert.match(answer, /^(primary|secondary)$/);
    await eventually("catalogue", (answers) => answers.has("secondary"));
    assert.deepEqual(await everyAnswer(), {
      transactional: ["primary"],
      "read-your-writes": ["primary"],
      catalogue: ["secondary"],
      report: ["secondary"],
    });
  });

  it("leave the primary the catalogue when no secondary is left, and never a report", async () => {
    await open({ role: "read-replica" });
    await Promise.all([set.replica.stop(), set.secondary.stop()]);
    // From the first query on: the driver's own retry would ask a dead member again, and again.
    assert.deepEqual([...(await answersTo("catalogue"))], ["primary"]);
    for (const reason of await answersTo("report", 2))
      assert.match(reason, /^(no-server|connection-lost|timeout)$/);
  });

  it("do without a primary what they can, and say so where they cannot, until there is one again", async () => {
    await open({ role: "read-replica" });
    await set.primary.stop();
    await eventually("read-your-writes", (answers) => answers.has("secondary") || answers.has("replica"));
    assert.deepEqual([...(await answersTo("transactional", 2))], ["no-server"]);
    assert.deepEqual([...(await answersTo("catalogue"))], ["replica"]);
    await database.ping();
    set.secondary.promote(2);
    assert.deepEqual(
      [...(await eventually("transactional", (answers) => answers.has("secondary")))],
      ["secondary"],
    );
  });

  it("do not show a catalogue that is more than 90 seconds old", async () => {
    set.replica.lagSeconds = 300;
    set.secondary.lagSeconds = 300;
    await open({ role: "read-replica" });
    assert.deepEqual([...(await eventually("catalogue", (answers) => answers.has("primary")))], ["primary"]);
    assert.deepEqual([...(await answersTo("report"))], ["replica"]);
  });

  it("make a write fail as unavailable when the primary has stepped down under it", async () => {
    await open({});
    set.primary.role = "secondary";
    const collection = database.collection("buildings", "transactional");
    const write = database.run(({ maxTimeMS }) => collection.insertOne({ city: "Berlin" }, { maxTimeMS }));
    await assert.rejects(write, { name: "DatabaseUnavailable", reason: "no-server" });
  });
});
