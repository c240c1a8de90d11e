import assert from "node:assert/strict";
import {
  redisArgsIssues,
  type RedisArgs,
  type SessionRedisArgs,
} from "../../../../../components/caching/redis/redis";
import { pathText, type Issue } from "../../../../../budget/core/issues";

const backend = { service: "backend", maxReplicas: 10, maxSurge: 0.25, processesPerPod: 1, poolSize: 8 };

const cache = {
  configKey: "retrofitlink:caches.redis-cache",
  namespace: "retrofitlink",
  purpose: "cache",
  workingSetMiB: 512,
  cpuCores: 1,
  users: [backend],
} as const satisfies RedisArgs;

const session: SessionRedisArgs = { ...cache, purpose: "session", zones: 3 };

describe("redisArgsIssues", () => {
  const lines = (issues: readonly Issue[]): string[] =>
    issues.map(
      ({ path, got, allowed, fix }) => `${pathText(path)}: got ${got}; allowed is ${allowed}. ${fix}`,
    );
  const texts = (change: Partial<RedisArgs>): string[] =>
    lines(redisArgsIssues("redis-cache", { ...cache, ...change } as RedisArgs));

  it("finds nothing wrong with the examples", () => {
    assert.deepEqual(redisArgsIssues("redis-cache", cache), []);
    assert.deepEqual(redisArgsIssues("sessions", session), []);
    assert.deepEqual(texts({ memoryLimitMiB: 802 }), []);
  });

  it("finds every mistake at once", () => {
    const users = [{ ...backend, maxReplicas: 0, maxSurge: 25, processesPerPod: 1.5, poolSize: -1 }];
    assert.deepEqual(texts({ name: "Redis_Cache", workingSetMiB: 0, cpuCores: 500, users }).sort(), [
      "cpuCores: got 500; allowed is a number from 0.01 to 96 (cores). Give what a load test measured; one core serves one event loop, and 500m is 0.5.",
      'name: got "Redis_Cache"; allowed is a DNS label of at most 52 characters. Use lower-case letters, digits and hyphens, a letter first.',
      "users[0].maxReplicas: got 0; allowed is a whole number from 1 to 100,000 (pods). Give the upper bound of the autoscaler of that service.",
      "users[0].maxSurge: got 25; allowed is a number from 0 to 1 (share of the replicas). Give the pods that a rollout of that service adds; 25 % are 0.25.",
      "users[0].poolSize: got -1; allowed is a whole number from 1 to 100,000 (connections). Give the connections that one process keeps.",
      "users[0].processesPerPod: got 1.5; allowed is a whole number from 1 to 64. Count the processes of a pod that open connections.",
      "workingSetMiB: got 0; allowed is a number above 0 and at most 1,048,576 (MiB). Give the size of what has to stay in memory for the hit rate.",
    ]);
  });

  it("refuses what only a typing error can mean, and more connections than a server admits", () => {
    assert.match(texts({ workingSetMiB: 1e12 }).join("\n"), /^workingSetMiB: got 1000000000000; allowed is/);
    assert.deepEqual(texts({ users: [{ ...backend, maxReplicas: 5000, poolSize: 1000 }] }), [
      "users: got 12000032; allowed is services that open at most 65000 connections, with margin and reserve. Give fewer connections, or divide the services among several caches.",
    ]);
  });

  it("refuses names that are too long for the labels a StatefulSet makes of them", () => {
    assert.deepEqual(texts({ name: "a".repeat(52) }), []);
    assert.equal(texts({ name: "a".repeat(53) }).length, 1);
  });

  it("refuses a limit that the proof does not allow, with the sum", () => {
    assert.deepEqual(texts({ memoryLimitMiB: 801 }), [
      "memoryLimitMiB: got 801; allowed is at least 802 = maxmemory 656 + fragmentation 66 + client buffers 16 + process 64 (MiB). Raise it, or leave it out and it becomes 802.",
    ]);
  });

  it("asks for the same memory in every member, replicas as well", () => {
    assert.deepEqual(redisArgsIssues("sessions", { ...session, memoryLimitMiB: 1592 }), []);
    assert.deepEqual(lines(redisArgsIssues("sessions", { ...session, memoryLimitMiB: 1591 })), [
      "memoryLimitMiB: got 1591; allowed is at least 1592 = maxmemory 720 + fragmentation 72 + copy on write 360 + replica buffers 360 + client buffers 16 + process 64 (MiB). Raise it, or leave it out and it becomes 1592.",
    ]);
  });

  it("asks a session store for the zones of its cluster", () => {
    assert.deepEqual(lines(redisArgsIssues("sessions", { ...session, zones: 0 })), [
      "zones: got 0; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.",
    ]);
  });

  it("refuses a volume that has no room for a rewrite", () => {
    const problems = redisArgsIssues("sessions", { ...session, storage: { sizeGiB: 1 } });
    assert.deepEqual(lines(problems), [
      "storage.sizeGiB: got 1; allowed is at least 3 (GiB), 3 times a maxmemory of 720 MiB. Raise it, or leave it out and it becomes 3.",
    ]);
  });
});
