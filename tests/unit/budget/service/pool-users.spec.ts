import assert from "node:assert/strict";

import { cacheUsersOf, databaseUsersOf } from "../../../../budget/service/pool-users";
import { serviceSummary } from "../../delivery/fixtures/stack-run";

describe("pool users", () => {
  const services = [
    serviceSummary("backend", { cachePools: { "redis-cache": 4, "redis-session": 2 }, databasePool: 8 }),
    serviceSummary("matching", { cachePools: { "redis-cache": 3 }, databasePool: 0, processesPerPod: 2 }),
  ];
  const [backend, matching] = services.map(({ workload, replicas, maxSurge, processesPerPod }) => ({
    workload,
    maxReplicas: replicas.max,
    maxSurge,
    processesPerPod,
    // 67 s from the order to stop to the kill, 12 s to be warm.
    pace: { terminationSeconds: 67, readySeconds: 12 },
  }));

  it("are the services that keep a pool to a cache, at their largest", () => {
    assert.deepEqual(cacheUsersOf("redis-cache", services), [
      { ...backend, poolSize: 4 },
      { ...matching, poolSize: 3 },
    ]);
    assert.deepEqual(cacheUsersOf("redis-session", services), [{ ...backend, poolSize: 2 }]);
    assert.deepEqual(cacheUsersOf("another", services), []);
  });

  it("are the services that keep a pool to the database, and no others", () => {
    assert.deepEqual(databaseUsersOf(services), [{ ...backend, poolSize: 8 }]);
  });
});
