import assert from "node:assert/strict";

import { text } from "../../../../budget/core/derived";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { broken } from "../../../../budget/core/plan";
import { planAtlas, type AtlasInputs } from "../../../../budget/database/atlas-plan";
import { CATALOGUE } from "../../../../product/data-model/catalogue";

const inputs: AtlasInputs = {
  database: "mongodb",
  cloud: "aws",
  region: "EU_CENTRAL_1",
  shards: 2,
  readReplicas: 1,
  analyticsNodes: 0,
  dataGiB: 400,
  workingSetGiB: 24,
  queriesPerCore: 400,
  users: [
    {
      service: "backend",
      maxReplicas: 14,
      maxSurge: 0.25,
      processesPerPod: 1,
      poolSize: 4,
      peakRps: 1200,
      queriesPerRequest: 1.5,
      querySeconds: 0.006,
    },
  ],
  budget: DEFAULT_BUDGET,
  retentionDays: 30,
};

const [user] = inputs.users;
assert.ok(user);

const unkept = (change: Partial<AtlasInputs>): string[] =>
  broken(planAtlas({ ...inputs, ...change })).map(({ inequality }) => inequality);

describe("plan of an Atlas cluster", () => {
  it("writes each formula with its numbers", () => {
    assert.deepEqual(
      Object.values(planAtlas(inputs).numbers).map(
        (found) => `${found.name} | ${text(found)} | ${found.formula}`,
      ),
      [
        "Nodes and routers | 8 nodes | 2 shards · (3 that vote + 1 read only + 0 analytics)",
        "Connections to a router | 168 connections | backend 28 pods · 1 process · (pool 4 + 2 monitors), at maxReplicas in a rollout, with the pods that are ending",
        "Queries at peak | 1,800/s | backend 1,200/s · 1.5",
        "Queries of the largest shard | 1,080/s | 1,800/s ÷ 2 shards · 1.2",
        "Busy cores of a primary at peak | 2.7 cores | 1,080/s ÷ 400/s of a core, as if the primary got all of them",
        "Connections that a router admits | 32,000 connections | what Atlas gives M60; ⌈168 · 1.2⌉ + 50 + 10 of Atlas's own = 262 are needed",
        "WiredTiger cache of a node | 32 GiB | 50 % of the 64 GiB of M60",
        "Volume of a node | 361 GiB | 400 GiB ÷ 2 shards · 1.2 ÷ 70 % + oplog, at least 10",
        "Smallest tier | M60 | the smallest that carries the peak: Atlas scales up after ten minutes to an hour, and not for connections",
        "Largest tier | M80 | above M60, for a working set that grows, and for the peak + 20 %",
        "Slow query | 100 ms | the budget's critical query time",
        "Backups | 30 days | daily snapshots",
        "Restore window | 7 days | min(7, 30): any second of it",
      ],
    );
  });

  it("keeps its promises, each with what the tier has and what is needed", () => {
    const { proofs } = planAtlas(inputs);
    assert.deepEqual(broken({ proofs }), []);
    assert.deepEqual(
      proofs.map(({ inequality }) => inequality),
      [
        "8 nodes ≤ 50 of an endpoint on aws",
        "M60 has 32 GiB ≥ 18 GiB",
        "M60 has 32 GiB ≥ 1.76 GiB",
        "M60 has 32,000 connections ≥ 262 connections",
        "M60 has 3,200 GiB ≥ 361 GiB",
        "M60 has 16 cores ≥ 3.86 cores (2.7 busy ÷ 70 %)",
        "M80 has 32 cores ≥ 4.63 cores (2.7 busy · 1.2 ÷ 70 %)",
      ],
    );
  });

  it("keeps them for every cluster that can be built", () => {
    for (const change of [
      { shards: 1 },
      { shards: 6, readReplicas: 0, analyticsNodes: 2 },
      { retentionDays: 2 },
    ]) {
      assert.deepEqual(unkept(change), [], JSON.stringify(change));
    }
    assert.equal(planAtlas({ ...inputs, retentionDays: 2 }).numbers.restoreWindow.value, 2);
  });

  it("does not keep them with a tier that was given too small, or where none is large enough", () => {
    assert.deepEqual(unkept({ instanceSizes: { min: "M40" } }), ["M40 has 8 GiB ≥ 18 GiB"]);
    assert.deepEqual(unkept({ workingSetGiB: 1000, dataGiB: 1000 }), ["M300 has 192 GiB ≥ 750 GiB"]);
    // 22.8 busy cores are within 85 % of M80, which nobody has promised.
    const users = [{ ...user, peakRps: 10_133 }];
    assert.deepEqual(unkept({ users, instanceSizes: { min: "M80" } }), [
      "M80 has 32 cores ≥ 32.57 cores (22.8 busy ÷ 70 %)",
    ]);
    assert.equal(planAtlas({ ...inputs, users }).numbers.smallestTier.value, "M140");
  });

  it("says that nobody has measured, and counts what the data model asks of every shard", () => {
    const { queriesPerCore, ...unmeasured } = inputs;
    assert.equal(queriesPerCore, 400);
    assert.ok(
      planAtlas(unmeasured).proofs.some(({ assumes = [] }) =>
        assumes.includes("queries/s of a core that nobody has measured"),
      ),
    );
    const modelled = planAtlas({ ...inputs, dataModel: CATALOGUE });
    assert.ok(modelled.numbers.shardQueries.value > 1080);
    assert.deepEqual(broken(modelled), []);
  });
});
