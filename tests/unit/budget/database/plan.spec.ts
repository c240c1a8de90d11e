import assert from "node:assert/strict";

import fc from "fast-check";

import { text } from "../../../../budget/core/derived";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { broken } from "../../../../budget/core/plan";
import { planDatabase, type DatabaseInputs } from "../../../../budget/database/plan";
import { CATALOGUE } from "../../../../product/data-model/catalogue";

const inputs: DatabaseInputs = {
  database: "mongodb",
  shards: 2,
  readReplicas: 1,
  dataGiB: 400,
  workingSetGiB: 24,
  cpuCores: 2,
  routers: { cpuCores: 1, queriesPerCore: 2000 },
  users: [
    {
      service: "backend",
      maxReplicas: 14,
      maxSurge: 0.25,
      processesPerPod: 1,
      poolSize: 3,
      peakRps: 1200,
      queriesPerRequest: 1.5,
      querySeconds: 0.006,
    },
  ],
  zones: 3,
  budget: DEFAULT_BUDGET,
  backupDays: 30,
};

const statements = (change: Partial<DatabaseInputs>): string[] =>
  broken(planDatabase({ ...inputs, ...change })).map(({ statement }) => statement);

describe("plan of a database in the cluster", () => {
  it("writes each formula with its numbers", () => {
    assert.deepEqual(
      Object.values(planDatabase(inputs).numbers).map(
        (found) => `${found.name} | ${text(found)} | ${found.formula}`,
      ),
      [
        "Members | 11 members | 2 shards · (3 voters + 1 read replica) + 3 config servers; no zone has two voters of a set",
        "Routers | 3 routers | max(2, 3 zones, ⌈1,800/s ÷ (1 core · 2,000/s)⌉ + 1 spare)",
        "Connections to a router | 140 connections | backend 28 pods · 1 process · (pool 3 + 2 monitors), at maxReplicas in a rollout, with the pods that are ending",
        "Queries at peak | 1,800/s | backend 1,200/s · 1.5",
        "Queries of the largest shard | 1,080/s | 1,800/s ÷ 2 shards · 1.2",
        "Busy cores of a primary at peak | 1.08 cores | 1,080/s ÷ 1,000/s of a core, as if the primary got all of them",
        "maxIncomingConnections of a router | 218 connections | ⌈140 · 1.2⌉ + 50 in reserve",
        "ShardingTaskExecutorPoolMaxSize | 20 connections | max(20, ⌈2 · 10.8 queries in flight ÷ (3 − 1)⌉) to each member: one router missing, all on one shard",
        "maxIncomingConnections of a member | 125 connections | ⌈3 routers · 20 ÷ 80 %⌉ + 50 in reserve",
        "WiredTiger cache of a member | 18 GiB | 24 GiB ÷ 2 shards · 1.2 ÷ 80 %, and what rounding up the limit gives",
        "cacheSizeRatio | 50 % | 18 ÷ (37 − 1), as the operator counts",
        "Memory limit of a member | 37 GiB | max(⌈WiredTiger cache 18 + connections 0.12 + index builds 0.5 + process 1⌉, ⌈cache ÷ 50 % + 1⌉), which leaves the file system as much as the cache",
        "Volume of a member | 361 GiB | ⌈400 GiB ÷ 2 shards · 1.2 ÷ 70 % + oplog⌉",
        "Memory limit of a router | 1 GiB | 0.5 + (218 clients + 20 · 11 members) · 1 MiB, in quarters; 1 core each",
        "Memory limit of a config server | 2 GiB | max(⌈WiredTiger cache 0.37 + connections 0.12 + index builds 0.5 + process 1⌉, ⌈cache ÷ 50 % + 1⌉), which leaves the file system as much as the cache",
        "cacheSizeRatio of a config server | 37 % | 0.37 ÷ (2 − 1)",
        "Volume of a config server | 10 GiB | the map of chunks, its indexes and the oplog stay below one",
        "Reads and writes of a volume at peak | 1,644/s | 14.4 GiB ÷ 32 KiB ÷ 3,600 s + 216/s writes (20 %) · 7 pages",
        "Warm-up of a member | 157.3 s | 14.4 GiB ÷ 93.75 MiB/s, min(125 MiB/s, 3,000/s · 32 KiB)",
        "Slow query | 100 ms | the budget's critical query time",
        "Backups | 30 days | daily, and any moment between them",
      ],
    );
  });

  it("keeps its promises, and says what it takes for granted", () => {
    const { proofs } = planDatabase(inputs);
    assert.deepEqual(broken({ proofs }), []);
    assert.deepEqual(
      proofs.flatMap(({ assumes = [] }) => assumes),
      [
        "queries/s of a core that nobody has measured",
        "queries that name their shard",
        "every page of the working set is read once an hour",
      ],
    );
  });

  it("keeps what it sizes itself, whatever the load", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 50_000 }),
        fc.double({ min: 0.0001, max: 0.05, noNaN: true }),
        (shards, zones, dataGiB, share, peakRps, querySeconds) => {
          const [user] = inputs.users;
          assert.ok(user);
          const plan = planDatabase({
            ...inputs,
            shards,
            zones,
            dataGiB,
            workingSetGiB: (dataGiB * share) / 100,
            users: [{ ...user, peakRps, querySeconds }],
            // What nobody but the user can size.
            cpuCores: 256,
            queriesPerCore: 1_000_000,
            disk: { iops: 1_000_000, mibPerSecond: 1000 },
          });
          assert.deepEqual(broken(plan), []);
        },
      ),
    );
  });

  it("does not keep the peak on too few cores, or on a volume that is too slow", () => {
    assert.deepEqual(statements({ cpuCores: 1.5 }), [
      'a primary of "mongodb" answers the peak within the promised CPU',
    ]);
    assert.deepEqual(statements({ queriesPerCore: 700 }), [
      'a primary of "mongodb" answers the peak within the promised CPU',
    ]);
    assert.deepEqual(statements({ disk: { iops: 1500, mibPerSecond: 125 } }), [
      'the volume of a member of "mongodb" reads and writes what the peak asks for',
    ]);
  });

  it("names the keys that would mend it", () => {
    const [proof] = broken(planDatabase({ ...inputs, cpuCores: 1 }));
    assert.equal(proof?.policy, "database-carries-load");
    assert.equal(proof.inequality, "1.08 busy ≤ 1 core · 70 % = 0.7");
    assert.deepEqual(proof.mend, ["cpuCores", "shards", "queriesPerCore"]);
  });

  it("counts queries that ask every shard on every shard", () => {
    const model = { ...inputs, dataModel: CATALOGUE, queriesPerCore: 1500 };
    const queries = (shards: number): number => planDatabase({ ...model, shards }).numbers.shardQueries.value;
    assert.ok(queries(2) > 1080);
    // More shards help only those that name one.
    assert.ok(queries(20) > 1800 * 0.4);
    assert.equal(queries(1), 1800);
    assert.deepEqual(broken(planDatabase(model)), []);
    assert.deepEqual(
      broken(planDatabase({ ...model, workingSetGiB: 12 })).map(({ inequality }) => inequality),
      ["12 GiB ≥ 20.5 GiB"],
    );
  });

  it("says what is not there: no services, no backups, zones too few for a majority", () => {
    const { numbers, proofs } = planDatabase({ ...inputs, users: [], zones: 2, shards: 1, backupDays: 0 });
    assert.deepEqual(broken({ proofs }), []);
    assert.match(numbers.clients.formula, /^no service connects/);
    assert.match(numbers.members.formula, /a zone may take the majority with it: it takes 3/);
    assert.equal(numbers.backups.value, 0);
    assert.match(numbers.storage.formula, /^⌈400 GiB ÷ 70 %/);
  });
});
