import assert from "node:assert/strict";
import type { TimeoutChain } from "../../../budget/timeouts/timeouts";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { serviceEnvironment } from "../../../components/workload/service-environment";
import type { ResolvedServiceArgs } from "../../../components/workload/elastic-service-args";
import { cacheSettings, commandTimeoutMs, hasCache } from "../../../runtime/caching";
import { VariablesError } from "../../../runtime/shared/variables";

const ENVIRONMENT = {
  REQUEST_TIMEOUT_MS: "10000",
  REDIS_CACHE_HOST: "redis-cache",
  REDIS_CACHE_PORT: "6379",
  REDIS_CACHE_PASSWORD: "hunter2",
  REDIS_CACHE_POOL_SIZE: "10",
};

describe("settings of a cache", () => {
  it("are read from the variables that the platform writes", () => {
    assert.deepEqual(cacheSettings("redis-cache", "cache", ENVIRONMENT), {
      name: "redis-cache",
      address: { host: "redis-cache", port: 6379 },
      password: "hunter2",
      poolSize: 10,
      tls: false,
      timeoutMs: 100,
      requestTimeoutMs: 10_000,
    });
    assert.equal(hasCache("redis-cache", ENVIRONMENT), true);
    assert.equal(hasCache("redis-session", ENVIRONMENT), false);
  });

  it("have the names that the component writes", () => {
    const chain = {
      request: { application: 10, database: 8 },
      idle: { application: 75 },
      drain: { terminationGrace: 30, preStop: 10 },
    } as unknown as TimeoutChain;
    const args = {
      port: 3000,
      resources: { memoryMiB: 512 },
      timeouts: chain,
      budget: DEFAULT_BUDGET,
      caches: [
        {
          name: "redis-session",
          host: "h",
          port: 6379,
          poolSize: 7,
          passwordSecret: { name: "s", key: "k" },
        },
      ],
    } as unknown as ResolvedServiceArgs;
    const environment = Object.fromEntries(
      serviceEnvironment(args).map(({ name, value }) => [name, typeof value === "string" ? value : "secret"]),
    ) as Record<string, string>;
    const { address, poolSize, password } = cacheSettings("redis-session", "session", environment);
    assert.deepEqual([address, poolSize, password], [{ host: "h", port: 6379 }, 7, "secret"]);
  });

  it("know sentinels, TLS and another deadline", () => {
    const environment = {
      REQUEST_TIMEOUT_MS: "10000",
      REDIS_SESSION_SENTINELS: "s-0.x:26379, s-1.x:26379,[::1]:26379",
      REDIS_SESSION_SENTINEL_MASTER: "sessions",
      REDIS_SESSION_POOL_SIZE: "10",
      REDIS_SESSION_TLS: "true",
      REDIS_SESSION_TIMEOUT_MS: "400",
    };
    const settings = cacheSettings("redis-session", "session", environment);
    assert.deepEqual(settings.sentinels, {
      addresses: [
        { host: "s-0.x", port: 26379 },
        { host: "s-1.x", port: 26379 },
        { host: "::1", port: 26379 },
      ],
      master: "sessions",
    });
    assert.deepEqual([settings.tls, settings.timeoutMs, settings.password], [true, 400, undefined]);
  });

  it("know an ACL user, and say what is wrong with a file of authorities without showing it", () => {
    const environment = { ...ENVIRONMENT, REDIS_CACHE_USERNAME: "backend" };
    assert.equal(cacheSettings("redis-cache", "cache", environment).username, "backend");
    for (const file of ["/is/not/there", __filename]) {
      assert.throws(
        () => cacheSettings("redis-cache", "cache", { ...environment, REDIS_CACHE_CA_FILE: file }),
        (error: unknown) => {
          assert.ok(error instanceof VariablesError);
          assert.deepEqual(error.problems, [
            `REDIS_CACHE_CA_FILE is "${file}"; allowed is a file of certificates in PEM that can be read`,
          ]);
          return true;
        },
      );
    }
  });

  it("have a deadline inside the request's", () => {
    assert.deepEqual(
      [10_000, 1000, 100].map((ms) => [commandTimeoutMs(ms, "cache"), commandTimeoutMs(ms, "session")]),
      [
        [100, 1000],
        [50, 250],
        [20, 50],
      ],
    );
  });

  it("name everything that is missing or wrong, and no secret", () => {
    const environment = {
      REQUEST_TIMEOUT_MS: "1000",
      REDIS_CACHE_SENTINELS: "host",
      REDIS_CACHE_PORT: "x",
      REDIS_CACHE_PASSWORD: "hunter2",
      REDIS_CACHE_TLS: "yes",
      REDIS_CACHE_TIMEOUT_MS: "2000",
    };
    assert.throws(
      () => cacheSettings("redis-cache", "cache", environment),
      (error: unknown) => {
        assert.ok(error instanceof VariablesError);
        assert.deepEqual(error.problems, [
          'REDIS_CACHE_SENTINELS is "host"; allowed is host:port, separated by commas',
          "REDIS_CACHE_TIMEOUT_MS is 2000; allowed is less than REQUEST_TIMEOUT_MS, 1000",
          "REDIS_CACHE_SENTINEL_MASTER is not set; allowed is the name of the primary",
          'REDIS_CACHE_TLS is "yes"; allowed is true or false',
          'REDIS_CACHE_PORT is "x"; allowed is a whole number from 1 to 65535',
          "REDIS_CACHE_POOL_SIZE is not set; allowed is a whole number from 1 to 1000",
        ]);
        return true;
      },
    );
  });
});
