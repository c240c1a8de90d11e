import assert from "node:assert/strict";

import { DEFAULT_BUCKETS_SECONDS } from "../../../runtime/metrics";
import { backendSettings } from "../../../runtime/reference-backend/settings";
import { VariablesError } from "../../../runtime/shared/variables";

const ENVIRONMENT = {
  PORT: "3000",
  REQUEST_TIMEOUT_MS: "10000",
  KEEP_ALIVE_TIMEOUT_MS: "75000",
  SHUTDOWN_TIMEOUT_MS: "17000",
};

describe("settings of the backend", () => {
  it("are read from the variables that the platform writes", () => {
    const environment = {
      ...ENVIRONMENT,
      HTTP_DURATION_BUCKETS_SECONDS: "0.2,0.5",
      MONGODB_URI: "mongodb://db/retrofitlink",
      DATABASE_TIMEOUT_MS: "8000",
      MONGODB_MAX_POOL_SIZE: "20",
      MONGODB_WAIT_QUEUE_TIMEOUT_MS: "1500",
    };
    assert.deepEqual(backendSettings(environment), {
      port: 3000,
      requestTimeoutMs: 10_000,
      keepAliveTimeoutMs: 75_000,
      shutdownTimeoutMs: 17_000,
      buckets: [0.2, 0.5],
      traced: false,
      database: {
        uri: "mongodb://db/retrofitlink",
        timeoutMs: 8000,
        maxPoolSize: 20,
        minPoolSize: 0,
        maxConnecting: 2,
        waitQueueTimeoutMs: 1500,
        readReplicaTags: {},
        slowQueryMs: 100,
      },
      cache: undefined,
      sessions: undefined,
    });
  });

  it("need no database, and then none of its variables", () => {
    const settings = backendSettings({ ...ENVIRONMENT, MONGODB_MAX_POOL_SIZE: "many" });
    assert.equal(settings.database, undefined);
    assert.deepEqual(settings.buckets, DEFAULT_BUCKETS_SECONDS);
  });

  it("know the caches that the platform gave it", () => {
    const caches = ["REDIS_CACHE", "REDIS_SESSION"].flatMap((prefix) => [
      [`${prefix}_HOST`, "host"],
      [`${prefix}_PORT`, "6379"],
      [`${prefix}_POOL_SIZE`, "10"],
    ]);
    const { cache, sessions } = backendSettings({ ...ENVIRONMENT, ...Object.fromEntries(caches) });
    assert.deepEqual([cache?.timeoutMs, sessions?.timeoutMs], [100, 1000]);
    assert.throws(
      () => backendSettings({ ...ENVIRONMENT, REDIS_CACHE_HOST: "host" }),
      /REDIS_CACHE_POOL_SIZE is not set/,
    );
  });

  it("name everything that is missing or wrong in one message", () => {
    const environment = {
      PORT: "80000",
      KEEP_ALIVE_TIMEOUT_MS: "75s",
      SHUTDOWN_TIMEOUT_MS: "17000",
      HTTP_DURATION_BUCKETS_SECONDS: "0.5,0.2",
      MONGODB_URI: "mongodb://app:hunter2@db/retrofitlink",
      MONGODB_MAX_POOL_SIZE: "0",
    };
    assert.throws(
      () => backendSettings(environment),
      (error: unknown) => {
        assert.ok(error instanceof VariablesError);
        assert.deepEqual(error.message.split("\n"), [
          "environment variables are missing or wrong:",
          '  - PORT is "80000"; allowed is a whole number from 0 to 65535',
          "  - REQUEST_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
          '  - KEEP_ALIVE_TIMEOUT_MS is "75s"; allowed is a whole number from 1 to 2147483647',
          '  - HTTP_DURATION_BUCKETS_SECONDS is "0.5,0.2"; allowed is 1 to 30 numbers above 0, each larger than the one before it, separated by commas',
          "  - DATABASE_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
          '  - MONGODB_MAX_POOL_SIZE is "0"; allowed is a whole number from 1 to 1000',
          "  - MONGODB_WAIT_QUEUE_TIMEOUT_MS is not set; allowed is a whole number from 1 to 2147483647",
        ]);
        return true;
      },
    );
  });
});
