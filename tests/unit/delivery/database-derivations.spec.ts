import assert from "node:assert/strict";

import fc from "fast-check";

import { databaseDerivations } from "../../../delivery/preview-report/database-derivations";
import type { Derivation } from "../../../report/derivation";
import { previewPage } from "../../../delivery/preview-report/page";
import { recordedModel, shippedConfig } from "../../helpers/preview";
import { databaseSummary, serviceSummary } from "./fixtures/stack-run";

const lines = (found: readonly Derivation[]): string[] =>
  found.map(({ name, value, formula }) => `${name} | ${value} | ${formula}`);
const broken = (found: readonly Derivation[]): string[] =>
  found.filter(({ holds }) => !holds).map(({ name }) => name);

const services = [serviceSummary("backend", { databasePool: 3 }), serviceSummary("matching")];
const summary = databaseSummary(services);

describe("derivations of a database in the cluster", () => {
  it("write each formula with the numbers of the summary", () => {
    assert.deepEqual(lines(databaseDerivations(summary, services)), [
      "Members | 11 | 2 shards · (3 voters + 1 read replica) + 3 config servers = 11; no zone has two voters of a set",
      "Routers | 3 | max(2, 3 zones, ⌈1,800/s ÷ 2,000/s⌉ + 1 spare) = 3, 1 GiB each",
      "Connections to a router | 140 | backend 140 (pool 3 + 2 monitors a process) = 140, all at their most pods during a rollout",
      "Limit of a router | 218 | ⌈140 · 1.2⌉ + 50 in reserve = 218",
      "Pool of a router | 20 a member | max(20, ⌈2 · 10.8 queries in flight ÷ (3 − 1)⌉) = 20: one router missing, all on one shard",
      "Limit of a member | 125 | ⌈3 routers · 20 ÷ 80 %⌉ + 50 in reserve = 125",
      "WiredTiger cache | 18 GiB | 18 GiB · 80 % = 14.4 GiB ≥ 24 GiB ÷ 2 shards · 1.2 skew = 14.4 GiB working set",
      "Memory limit of a member | 37 GiB | 37 ≥ 19.62 = WiredTiger cache 18 + connections 0.12 + index builds 0.5 + process 1; cache 18 ≤ 50 % · (37 − 1) = 18, the rest is the file system's",
      "Volume of a member | 361 GiB | largest shard 400 GiB ÷ 2 shards · 1.2 skew = 240 GiB; ⌈240 GiB ÷ 70 % + oplog⌉ = 361 GiB",
      "Read replicas | 1 a shard | readPreference=secondaryPreferred",
      "Slow query | 100 ms | the budget's critical query time; the profiler keeps what is slower (level 1)",
      "Backups | 30 days | daily, and any moment between them",
    ]);
  });

  it("hold for every plan that the budget makes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 50_000 }),
        fc.double({ min: 0, max: 2000, noNaN: true }),
        (shards, zones, dataGiB, share, peakQueriesPerSecond, queriesInFlight) => {
          const workingSetGiB = (dataGiB * share) / 100;
          const load = { shards, zones, dataGiB, workingSetGiB, peakQueriesPerSecond, queriesInFlight };
          assert.deepEqual(broken(databaseDerivations(databaseSummary(services, load), services)), []);
        },
      ),
    );
  });

  it("show which inequality a changed plan breaks", () => {
    const of = (change: Partial<typeof summary>): string[] =>
      broken(databaseDerivations({ ...summary, ...change }, services));
    // One router has no other that takes over half of its queries.
    assert.deepEqual(of({ routers: 1 }), ["Routers", "Pool of a router"]);
    assert.deepEqual(of({ expectedClients: 80 }), ["Connections to a router"]);
    assert.deepEqual(of({ maxClients: 100 }), ["Limit of a router"]);
    assert.deepEqual(of({ routerPoolSize: 10 }), ["Pool of a router"]);
    assert.deepEqual(of({ memberMaxConnections: 100 }), ["Limit of a member"]);
    assert.deepEqual(of({ cacheGiB: 12 }), ["WiredTiger cache"]);
    assert.deepEqual(of({ memoryLimitGiB: 19 }), ["Memory limit of a member"]);
    assert.deepEqual(of({ storageGiB: 300 }), ["Volume of a member"]);
  });

  it("name the keys that decide them", () => {
    const from = new Set(databaseDerivations(summary, services).flatMap((derivation) => derivation.from));
    for (const key of ["shards", "readReplicas", "dataGiB", "workingSetGiB", "backup.retentionDays"]) {
      assert.ok(from.has(key), key);
    }
  });

  it("say what is not there: no services, no backups, no profiler, zones too few for a majority", () => {
    const empty = databaseSummary([], { zones: 2, shards: 1 });
    const found = lines(databaseDerivations({ ...empty, backupDays: 0, profilerLevel: 0 }, [])).join("\n");
    assert.match(found, /no service connects = 0/);
    assert.match(found, /Backups \| none/);
    assert.match(found, /the profiler keeps nothing \(level 0\)/);
    assert.match(found, /a zone may take the majority with it: it takes three/);
    assert.match(found, /≥ 24 GiB = 24 GiB working set/);
  });
});

describe("the database on the page", () => {
  for (const stack of ["production", "staging", "local"]) {
    it(`derives every number of the shipped stack ${stack}, and all hold`, async () => {
      const model = await recordedModel(shippedConfig(stack));
      assert.equal(model.databases.length, 1);
      for (const database of model.databases) {
        assert.deepEqual(broken(databaseDerivations(database, model.services)), []);
      }
      const page = previewPage(model);
      assert.match(page, /<h2>Database<\/h2>/);
      assert.match(page, /mongodb-optimized/);
      assert.doesNotMatch(page, /does not hold/);
    });
  }
});
