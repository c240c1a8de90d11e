import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import type { Collection } from "mongodb";
import { Registry } from "prom-client";

import { type Database, DatabaseUnavailable, connectDatabase } from "../../../runtime/database";
import type { DatabaseSettings } from "../../../runtime/database";
import { eventually } from "../../helpers/eventually";
import { FERRETDB_BUILD_TIMEOUT_MS, type RunningFerretdb, startFerretdb } from "../../helpers/ferretdb";
import { recordingLogger } from "./recording-logger";
import { type TcpProxy, startTcpProxy } from "./tcp-proxy";

interface Building {
  readonly city: string;
  readonly year: number;
}

/** What became of an operation: its result's length, or why there was none. */
async function outcome(work: Promise<readonly unknown[]>): Promise<string> {
  try {
    return `${(await work).length} found`;
  } catch (error) {
    return error instanceof DatabaseUnavailable ? error.reason : `other error: ${inspect(error)}`;
  }
}

const foundAll = (what: string): boolean => what === "3 found";

describe("a database behind a real server", () => {
  let server: RunningFerretdb;
  let proxy: TcpProxy;
  let logger: ReturnType<typeof recordingLogger>;
  let registry: Registry;
  const opened: Database[] = [];

  before(async function () {
    this.timeout(FERRETDB_BUILD_TIMEOUT_MS);
    server = await startFerretdb();
    proxy = await startTcpProxy(server.port);
    const database = await open();
    await database.run(({ maxTimeMS }) =>
      buildings(database).insertMany(
        ["Berlin", "Köln", "Bonn"].map((city, index) => ({ city, year: 1900 + index })),
        { maxTimeMS },
      ),
    );
    await database.close();
  });

  beforeEach(() => {
    logger = recordingLogger();
    registry = new Registry();
  });

  afterEach(async () => {
    proxy.delayMs = 0;
    await Promise.all(opened.splice(0).map((database) => database.close(100)));
  });

  after(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  async function open(more: Partial<DatabaseSettings> = {}, port = proxy.port): Promise<Database> {
    const settings: DatabaseSettings = {
      uri: `mongodb://127.0.0.1:${port}/`,
      timeoutMs: 2000,
      maxPoolSize: 3,
      minPoolSize: 0,
      maxConnecting: 2,
      waitQueueTimeoutMs: 1000,
      readReplicaTags: { role: "read-replica" },
      slowQueryMs: 500,
      ...more,
    };
    logger ??= recordingLogger();
    const database = await connectDatabase({ settings, logger, registry: registry ?? new Registry() });
    opened.push(database);
    return database;
  }

  function buildings(database: Database): Collection<Building> {
    return database.collection<Building>("buildings", "catalogue");
  }

  function findAll(database: Database): Promise<readonly unknown[]> {
    return database.run((limits) => buildings(database).find({}, limits).toArray());
  }

  async function metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
    const matching = values.filter((entry) =>
      Object.entries(labels).every(
        ([key, value]) => (entry.labels as Record<string, unknown>)[key] === value,
      ),
    );
    return matching.reduce((sum, { value }) => sum + value, 0);
  }

  it("answers every class of queries", async () => {
    const database = await open();
    for (const queryClass of ["transactional", "read-your-writes", "catalogue", "report"] as const) {
      const collection = database.collection<Building>("buildings", queryClass);
      const found = await database.run((limits) =>
        collection.find({ city: "Berlin" }, { ...limits, projection: { _id: 0 } }).toArray(),
      );
      assert.deepEqual(found, [{ city: "Berlin", year: 1900 }]);
    }
  });

  it("keeps the database that the connection string names, and else takes its own", async () => {
    const named = await open({ uri: `${server.uri}elsewhere?appName=x` });
    assert.deepEqual(await findAll(named), []);
    assert.equal((await findAll(await open({ uri: server.uri }))).length, 3);
    assert.equal((await findAll(await open({ uri: `${server.uri}?appName=x` }))).length, 3);
  });

  it("never has more connections than its pool, however many queries there are", async () => {
    const database = await open({ maxPoolSize: 3 });
    proxy.delayMs = 50;
    const queries = Array.from({ length: 30 }, () => outcome(findAll(database)));
    let most = 0;
    let mostInUse = 0;
    for (let sample = 0; sample < 20; sample++) {
      most = Math.max(most, proxy.connections());
      mostInUse = Math.max(mostInUse, await metric("mongodb_pool_connections", { state: "in-use" }));
      await sleep(20);
    }
    assert.deepEqual(new Set(await Promise.all(queries)), new Set(["3 found"]));
    assert.equal(mostInUse, 3);
    // The driver has up to two more to watch the server.
    assert.ok(most >= 4 && most <= 5, `${most} connections`);
    assert.equal(await metric("mongodb_pool_connections", { state: "in-use" }), 0);
  });

  it("opens the least number of connections by itself", async () => {
    await open({ maxPoolSize: 6, minPoolSize: 4 });
    await eventually(
      "four idle connections",
      () => metric("mongodb_pool_connections", { state: "idle" }),
      (idle) => idle >= 4,
      { withinMs: 5000 },
    );
    assert.equal(await metric("mongodb_pool_connections", { state: "idle" }), 4);
  });

  it("says that the pool is exhausted as soon as nobody may wait longer, and counts it", async () => {
    const database = await open({ maxPoolSize: 1, waitQueueTimeoutMs: 100 });
    await findAll(database);
    proxy.delayMs = 600;
    const started = performance.now();
    const slow = outcome(findAll(database));
    const waiting = await Promise.all([outcome(findAll(database)), outcome(findAll(database))]);
    const elapsed = performance.now() - started;
    assert.deepEqual(waiting, ["pool-exhausted", "pool-exhausted"]);
    assert.ok(elapsed >= 95 && elapsed < 500, `${elapsed} ms`);
    assert.equal(await slow, "3 found");
    assert.equal(await metric("mongodb_pool_wait_queue_timeouts_total"), 2);
    assert.equal(await metric("mongodb_unavailable_total", { reason: "pool-exhausted" }), 2);
    proxy.delayMs = 0;
    assert.equal(await outcome(findAll(database)), "3 found");
  });

  it("counts and logs a slow query by its shape, without a value", async () => {
    const database = await open({ slowQueryMs: 100 });
    await database.run((limits) => buildings(database).find({ city: "Berlin" }, limits).toArray());
    assert.equal(logger.lines.length, 0);
    proxy.delayMs = 150;
    const filter = { city: "Sankt Augustin", year: { $lt: 1905 } };
    await database.run((limits) => buildings(database).find(filter, limits).sort({ year: -1 }).toArray());
    assert.equal(logger.lines.length, 1);
    const [line] = logger.lines;
    assert.ok(line);
    const { level, message, fields } = line;
    const { durationMs, ...rest } = fields;
    assert.deepEqual(
      { level, message, rest },
      {
        level: "warn",
        message: "slow query",
        rest: {
          collection: "buildings",
          command: "find",
          failed: false,
          filter: { city: "?", year: { $lt: "?" } },
          sort: { year: -1 },
        },
      },
    );
    assert.ok(typeof durationMs === "number" && durationMs >= 150 && durationMs < 1000, String(durationMs));
    assert.doesNotMatch(JSON.stringify(logger.lines), /Augustin|1905/);
    assert.equal(await metric("mongodb_slow_queries_total", { collection: "buildings", command: "find" }), 1);
  });

  it("counts queries within the budget's bounds, and nothing but queries", async () => {
    const database = await open();
    await findAll(database);
    await database.ping();
    proxy.delayMs = 70;
    await findAll(database);
    const labels = { collection: "buildings", command: "find" };
    const bucket = (le: number): Promise<number> =>
      bucketCount(registry, "mongodb_query_duration_seconds", { ...labels, le });
    assert.deepEqual([await bucket(0.05), await bucket(0.1)], [1, 2]);
    const ofAll = (le: number): Promise<number> =>
      bucketCount(registry, "mongodb_client_duration_seconds", { le });
    assert.deepEqual([await ofAll(0.05), await ofAll(0.1)], [1, 2]);
    const { values } = (await registry.getSingleMetric("mongodb_query_duration_seconds")?.get()) ?? {
      values: [],
    };
    const commands = new Set(values.map((entry) => (entry.labels as { command: string }).command));
    assert.deepEqual(commands, new Set(["find"]));
  });

  it("lets an error of a query pass as it is", async () => {
    const database = await open();
    const broken = database.run((limits) =>
      buildings(database)
        .find({ year: { $no: 1 } }, limits)
        .toArray(),
    );
    await assert.rejects(broken, { name: "MongoServerError" });
  });

  it("waits for running operations when it closes, and takes no new ones", async () => {
    const database = await open();
    await findAll(database);
    proxy.delayMs = 300;
    const running = outcome(findAll(database));
    await sleep(20);
    const closed = database.close();
    assert.equal(await outcome(findAll(database)), "closing");
    await assert.rejects(database.ping(), { name: "DatabaseUnavailable", reason: "closing" });
    assert.equal(await running, "3 found");
    await closed;
    await database.close();
    assert.equal(await metric("mongodb_pool_connections"), 0);
  });

  it("cuts off what still runs when its time to close is up", async () => {
    const database = await open();
    await findAll(database);
    proxy.delayMs = 1500;
    const running = outcome(findAll(database));
    await sleep(20);
    const started = performance.now();
    await database.close(100);
    const elapsed = performance.now() - started;
    assert.ok(elapsed < 1000, `${elapsed} ms`);
    assert.match(await running, /^(connection-lost|no-server|timeout)$/);
    assert.deepEqual(
      logger.lines
        .map(({ message, fields }) => [message, fields])
        .filter(([message]) => message !== "slow query"),
      [["database closed on operations", { running: 1 }]],
    );
  });

  describe("that fails", () => {
    afterEach(async () => {
      server.signal("SIGCONT");
      await server.killHard();
      await server.restart();
    });

    it("answers with nothing but DatabaseUnavailable while it is gone, each in bounded time, and recovers", async () => {
      const database = await open({ timeoutMs: 1000, waitQueueTimeoutMs: 500 }, server.port);
      const outcomes: string[] = [];
      let longest = 0;
      let load = true;
      const worker = async (): Promise<void> => {
        while (load) {
          const started = performance.now();
          outcomes.push(await outcome(findAll(database)));
          longest = Math.max(longest, performance.now() - started);
          await sleep(5);
        }
      };
      const workers = Array.from({ length: 8 }, worker);
      try {
        await sleep(200);
        assert.deepEqual(new Set(outcomes), new Set(["3 found"]));
        await server.killHard();
        await sleep(1500);
        await assert.rejects(database.ping(), { name: "DatabaseUnavailable" });
        await server.restart();
        await eventually("all found again", () => outcome(findAll(database)), foundAll, { withinMs: 5000 });
        await database.ping();
      } finally {
        load = false;
        await Promise.all(workers);
      }
      const failures = new Set(outcomes.filter((one) => one !== "3 found"));
      const known = new Set(["no-server", "connection-lost", "timeout", "pool-exhausted"]);
      assert.deepEqual(
        [...failures].filter((one) => !known.has(one)),
        [],
      );
      assert.ok(failures.size > 0);
      assert.ok(longest < 1500, `${longest} ms`);
    });

    it("is bounded when the server hangs, and its pool recovers when that is over", async () => {
      const database = await open({ timeoutMs: 600, waitQueueTimeoutMs: 300 }, server.port);
      await findAll(database);
      // So that no answer is recent enough to stand for a ping.
      await sleep(850);
      server.signal("SIGSTOP");
      const started = performance.now();
      assert.equal(await outcome(findAll(database)), "timeout");
      const elapsed = performance.now() - started;
      assert.ok(elapsed >= 590 && elapsed < 1000, `${elapsed} ms`);
      const pinged = performance.now();
      await assert.rejects(database.ping(), { name: "DatabaseUnavailable" });
      assert.ok(performance.now() - pinged < 1000);
      server.signal("SIGCONT");
      await eventually("all found again", () => outcome(findAll(database)), foundAll, { withinMs: 5000 });
    });

    it("is opened although it is not there yet, is not ready, and becomes ready", async () => {
      await server.killHard();
      const database = await open({ timeoutMs: 600, waitQueueTimeoutMs: 300 }, server.port);
      assert.deepEqual(logger.lines, [
        { level: "warn", message: "database not reached at start", fields: { reason: "no-server" } },
      ]);
      await assert.rejects(database.ping(), { name: "DatabaseUnavailable" });
      assert.equal(await outcome(findAll(database)), "no-server");
      await server.restart();
      await eventually("all found again", () => outcome(findAll(database)), foundAll, { withinMs: 5000 });
      await database.ping();
    });
  });

  it("calls a busy database ready: an answer to anybody is an answer", async () => {
    const database = await open({ maxPoolSize: 1, waitQueueTimeoutMs: 1000 });
    proxy.delayMs = 300;
    const queries = Array.from({ length: 3 }, () => outcome(findAll(database)));
    await sleep(450);
    const started = performance.now();
    await database.ping();
    assert.ok(performance.now() - started < 50);
    assert.deepEqual(await Promise.all(queries), ["3 found", "3 found", "3 found"]);
  });
});

async function bucketCount(
  registry: Registry,
  name: string,
  labels: Readonly<Record<string, string | number>>,
): Promise<number> {
  const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
  const found = values.find((entry) =>
    Object.entries(labels).every(([key, value]) => (entry.labels as Record<string, unknown>)[key] === value),
  );
  return found?.value ?? NaN;
}
