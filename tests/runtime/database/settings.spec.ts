import assert from "node:assert/strict";
import { MongoClient } from "mongodb";
import fc from "fast-check";

import { clientOptions, maxTimeMs } from "../../../runtime/database/client-options";
import { type DatabaseSettings, databaseSettings } from "../../../runtime/database/settings";
import { VariablesError } from "../../../runtime/shared/variables";

const ENVIRONMENT = {
  MONGODB_URI: "mongodb://app:hunter2@mongos-0:27017,mongos-1:27017/retrofitlink?tls=true",
  DATABASE_TIMEOUT_MS: "8000",
  MONGODB_MAX_POOL_SIZE: "20",
  MONGODB_MIN_POOL_SIZE: "4",
  MONGODB_MAX_CONNECTING: "3",
  MONGODB_WAIT_QUEUE_TIMEOUT_MS: "1500",
  MONGODB_READ_REPLICA_TAGS: "role:read-replica",
  MONGODB_SLOW_QUERY_MS: "50",
} as const;

function problemsOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    databaseSettings(environment);
    return [];
  } catch (error) {
    assert.ok(error instanceof VariablesError);
    return error.problems;
  }
}

describe("settings of the database", () => {
  it("are read from the variables that the platform writes", () => {
    assert.deepEqual(databaseSettings(ENVIRONMENT), {
      uri: ENVIRONMENT.MONGODB_URI,
      timeoutMs: 8000,
      maxPoolSize: 20,
      minPoolSize: 4,
      maxConnecting: 3,
      waitQueueTimeoutMs: 1500,
      readReplicaTags: { role: "read-replica" },
      slowQueryMs: 50,
    });
  });

  it("have defaults for what a small deployment leaves out", () => {
    const { MONGODB_URI, DATABASE_TIMEOUT_MS, MONGODB_MAX_POOL_SIZE, MONGODB_WAIT_QUEUE_TIMEOUT_MS } =
      ENVIRONMENT;
    const settings = databaseSettings({
      MONGODB_URI,
      DATABASE_TIMEOUT_MS,
      MONGODB_MAX_POOL_SIZE,
      MONGODB_WAIT_QUEUE_TIMEOUT_MS,
      MONGODB_READ_REPLICA_TAGS: "",
    });
    const { minPoolSize, maxConnecting, readReplicaTags, slowQueryMs } = settings;
    assert.deepEqual(
      { minPoolSize, maxConnecting, readReplicaTags, slowQueryMs },
      { minPoolSize: 0, maxConnecting: 2, readReplicaTags: {}, slowQueryMs: 100 },
    );
  });

  it("name every missing variable at once", () => {
    assert.deepEqual(problemsOf({}), [
      "MONGODB_URI is not set; allowed is a connection string, mongodb://… or mongodb+srv://…",
      "DATABASE_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
      "MONGODB_MAX_POOL_SIZE is not set; allowed is a whole number from 1 to 1000",
      "MONGODB_WAIT_QUEUE_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
    ]);
  });

  it("name every wrong variable at once, and never show the connection string", () => {
    const problems = problemsOf({
      MONGODB_URI: "postgres://app:hunter2@db/",
      DATABASE_TIMEOUT_MS: "8s",
      MONGODB_MAX_POOL_SIZE: "-1",
      MONGODB_MIN_POOL_SIZE: "1.5",
      MONGODB_MAX_CONNECTING: "0",
      MONGODB_WAIT_QUEUE_TIMEOUT_MS: "9999999999",
      MONGODB_READ_REPLICA_TAGS: "read-replica",
      MONGODB_SLOW_QUERY_MS: "slow",
    });
    assert.deepEqual(problems, [
      "MONGODB_URI is something else; allowed is a connection string, mongodb://… or mongodb+srv://…",
      'DATABASE_TIMEOUT_MS is "8s"; allowed is a whole number from 1 to 2147483647',
      'MONGODB_MAX_POOL_SIZE is "-1"; allowed is a whole number from 1 to 1000',
      'MONGODB_MIN_POOL_SIZE is "1.5"; allowed is a whole number from 0 to 1000',
      'MONGODB_MAX_CONNECTING is "0"; allowed is a whole number from 1 to 100',
      'MONGODB_WAIT_QUEUE_TIMEOUT_MS is "9999999999"; allowed is a whole number from 1 to 2147483647',
      'MONGODB_READ_REPLICA_TAGS is "read-replica"; allowed is tags like "role:read-replica", separated by commas, or nothing',
      'MONGODB_SLOW_QUERY_MS is "slow"; allowed is a whole number from 0 to 2147483647',
    ]);
  });

  it("have to be in the order of the timeout chain", () => {
    const wrong = { ...ENVIRONMENT, MONGODB_WAIT_QUEUE_TIMEOUT_MS: "8000", MONGODB_MIN_POOL_SIZE: "21" };
    assert.deepEqual(problemsOf(wrong), [
      "MONGODB_MIN_POOL_SIZE is 21; allowed is at most MONGODB_MAX_POOL_SIZE, 20",
      "MONGODB_WAIT_QUEUE_TIMEOUT_MS is 8000; allowed is less than DATABASE_TIMEOUT_MS, 8000",
    ]);
  });
});

describe("options of the driver", () => {
  it("reach it, and win over those of the connection string", async () => {
    const settings = databaseSettings(ENVIRONMENT);
    const uri = `${settings.uri}&maxPoolSize=500&retryWrites=false&socketTimeoutMS=1`;
    const client = new MongoClient(uri, clientOptions(settings, "backend"));
    try {
      const { options } = client;
      assert.deepEqual(
        {
          appName: options.appName,
          maxPoolSize: options.maxPoolSize,
          minPoolSize: options.minPoolSize,
          maxConnecting: options.maxConnecting,
          maxIdleTimeMS: options.maxIdleTimeMS,
          waitQueueTimeoutMS: options.waitQueueTimeoutMS,
          serverSelectionTimeoutMS: options.serverSelectionTimeoutMS,
          connectTimeoutMS: options.connectTimeoutMS,
          socketTimeoutMS: options.socketTimeoutMS,
          retryReads: options.retryReads,
          retryWrites: options.retryWrites,
          enableOverloadRetargeting: options.enableOverloadRetargeting,
          heartbeatFrequencyMS: options.heartbeatFrequencyMS,
          compressors: options.compressors,
          monitorCommands: options.monitorCommands,
        },
        {
          appName: "backend",
          maxPoolSize: 20,
          minPoolSize: 4,
          maxConnecting: 3,
          maxIdleTimeMS: 300_000,
          waitQueueTimeoutMS: 1500,
          serverSelectionTimeoutMS: 4000,
          connectTimeoutMS: 4000,
          socketTimeoutMS: 9000,
          retryReads: true,
          retryWrites: true,
          enableOverloadRetargeting: true,
          heartbeatFrequencyMS: 5000,
          compressors: ["zlib"],
          monitorCommands: true,
        },
      );
    } finally {
      await client.close();
    }
  });

  it("stay inside the longest operation, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 600_000 }),
        fc.integer({ min: 1, max: 1000 }),
        (timeoutMs, pool) => {
          const settings: DatabaseSettings = {
            uri: "mongodb://db/",
            timeoutMs,
            maxPoolSize: pool,
            minPoolSize: 0,
            maxConnecting: 2,
            waitQueueTimeoutMs: 1,
            readReplicaTags: {},
            slowQueryMs: 100,
          };
          const { serverSelectionTimeoutMS = 0, socketTimeoutMS = 0 } = clientOptions(settings, "backend");
          assert.ok(serverSelectionTimeoutMS >= 1 && serverSelectionTimeoutMS <= Math.ceil(timeoutMs / 2));
          assert.ok(maxTimeMs(timeoutMs) >= 1 && maxTimeMs(timeoutMs) < timeoutMs);
          // The server reports its own limit before the socket is given up.
          assert.ok(maxTimeMs(timeoutMs) < socketTimeoutMS);
        },
      ),
    );
  });
});
