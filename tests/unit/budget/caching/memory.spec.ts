import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clientBuffersMiB,
  describeMemory,
  redisIoThreads,
  redisMemory,
  redisStorageGiB,
} from "../../../../budget/caching/memory";

const inputs = fc.record({
  workingSetMiB: fc.double({ min: 1, max: 200_000, noNaN: true }),
  maxClients: fc.integer({ min: 1, max: 65_000 }),
  forks: fc.boolean(),
  copyOnWrite: fc.double({ min: 0, max: 1, noNaN: true }),
  replicas: fc.integer({ min: 0, max: 5 }),
});

describe("redisMemory", () => {
  const cache = { workingSetMiB: 512, maxClients: 157, forks: false };

  it("derives a cache's memory, without copy on write", () => {
    // 512 / 0.8 + 16
    assert.deepEqual(redisMemory(cache), {
      maxMemoryMiB: 656,
      clientBuffersMiB: 16,
      replicationBacklogMiB: 0,
      replicaBufferMiB: 0,
      neededMiB: 802,
      limitMiB: 802,
      terms: [
        { name: "maxmemory", mib: 656 },
        { name: "fragmentation", mib: 66 },
        { name: "client buffers", mib: 16 },
        { name: "process", mib: 64 },
      ],
    });
  });

  it("adds what a forked child copies", () => {
    const memory = redisMemory({ ...cache, forks: true });
    assert.deepEqual(memory.terms, [
      { name: "maxmemory", mib: 656 },
      { name: "fragmentation", mib: 66 },
      { name: "copy on write", mib: 328 },
      { name: "client buffers", mib: 16 },
      { name: "process", mib: 64 },
    ]);
    assert.equal(memory.neededMiB, 1130);
    assert.equal(redisMemory({ ...cache, forks: true, copyOnWrite: 1 }).neededMiB, 802 + 656);
  });

  it("adds what replicas need: their backlog to maxmemory, what waits for them to the limit", () => {
    const memory = redisMemory({ ...cache, forks: true, replicas: 2 });
    // 512 / 0.8 + 16, and a tenth of 640
    assert.deepEqual(
      [memory.maxMemoryMiB, memory.replicationBacklogMiB, memory.replicaBufferMiB],
      [720, 64, 64 + 360],
    );
    assert.deepEqual(memory.terms, [
      { name: "maxmemory", mib: 720 },
      { name: "fragmentation", mib: 72 },
      { name: "copy on write", mib: 360 },
      { name: "replica buffers", mib: 360 },
      { name: "client buffers", mib: 16 },
      { name: "process", mib: 64 },
    ]);
    assert.equal(memory.neededMiB, 1592);
    // They share one buffer: a third one needs no more.
    assert.deepEqual(redisMemory({ ...cache, forks: true, replicas: 3 }), memory);
  });

  it("gives the replicas of a small server a backlog and a buffer that are of use", () => {
    const memory = redisMemory({ ...cache, workingSetMiB: 8, forks: true, replicas: 2 });
    assert.deepEqual([memory.replicationBacklogMiB, memory.replicaBufferMiB], [16, 48]);
  });

  it("tolerates 16 MiB of fragmentation in a small server, below which nothing defragments", () => {
    const [, fragmentation] = redisMemory({ ...cache, workingSetMiB: 8 }).terms;
    assert.deepEqual(fragmentation, { name: "fragmentation", mib: 16 });
  });

  it("keeps a limit that was given, also one that is too small to be proven", () => {
    const memory = redisMemory({ ...cache, limitMiB: 512 });
    assert.equal(memory.limitMiB, 512);
    assert.equal(memory.neededMiB, 802);
  });

  it("prints the sum it was derived from", () => {
    assert.equal(
      describeMemory(redisMemory(cache)),
      "802 = maxmemory 656 + fragmentation 66 + client buffers 16 + process 64",
    );
  });

  it("keeps limit >= maxmemory * (1 + copy on write) + replica buffers + client buffers + 64 MiB", () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const memory = redisMemory(given);
        const copied = given.forks ? given.copyOnWrite : 0;
        const waiting = memory.replicaBufferMiB - memory.replicationBacklogMiB;
        const least = memory.maxMemoryMiB * (1 + copied) + waiting + memory.clientBuffersMiB + 64;
        assert.ok(memory.limitMiB >= least);
      }),
    );
  });

  it("leaves the working set 80 % of what buffers and backlog leave of maxmemory", () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const memory = redisMemory(given);
        const keys = memory.maxMemoryMiB - memory.clientBuffersMiB - memory.replicationBacklogMiB;
        assert.ok(given.workingSetMiB <= 0.8 * keys * (1 + 1e-12));
        assert.ok(given.workingSetMiB > 0.8 * (keys - 1) * (1 - 1e-12));
      }),
    );
  });

  it("is the sum of its terms, whole MiB, none of them 0", () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const { terms, neededMiB } = redisMemory(given);
        assert.equal(
          neededMiB,
          terms.reduce((sum, term) => sum + term.mib, 0),
        );
        for (const { mib } of terms) assert.ok(Number.isInteger(mib) && mib > 0);
      }),
    );
  });
});

describe("the buffer of replicas", () => {
  it("is never smaller than the backlog, and holds what is written while one receives its copy", () => {
    fc.assert(
      fc.property(
        inputs.filter(({ replicas }) => replicas > 0),
        (given) => {
          const memory = redisMemory({ ...given, forks: true });
          const waiting = memory.replicaBufferMiB - memory.replicationBacklogMiB;
          assert.ok(waiting >= memory.maxMemoryMiB * given.copyOnWrite && waiting >= 32);
        },
      ),
    );
  });
});

describe("clientBuffersMiB", () => {
  it("is 48 KiB a client and at least 16 MiB", () => {
    assert.equal(clientBuffersMiB(1), 16);
    assert.equal(clientBuffersMiB(341), 16);
    assert.equal(clientBuffersMiB(342), 17);
    assert.equal(clientBuffersMiB(10_000), 469);
  });
});

describe("redisStorageGiB", () => {
  it("is three times maxmemory in whole GiB", () => {
    assert.equal(redisStorageGiB(1), 1);
    assert.equal(redisStorageGiB(1024), 3);
    assert.equal(redisStorageGiB(1025), 4);
  });
});

describe("redisIoThreads", () => {
  it("meets the examples of redis.conf, and leaves small and huge servers alone", () => {
    const threads = [0.25, 1, 3.9, 4, 6, 8, 10, 12, 64].map(redisIoThreads);
    assert.deepEqual(threads, [1, 1, 1, 3, 4, 6, 7, 8, 8]);
  });
});
