import assert from "node:assert/strict";

import fc from "fast-check";

import {
  atlasBusyCores,
  atlasConnections,
  atlasNodes,
  atlasOtherMemoryGiB,
  atlasStorageGiB,
  atlasTierRange,
  atlasWorkingSetCacheGiB,
  largestTierRequirements,
  smallestTierRequirements,
  unmet,
  type AtlasLoad,
} from "../../../../budget/database/atlas";
import { atlasRegion, regionsOfAtlas } from "../../../../budget/database/atlas-regions";
import { atlasCacheGiB, atlasTiers } from "../../../../budget/database/atlas-tiers";
import { largestShard, mongodStorageGiB } from "../../../../budget/database/mongodb";

const LOAD: AtlasLoad = {
  cloud: "aws",
  region: "EU_CENTRAL_1",
  shards: 2,
  readReplicas: 1,
  analyticsNodes: 0,
  dataGiB: 400,
  workingSetGiB: 24,
  queriesPerCore: 400,
  shardQueries: 1080,
  expectedClients: 500,
  cpuTarget: 0.7,
};

const names = (load: AtlasLoad, from?: string): (string | undefined)[] => {
  const { smallest, largest } = atlasTierRange(load, from);
  return [smallest?.name, largest?.name];
};

const loads = fc.record({
  cloud: fc.constantFrom("aws" as const, "gcp" as const),
  region: fc.constant("WESTERN_EUROPE"),
  shards: fc.integer({ min: 1, max: 12 }),
  readReplicas: fc.integer({ min: 0, max: 5 }),
  analyticsNodes: fc.integer({ min: 0, max: 3 }),
  dataGiB: fc.integer({ min: 1, max: 20_000 }),
  workingSetGiB: fc.integer({ min: 1, max: 2000 }),
  queriesPerCore: fc.integer({ min: 50, max: 2000 }),
  shardQueries: fc.integer({ min: 0, max: 100_000 }),
  expectedClients: fc.integer({ min: 0, max: 100_000 }),
  cpuTarget: fc.constant(0.7),
});

describe("tiers of Atlas", () => {
  it("are sized by each of their requirements", () => {
    // 24 GiB / 2 * 1.2 = 14.4 in the largest shard; / 0.8 = 18 of cache: half of M50's 32 is too little.
    assert.deepEqual(names(LOAD), ["M60", "M80"]);
    const small = { ...LOAD, workingSetGiB: 1, dataGiB: 40, shardQueries: 60 };
    assert.deepEqual(names(small), ["M30", "M40"]);
    // ceil(1.2 * 2500) + 60 = 3060 connections, and M30 admits 3000.
    assert.deepEqual(names({ ...small, expectedClients: 2500 }), ["M40", "M50"]);
    assert.deepEqual(names({ ...small, dataGiB: 800 }), ["M40", "M50"]);
    // 3600 / 400 = 9 busy cores; / 0.7 = 12.9 for the smallest, * 1.2 / 0.7 = 15.4 for the largest.
    assert.deepEqual(names({ ...small, shardQueries: 3600 }), ["M60", "M80"]);
  });

  it("let the largest bound carry a fifth more within the target", () => {
    // 15.3 busy cores: / 0.7 = 21.9 of M80's 32; * 1.2 / 0.7 = 26.3, but M140 is the next above.
    assert.deepEqual(names({ ...LOAD, shardQueries: 6120 }), ["M80", "M140"]);
    // 27 busy cores: 38.6 of M140's 48 for the smallest, 46.3 for the largest, and M200 is the next above.
    assert.deepEqual(names({ ...LOAD, shardQueries: 10_800 }), ["M140", "M200"]);
  });

  it("let the smallest bound carry the peak at the CPU that is promised, not at the critical one", () => {
    // 22.8 busy cores: within 85 % of M80's 32, and above 70 % of them.
    const load = { ...LOAD, shardQueries: 9120 };
    assert.deepEqual(names(load), ["M140", "M200"]);
    assert.deepEqual(names({ ...load, cpuTarget: 0.85 }), ["M80", "M140"]);
  });

  it("give the smallest bound where it is told, and the largest above it", () => {
    assert.deepEqual(names(LOAD, "M140"), ["M140", "M200"]);
    assert.deepEqual(names(LOAD, "M300"), ["M300", "M300"]);
    assert.deepEqual(names(LOAD, "M31"), [undefined, undefined]);
  });

  it("leave out what a region does not have", () => {
    assert.deepEqual(names({ ...LOAD, region: "AP_SOUTHEAST_2", shardQueries: 10_800 }), ["M200", "M200"]);
    assert.equal(atlasTiers("gcp", "EUROPE_WEST_3").at(-1)?.name, "M200");
  });

  it("have none for what is larger than the largest", () => {
    assert.deepEqual(names({ ...LOAD, workingSetGiB: 400 }), [undefined, undefined]);
    const requirements = smallestTierRequirements({ ...LOAD, workingSetGiB: 400 });
    const [largest] = atlasTiers("aws", LOAD.region).slice(-1);
    assert.ok(largest);
    assert.deepEqual(
      unmet(requirements, largest).map(({ name, needed, key }) => [name, needed, key]),
      [["WiredTiger cache", 300, "workingSetGiB"]],
    );
  });

  it("grow with every number of the table", () => {
    for (const cloud of ["aws", "gcp"] as const) {
      const tiers = atlasTiers(cloud, "somewhere");
      for (const [index, tier] of tiers.entries()) {
        const before = tiers[index - 1];
        if (before === undefined) continue;
        assert.ok(tier.memoryGiB > before.memoryGiB, tier.name);
        assert.ok(tier.cpuCores > before.cpuCores, tier.name);
        assert.ok(tier.maxConnections >= before.maxConnections, tier.name);
        assert.ok(tier.maxStorageGiB >= before.maxStorageGiB, tier.name);
        assert.ok(tier.defaultStorageGiB > before.defaultStorageGiB, tier.name);
        assert.ok(tier.defaultStorageGiB < tier.maxStorageGiB, tier.name);
      }
    }
  });

  it("give a quarter of the memory to the cache below M40 and half from there", () => {
    assert.deepEqual(atlasTiers("aws", "somewhere").slice(0, 3).map(atlasCacheGiB), [2, 8, 16]);
  });

  it("are the smallest that meet what any load asks for", () => {
    fc.assert(
      fc.property(loads, (load) => {
        const { smallest, largest } = atlasTierRange(load);
        const tiers = atlasTiers(load.cloud, load.region);
        const place = smallest === undefined ? tiers.length : tiers.indexOf(smallest);
        for (const [index, tier] of tiers.entries()) {
          const enough = unmet(smallestTierRequirements(load), tier).length === 0;
          assert.equal(enough, index >= place, `${tier.name} with ${JSON.stringify(load)}`);
        }
        if (largest === undefined || smallest === undefined) return;
        assert.deepEqual(unmet(largestTierRequirements(load), largest), []);
        assert.ok(tiers.indexOf(largest) > place || place === tiers.length - 1);
      }),
    );
  });

  it("never shrink when a load grows", () => {
    const grown = fc.constantFrom(
      ...(["dataGiB", "workingSetGiB", "shardQueries", "expectedClients"] as const),
    );
    fc.assert(
      fc.property(loads, grown, (load, key) => {
        const tiers = atlasTiers(load.cloud, load.region);
        const place = (of: AtlasLoad): number => {
          const { smallest } = atlasTierRange(of);
          return smallest === undefined ? tiers.length : tiers.indexOf(smallest);
        };
        assert.ok(place({ ...load, [key]: load[key] * 2 + 1 }) >= place(load));
      }),
    );
  });
});

describe("load of Atlas", () => {
  it("reserves connections for people, tools and Atlas", () => {
    assert.equal(atlasConnections(104), 125 + 50 + 10);
    assert.equal(atlasConnections(0), 60);
  });

  it("has the numbers of its largest shard", () => {
    assert.equal(atlasNodes({ shards: 2, readReplicas: 1, analyticsNodes: 1 }), 10);
    assert.equal(atlasWorkingSetCacheGiB(LOAD), 18);
    assert.equal(atlasBusyCores(LOAD), 2.7);
    assert.equal(atlasStorageGiB(LOAD), mongodStorageGiB(largestShard(400, 2)));
    assert.equal(atlasStorageGiB({ dataGiB: 1, shards: 1 }), 10);
    assert.equal(atlasOtherMemoryGiB(1024), 2.5);
  });
});

describe("regions of Atlas", () => {
  it("have Atlas's names", () => {
    assert.equal(atlasRegion("aws", "eu-central-1"), "EU_CENTRAL_1");
    assert.equal(atlasRegion("gcp", "europe-west1"), "WESTERN_EUROPE");
    assert.equal(atlasRegion("gcp", "europe-west3"), "EUROPE_WEST_3");
    assert.equal(atlasRegion("gcp", "us-central1"), "CENTRAL_US");
  });

  it("are none where Atlas is not", () => {
    assert.equal(atlasRegion("aws", "cn-north-1"), undefined);
    assert.equal(atlasRegion("gcp", "eu-central-1"), undefined);
    assert.equal(atlasRegion("aws", "toString"), undefined);
    assert.equal(atlasRegion("gcp", "toString"), undefined);
  });

  it("are each another", () => {
    for (const cloud of ["aws", "gcp"] as const) {
      const regions = regionsOfAtlas(cloud);
      const mapped = regions.map((region) => atlasRegion(cloud, region));
      assert.equal(new Set(mapped).size, regions.length);
      assert.ok(mapped.every((name) => /^[A-Z]+(_[A-Z0-9]+)*$/.test(name ?? "")));
    }
  });
});
