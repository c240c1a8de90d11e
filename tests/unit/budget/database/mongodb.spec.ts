import assert from "node:assert/strict";
import fc from "fast-check";

import {
  RESERVED_CONNECTIONS,
  configServerMemory,
  largestShard,
  mongoConnections,
  mongodMemory,
  mongodStorageGiB,
  neededGiB,
  peakQueries,
  queriesInFlight,
  routerCount,
  routerMemoryGiB,
  type DatabaseUser,
} from "../../../../budget/database/mongodb";

const GIB = 2 ** 30;

/** What the operator makes of ratio and limit, written again from its description: floor in bytes, two digits printed. */
function cacheOfOperator(limitGiB: number, ratio: number): number {
  const bytes = Math.floor(ratio * (limitGiB * GIB - GIB));
  return Number(Math.max(0.25, bytes / GIB).toFixed(2));
}

describe("mongodMemory", () => {
  it("keeps the working set in 80 % of the cache, and as much again for the file system", () => {
    // 12 / 0.8 = 15; 15 / 0.5 + 1 = 31
    const { cacheGiB, limitGiB, cacheRatio } = mongodMemory(12, 200);
    assert.deepEqual({ cacheGiB, limitGiB, cacheRatio }, { cacheGiB: 15, limitGiB: 31, cacheRatio: 0.5 });
  });

  it("lets connections decide where they need more than the file system", () => {
    // 0.25 + 4096 / 1024 + 0.5 + 1 = 5.75, rounded up; a quarter of a GiB was given away
    const { cacheGiB, limitGiB, terms } = mongodMemory(0.1, 4096);
    assert.equal(limitGiB, 6);
    assert.equal(cacheGiB, 0.5);
    assert.deepEqual(terms, [
      { name: "WiredTiger cache", gib: 0.5 },
      { name: "connections", gib: 4 },
      { name: "index builds", gib: 0.5 },
      { name: "process", gib: 1 },
    ]);
  });

  const workingSet = fc.double({ min: 0.01, max: 400, noNaN: true });
  const connections = fc.integer({ min: 0, max: 60_000 });

  it("proves that the limit holds everything, and half of what is left belongs to the file system", () => {
    fc.assert(
      fc.property(workingSet, connections, (gib, open) => {
        const memory = mongodMemory(gib, open);
        assert.ok(memory.limitGiB >= neededGiB(memory) - 1e-9);
        assert.ok(memory.cacheGiB <= Math.max(0.25, 0.5 * (memory.limitGiB - 1)) + 1e-9);
        assert.ok(memory.cacheGiB >= gib / 0.8 - 1e-9, "the working set is in the cache");
        assert.ok(Number.isInteger(memory.limitGiB));
      }),
    );
  });

  it("gives the operator a ratio of which it computes the same cache", () => {
    fc.assert(
      fc.property(workingSet, connections, (gib, open) => {
        const { limitGiB, cacheRatio, cacheGiB } = mongodMemory(gib, open);
        assert.equal(cacheOfOperator(limitGiB, cacheRatio), cacheGiB);
      }),
    );
  });

  it("never falls when the working set or the connections grow", () => {
    fc.assert(
      fc.property(workingSet, connections, fc.integer({ min: 0, max: 5000 }), (gib, open, more) => {
        const { limitGiB } = mongodMemory(gib, open);
        assert.ok(mongodMemory(gib, open + more).limitGiB >= limitGiB);
        assert.ok(mongodMemory(gib + more / 100, open).limitGiB >= limitGiB);
      }),
    );
  });
});

describe("configServerMemory", () => {
  it("is small, and grows with the connections that it meets", () => {
    assert.equal(configServerMemory(125).limitGiB, 2);
    assert.equal(configServerMemory(4000).limitGiB, 6);
  });
});

describe("largestShard", () => {
  it("allows for a fifth of skew, but not with a single shard", () => {
    assert.equal(largestShard(24, 1), 24);
    assert.equal(largestShard(24, 2), 14.4);
    assert.equal(largestShard(100, 4), 30);
  });
});

describe("mongodStorageGiB", () => {
  it("leaves three tenths of the volume, and room for the oplog", () => {
    // 140 / 0.7 = 200; 5 % of a volume of 210.5 is 10.5
    assert.equal(mongodStorageGiB(140), 211);
  });

  it("reserves an oplog of at least one and at most fifty GiB", () => {
    assert.equal(mongodStorageGiB(0.7), 2);
    assert.equal(mongodStorageGiB(7000), 10_050);
  });

  it("always holds the data in seven tenths of what the oplog leaves", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 50_000, noNaN: true }), (data) => {
        const volume = mongodStorageGiB(data);
        const oplog = Math.min(50, Math.max(1, volume * 0.05));
        // Rounding up the volume also grows its oplog: 5 % of one GiB.
        assert.ok(data <= 0.7 * (volume - oplog) + 0.05);
      }),
    );
  });
});

const backend: DatabaseUser = {
  service: "backend",
  maxReplicas: 10,
  maxSurge: 0.25,
  processesPerPod: 1,
  poolSize: 4,
  peakRps: 1200,
  queriesPerRequest: 1.5,
  querySeconds: 0.006,
};

const user = fc.record({
  service: fc.constant("any"),
  maxReplicas: fc.integer({ min: 1, max: 200 }),
  maxSurge: fc.constantFrom(0, 0.25, 1),
  processesPerPod: fc.integer({ min: 1, max: 8 }),
  poolSize: fc.integer({ min: 2, max: 100 }),
  peakRps: fc.double({ min: 0.1, max: 20_000, noNaN: true }),
  queriesPerRequest: fc.double({ min: 0.1, max: 20, noNaN: true }),
  querySeconds: fc.double({ min: 0.0001, max: 1, noNaN: true }),
});

describe("mongoConnections", () => {
  it("counts every pool at every router, with the driver's two monitors", () => {
    // (10 + 10) pods, the old ones still ending, * 1 process * (4 + 2)
    const connections = mongoConnections([backend], 3);
    assert.equal(connections.clientsPerRouter, 120);
    // 1.2 * 120 + 50
    assert.equal(connections.routerMaxConnections, 194);
  });

  it("gives a router twice the queries in flight, as if one router were missing and all asked one shard", () => {
    // 1200 * 1.5 * 0.1 s = 180 in flight; 2 * 180 / 2 = 180; 3 * 180 / 0.8 + 50
    const connections = mongoConnections([{ ...backend, querySeconds: 0.1 }], 3);
    assert.equal(connections.routerPoolSize, 180);
    assert.equal(connections.memberMaxConnections, 725);
  });

  it("never gives less than twenty, for a router also asks all shards at once", () => {
    assert.equal(mongoConnections([backend], 3).routerPoolSize, 20);
    assert.equal(mongoConnections([], 2).routerPoolSize, 20);
  });

  it("lets the routers use at most 80 % of what a member admits, and the reserve comes on top", () => {
    fc.assert(
      fc.property(fc.array(user, { maxLength: 6 }), fc.integer({ min: 1, max: 20 }), (users, routers) => {
        const { routerPoolSize, memberMaxConnections, clientsPerRouter, routerMaxConnections } =
          mongoConnections(users, routers);
        assert.ok(routers * routerPoolSize <= 0.8 * (memberMaxConnections - RESERVED_CONNECTIONS) + 1e-6);
        assert.ok(routerMaxConnections >= 1.2 * clientsPerRouter + RESERVED_CONNECTIONS - 1e-6);
        // One router down, and the others still carry what is in flight.
        if (routers > 1) assert.ok((routers - 1) * routerPoolSize >= queriesInFlight(users) - 1e-6);
      }),
    );
  });

  it("does not change with the order of the services", () => {
    fc.assert(
      fc.property(fc.array(user, { maxLength: 6 }), (users) => {
        const there = mongoConnections(users, 3);
        const back = mongoConnections([...users].reverse(), 3);
        assert.equal(there.clientsPerRouter, back.clientsPerRouter);
        assert.equal(there.routerPoolSize, back.routerPoolSize);
      }),
    );
  });
});

describe("routerCount", () => {
  it("carries the peak with one router missing, in every zone, and is never one", () => {
    assert.equal(routerCount(1800, 2000, 1, 3), 3);
    assert.equal(routerCount(9000, 2000, 1, 3), 6);
    assert.equal(routerCount(0, 2000, 1, 1), 2);
  });

  it("holds the peak with one missing for every load", () => {
    const rate = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        rate,
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 6 }),
        (peak, core, zones) => {
          const routers = routerCount(peak, core, 2, zones);
          assert.ok((routers - 1) * core * 2 >= peak - 1e-6);
          assert.ok(routers >= Math.max(2, zones));
        },
      ),
    );
  });
});

describe("routerMemoryGiB", () => {
  it("is half a GiB and a MiB for each connection in and out, in quarters", () => {
    const connections = mongoConnections([backend], 3);
    // 144 in, 20 to each of 11 members: 364 MiB
    assert.equal(routerMemoryGiB(connections, 11), 1);
  });
});

describe("the load of the services", () => {
  it("adds up queries per second, and queries in flight by Little's law", () => {
    const users = [backend, { ...backend, peakRps: 100, queriesPerRequest: 2, querySeconds: 0.01 }];
    assert.equal(peakQueries(users), 2000);
    assert.ok(Math.abs(queriesInFlight(users) - 12.8) < 1e-9);
  });
});
