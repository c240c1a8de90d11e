import assert from "node:assert/strict";

import { atlasDemand } from "../../../budget/database/atlas";
import type { AtlasSummary } from "../../../budget/database/summary";
import { AtlasCluster } from "../../../components/database/atlas/atlas-cluster";
import { atlasDerivations } from "../../../delivery/preview-report/atlas-derivations";
import type { Derivation } from "../../../report/derivation";
import { record } from "../../helpers/pulumi";
import { ATLAS } from "../components/database/atlas-fixture";
import { serviceSummary } from "./fixtures/stack-run";

const BACKEND = serviceSummary("backend", { databasePool: 4 });
const SERVICES = [BACKEND, serviceSummary("matching", { databasePool: 0 })];
const LOOK_UP = "mongodbatlas:index/getAdvancedClusters:getAdvancedClusters";

async function summaryOf(change: Partial<typeof ATLAS> = {}): Promise<AtlasSummary> {
  const recording = await record(() => new AtlasCluster("mongodb", { ...ATLAS, ...change }), {
    preview: true,
    invokes: { [LOOK_UP]: { projectId: ATLAS.projectId, results: [] } },
  });
  return recording.only("retrofitlink:database:AtlasCluster").inputs as unknown as AtlasSummary;
}

const broken = (found: readonly Derivation[]): string[] =>
  found.filter(({ holds }) => !holds).map(({ name }) => name);

describe("derivations of an Atlas cluster", () => {
  it("write each formula with the numbers of the summary", async () => {
    const summary = { ...(await summaryOf()), storageGiB: 0 };
    const found = atlasDerivations(summary, SERVICES);
    const lines = found
      .filter(({ name }) => name !== "Volume of a node")
      .map(({ name, value, formula }) => `${name} | ${value} | ${formula}`);
    assert.deepEqual(lines, [
      "Nodes and routers | 8 | 2 · (3 that vote + 1 read only + 0 analytics) = 8 ≤ 50 behind a private endpoint",
      "Connections of a router | 168 of 32,000 | ⌈168 · 1.2⌉ + 50 + 10 of Atlas's own = 262 ≤ 32,000 of M60; pools and 2 monitors of each process, at their most pods during a rollout",
      "WiredTiger cache | 32 GiB | 24 working set ÷ 2 · 1.2 ÷ 0.8 = 18 GiB ≤ 32 GiB, 50 % of M60",
      "Memory beside the cache | 32 GiB | 262 connections · 1 MiB + 0.5 index builds + 1 processes = 1.76 GiB ≤ 32 GiB",
      "CPU at peak | 2.7 of 16 cores | 1,800/s ÷ 2 · 1.2 ÷ 400 per core = 2.7 busy; ÷ 85 % = 3.18 ≤ 16 of M60",
      "Smallest tier | M60 | the smallest with all of the above is M60; it carries the peak, for Atlas scales up after ten minutes to an hour, and not for connections",
      "Largest tier | M80 | peak + 20 % within 70 %: 4.63 ≤ 32 cores; above M60 for a working set that grows",
      "Backups | 30 days | daily snapshots for 30 days; any second of the last min(7, 30) = 7 days",
      "Slow query | 100 ms | the budget's critical query time",
      "Reads that may be stale | from read-only nodes | readPreference=secondaryPreferred&readPreferenceTags=nodeType:READ_ONLY&readPreferenceTags=&maxStalenessSeconds=90",
    ]);
  });

  it("hold for every cluster that can be built", async () => {
    for (const change of [
      {},
      { shards: 1 },
      { shards: 6, readReplicas: 0, analyticsNodes: 2 },
      { retentionDays: 2 },
    ]) {
      const summary = await summaryOf(change);
      assert.equal(summary.expectedClients, atlasDemand(ATLAS.users).expectedClients);
      assert.deepEqual(broken(atlasDerivations(summary, SERVICES)), [], JSON.stringify(change));
    }
  });

  it("show which number of a changed plan does not follow", async () => {
    const sound = await summaryOf();
    const changed = (change: Partial<AtlasSummary>): string[] =>
      broken(atlasDerivations({ ...sound, ...change }, SERVICES));
    assert.deepEqual(changed({ nodes: 6 }), ["Nodes and routers"]);
    assert.deepEqual(changed({ storageGiB: 100 }), ["Volume of a node"]);
    assert.deepEqual(changed({ maxInstanceSize: "M40" }), ["Largest tier"]);
    assert.deepEqual(changed({ minInstanceSize: "M40", cacheGiB: 8, maxClients: 6000 }), [
      "WiredTiger cache",
      "Smallest tier",
    ]);
    assert.deepEqual(changed({ minInstanceSize: "M31" }).includes("Smallest tier"), true);
    assert.deepEqual(changed({ restoreWindowDays: 3 }), ["Backups"]);
    assert.deepEqual(changed({ expectedClients: 20 }), ["Connections of a router"]);
  });
});
