import assert from "node:assert/strict";

import fc from "fast-check";

import { atlasTiers } from "../../../../../budget/database/atlas-tiers";
import {
  currentShards,
  replicationSpecs,
  shardBounds,
  type CurrentShard,
  type ShardPlan,
} from "../../../../../components/database/atlas/atlas-shards";

const TIERS = atlasTiers("aws", "EU_CENTRAL_1");

const tier = (name: string): ShardPlan["smallest"] => {
  const found = TIERS.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
};

const PLAN: ShardPlan = {
  cloud: "aws",
  region: "EU_CENTRAL_1",
  shards: 2,
  readReplicas: 1,
  analyticsNodes: 0,
  tiers: TIERS,
  smallest: tier("M40"),
  largest: tier("M60"),
  storageGiB: 60,
};

const shard = (instanceSize: string, more: Partial<CurrentShard> = {}): CurrentShard => ({
  instanceSize,
  analyticsInstanceSize: instanceSize,
  diskSizeGb: 80,
  ebsVolumeType: "STANDARD",
  minInstanceSize: "M40",
  maxInstanceSize: "M60",
  ...more,
});

interface Specs {
  instanceSize: string;
  nodeCount: number;
  diskSizeGb?: number;
  ebsVolumeType?: string;
}
interface Region {
  electableSpecs: Specs;
  readOnlySpecs: Specs;
  analyticsSpecs: Specs;
  autoScaling: Record<string, unknown>;
  [key: string]: unknown;
}

function regions(plan: ShardPlan, current: readonly CurrentShard[]): Region[] {
  return replicationSpecs(plan, current).map(
    ({ regionConfigs }) => (regionConfigs as unknown as Region[])[0] as Region,
  );
}

const tiersOf = (plan: ShardPlan, current: readonly CurrentShard[]): string[] =>
  regions(plan, current).map(({ electableSpecs }) => electableSpecs.instanceSize);

describe("shards of Atlas", () => {
  it("begin with the smallest tier, three that vote and those that only read", () => {
    const autoScaling = {
      computeEnabled: true,
      computeScaleDownEnabled: true,
      computeMinInstanceSize: "M40",
      computeMaxInstanceSize: "M60",
      diskGbEnabled: true,
    };
    const specs = { instanceSize: "M40", ebsVolumeType: "STANDARD" };
    const region = {
      providerName: "AWS",
      regionName: "EU_CENTRAL_1",
      priority: 7,
      electableSpecs: { ...specs, nodeCount: 3 },
      readOnlySpecs: { ...specs, nodeCount: 1 },
      analyticsSpecs: { ...specs, nodeCount: 0 },
      autoScaling,
    };
    assert.deepEqual(regions(PLAN, []), [region, region]);
    const [withAnalytics] = regions({ ...PLAN, analyticsNodes: 2 }, []);
    assert.deepEqual(withAnalytics?.["analyticsAutoScaling"], autoScaling);
    assert.equal(withAnalytics?.analyticsSpecs.nodeCount, 2);
  });

  it("keep the tiers that they were scaled to, each its own", () => {
    assert.deepEqual(tiersOf(PLAN, [shard("M60"), shard("M50")]), ["M60", "M50"]);
    const [first] = regions({ ...PLAN, analyticsNodes: 1 }, [shard("M60", { analyticsInstanceSize: "M50" })]);
    assert.deepEqual(
      [first?.electableSpecs, first?.readOnlySpecs, first?.analyticsSpecs].map(
        (specs) => specs?.instanceSize,
      ),
      ["M60", "M60", "M50"],
    );
  });

  it("come into the bounds when those have moved", () => {
    assert.deepEqual(tiersOf(PLAN, [shard("M30"), shard("M300")]), ["M40", "M60"]);
    assert.deepEqual(tiersOf(PLAN, [shard("R50"), shard("M40_NVME")]), ["M40", "M40"]);
  });

  it("are added at the end, and change nothing that is there", () => {
    const current = [shard("M60", { minInstanceSize: "M50" }), shard("M50", { minInstanceSize: "M50" })];
    const found = regions({ ...PLAN, shards: 4 }, current);
    assert.deepEqual(
      found.map(({ electableSpecs }) => electableSpecs.instanceSize),
      ["M60", "M50", "M50", "M50"],
    );
    assert.deepEqual(shardBounds({ ...PLAN, shards: 4 }, current), { min: "M50", max: "M60" });
    assert.ok(found.every(({ autoScaling }) => autoScaling["computeMinInstanceSize"] === "M50"));
    assert.deepEqual(shardBounds(PLAN, current), { min: "M40", max: "M60" });
  });

  it("are added not more than two tiers below the largest, which Atlas asks for", () => {
    const wide = { ...PLAN, shards: 3, smallest: tier("M30"), largest: tier("M200") };
    const bounds = { minInstanceSize: "M30", maxInstanceSize: "M200" };
    assert.deepEqual(tiersOf(wide, [shard("M40", bounds), shard("M80", bounds)]), ["M40", "M80", "M50"]);
    assert.deepEqual(tiersOf(wide, [shard("M30", bounds), shard("M30", bounds)]), ["M30", "M30", "M30"]);
  });

  it("take the planned bounds while those in Atlas are none", () => {
    const current = [shard("M50", { minInstanceSize: "", maxInstanceSize: "" })];
    assert.deepEqual(shardBounds(PLAN, current), { min: "M40", max: "M60" });
  });

  it("have volumes that only grow, the same in all shards", () => {
    const disks = (plan: Partial<ShardPlan>, current: readonly CurrentShard[] = []): unknown[] => {
      const all = regions({ ...PLAN, ...plan }, current).flatMap(({ electableSpecs, readOnlySpecs }) => [
        electableSpecs,
        readOnlySpecs,
      ]);
      const [first] = all;
      const volume = { diskSizeGb: first?.diskSizeGb, ebsVolumeType: first?.ebsVolumeType };
      for (const { diskSizeGb, ebsVolumeType } of all)
        assert.deepEqual({ diskSizeGb, ebsVolumeType }, volume);
      return Object.values(volume);
    };
    // What comes with the tier is enough; until Atlas has made it larger there is nothing to say.
    assert.deepEqual(disks({}), [undefined, "STANDARD"]);
    assert.deepEqual(disks({}, [shard("M40")]), [undefined, "STANDARD"]);
    assert.deepEqual(disks({}, [shard("M40"), shard("M40", { diskSizeGb: 120 })]), [120, "STANDARD"]);
    assert.deepEqual(disks({ storageGiB: 360 }), [360, "PROVISIONED"]);
    assert.deepEqual(disks({ storageGiB: 360 }, [shard("M40", { diskSizeGb: 400 })]), [400, "PROVISIONED"]);
    const provisioned = shard("M40", { diskSizeGb: 360, ebsVolumeType: "PROVISIONED" });
    assert.deepEqual(disks({ storageGiB: 60 }, [provisioned]), [360, "PROVISIONED"]);
    assert.deepEqual(disks({ cloud: "gcp" }), [80, undefined]);
    assert.deepEqual(disks({ cloud: "gcp", storageGiB: 360 }, [shard("M40", { diskSizeGb: 400 })]), [
      400,
      undefined,
    ]);
  });

  it("stay within bounds, in order and at least as large, whatever Atlas has", () => {
    const sizes = fc.constantFrom(...TIERS.map(({ name }) => name), "R40", "");
    const current = fc.array(
      fc
        .record({ size: sizes, disk: fc.integer({ min: 10, max: 4096 }) })
        .map(({ size, disk }) => shard(size, { diskSizeGb: disk })),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(current, fc.integer({ min: 1, max: 8 }), (there, shards) => {
        const plan = { ...PLAN, shards };
        const { min, max } = shardBounds(plan, there);
        const place = (name: string): number => TIERS.findIndex((one) => one.name === name);
        const found = regions(plan, there);
        assert.equal(found.length, shards);
        found.forEach(({ electableSpecs, readOnlySpecs }, index) => {
          const is = place(electableSpecs.instanceSize);
          assert.ok(is >= place(min) && is <= place(max));
          assert.equal(readOnlySpecs.instanceSize, electableSpecs.instanceSize);
          const was = there[index]?.instanceSize;
          if (was !== undefined && place(was) >= place(min) && place(was) <= place(max)) {
            assert.equal(electableSpecs.instanceSize, was);
          }
        });
        const again = found.map(({ electableSpecs: { instanceSize } }) =>
          shard(instanceSize, { minInstanceSize: min, maxInstanceSize: max }),
        );
        if (min === plan.smallest.name && max === plan.largest.name) {
          assert.deepEqual(
            tiersOf(plan, again),
            found.map(({ electableSpecs }) => electableSpecs.instanceSize),
          );
        }
      }),
    );
  });
});

describe("currentShards", () => {
  it("reads them in Atlas's order, and none of a cluster that is not there", () => {
    assert.deepEqual(currentShards(undefined), []);
    const region = (instanceSize: string): object => ({
      electableSpecs: { instanceSize, diskSizeGb: 100, ebsVolumeType: "STANDARD" },
      analyticsSpecs: { instanceSize: "M40" },
      autoScaling: { computeMinInstanceSize: "M40", computeMaxInstanceSize: "M60" },
    });
    const cluster = {
      replicationSpecs: [{ regionConfigs: [region("M60")] }, { regionConfigs: [region("M50")] }],
    } as unknown as Parameters<typeof currentShards>[0];
    assert.deepEqual(currentShards(cluster), [
      shard("M60", { analyticsInstanceSize: "M40", diskSizeGb: 100 }),
      shard("M50", { analyticsInstanceSize: "M40", diskSizeGb: 100 }),
    ]);
  });
});
