import assert from "node:assert/strict";
import {
  redisProblems,
  type RedisArgs,
  type SessionRedisArgs,
} from "../../../../../components/caching/redis/redis";
import { describeProblem } from "../../../../../components/shared/problems";

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

describe("redisProblems", () => {
  const texts = (change: Partial<RedisArgs>): string[] =>
    redisProblems({ ...cache, ...change } as RedisArgs).map((problem) => describeProblem(problem));

  it("finds nothing wrong with the examples", () => {
    assert.deepEqual(redisProblems(cache), []);
    assert.deepEqual(redisProblems(session), []);
    assert.deepEqual(texts({ memoryLimitMiB: 802 }), []);
  });

  it("finds every mistake at once", () => {
    const users = [{ ...backend, maxReplicas: 0, maxSurge: 25, processesPerPod: 1.5, poolSize: -1 }];
    assert.deepEqual(texts({ name: "Redis_Cache", workingSetMiB: 0, cpuCores: -1, users }), [
      'name: got "Redis_Cache"; allowed is a DNS label of at most 52 characters. Shorten it to lower-case letters, digits and hyphens.',
      "workingSetMiB: got 0; allowed is a number above 0 (MiB). Give what a load test measured.",
      "cpuCores: got -1; allowed is a number above 0 (cores). Give what a load test measured.",
      "users[0].maxReplicas: got 0; allowed is a whole number of at least 1. Correct the plan of backend.",
      "users[0].processesPerPod: got 1.5; allowed is a whole number of at least 1. Correct the plan of backend.",
      "users[0].poolSize: got -1; allowed is a whole number of at least 1. Correct the plan of backend.",
      "users[0].maxSurge: got 25; allowed is a share from 0 to 1. Correct the rollout of backend.",
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
    assert.deepEqual(redisProblems({ ...session, memoryLimitMiB: 1592 }), []);
    assert.deepEqual(
      redisProblems({ ...session, memoryLimitMiB: 1591 }).map((problem) => describeProblem(problem)),
      [
        "memoryLimitMiB: got 1591; allowed is at least 1592 = maxmemory 720 + fragmentation 72 + copy on write 360 + replica buffers 360 + client buffers 16 + process 64 (MiB). Raise it, or leave it out and it becomes 1592.",
      ],
    );
  });

  it("asks a session store for the zones of its cluster", () => {
    assert.deepEqual(
      redisProblems({ ...session, zones: 0 }).map((problem) => describeProblem(problem)),
      ["zones: got 0; allowed is a whole number of at least 1. Count the zones of the cluster's nodes."],
    );
  });

  it("refuses a volume that has no room for a rewrite", () => {
    const problems = redisProblems({ ...session, storage: { sizeGiB: 1 } });
    assert.deepEqual(
      problems.map((problem) => describeProblem(problem)),
      [
        "storage.sizeGiB: got 1; allowed is at least 3 (GiB), 3 times a maxmemory of 720 MiB. Raise it, or leave it out and it becomes 3.",
      ],
    );
  });
});
