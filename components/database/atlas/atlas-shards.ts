/**
 * Shards of an Atlas cluster: one entry of `replicationSpecs` each, in an order that never changes. Sizes that Atlas has
 * scaled are taken over from what is there, so that an update of anything else does not scale them back.
 * Why: docs/decisions/0006-atlas-auto-scaling.md.
 */
import type { AdvancedClusterReplicationSpec as ReplicationSpec } from "@pulumi/mongodbatlas/types/input";
import type { GetAdvancedClustersResult as AtlasCluster } from "@pulumi/mongodbatlas/types/output";

import type { AtlasCloud, AtlasTier } from "../../../budget/database/atlas-tiers";
import { VOTERS } from "../../../budget/database/mongodb";

/** What a plan says of every shard. */
export interface ShardPlan {
  readonly cloud: AtlasCloud;
  /** In Atlas's name. */
  readonly region: string;
  readonly shards: number;
  readonly readReplicas: number;
  readonly analyticsNodes: number;
  /** Tiers of the region, smallest first. */
  readonly tiers: readonly AtlasTier[];
  readonly smallest: AtlasTier;
  readonly largest: AtlasTier;
  /** Volume that a node's data needs, GiB. */
  readonly storageGiB: number;
}

/** A shard as Atlas has it now. */
export interface CurrentShard {
  readonly instanceSize: string;
  readonly analyticsInstanceSize: string;
  readonly diskSizeGb: number;
  /** `STANDARD` or `PROVISIONED`; of AWS only. */
  readonly ebsVolumeType: string;
  readonly minInstanceSize: string;
  readonly maxInstanceSize: string;
}

/** The shards of a cluster in Atlas's order, none when there is no cluster yet. */
export function currentShards(cluster: AtlasCluster | undefined): CurrentShard[] {
  return (cluster?.replicationSpecs ?? []).flatMap(({ regionConfigs: [region] }) =>
    region === undefined
      ? []
      : [
          {
            instanceSize: region.electableSpecs.instanceSize,
            analyticsInstanceSize: region.analyticsSpecs?.instanceSize ?? "",
            diskSizeGb: region.electableSpecs.diskSizeGb ?? 0,
            ebsVolumeType: region.electableSpecs.ebsVolumeType ?? "",
            minInstanceSize: region.autoScaling?.computeMinInstanceSize ?? "",
            maxInstanceSize: region.autoScaling?.computeMaxInstanceSize ?? "",
          },
        ],
  );
}

/** Bounds of the auto-scaling, by the tiers' names. */
interface Bounds {
  readonly min: string;
  readonly max: string;
}

/**
 * Bounds of this run. While shards are added, those that are there have to stay as they are, and the bounds are the same
 * in all: they keep their values until the next run.
 */
export function shardBounds(plan: ShardPlan, current: readonly CurrentShard[]): Bounds {
  const planned = { min: plan.smallest.name, max: plan.largest.name };
  const [first] = current;
  if (first === undefined || current.length >= plan.shards) return planned;
  const { minInstanceSize: min, maxInstanceSize: max } = first;
  return place(plan, min) < 0 || place(plan, max) < 0 ? planned : { min, max };
}

function place({ tiers }: ShardPlan, name: string): number {
  return tiers.findIndex((tier) => tier.name === name);
}

/** The tier that is there, moved into the bounds; of another class: the smallest. */
function clamped(plan: ShardPlan, { min, max }: Bounds, name: string): string {
  const [low, high, is] = [place(plan, min), place(plan, max), place(plan, name)];
  if (is < low) return min;
  return is > high ? max : name;
}

/** Atlas keeps the smallest shard of a cluster within so many tiers of its largest. */
const LARGEST_GAP = 2;

/** Tier of a shard that is added: the smallest that the others allow. */
function tierOfNew(plan: ShardPlan, bounds: Bounds, current: readonly CurrentShard[]): string {
  const largest = Math.max(
    0,
    ...current.map(({ instanceSize }) => place(plan, clamped(plan, bounds, instanceSize))),
  );
  return clamped(plan, bounds, plan.tiers[Math.max(0, largest - LARGEST_GAP)]?.name ?? bounds.min);
}

/** Volume of every node: its size and type are the same in all shards, and neither goes back. */
function volume(
  plan: ShardPlan,
  current: readonly CurrentShard[],
): { diskSizeGb?: number; ebsVolumeType?: string } {
  const grown = Math.max(0, ...current.map(({ diskSizeGb }) => diskSizeGb));
  const { defaultStorageGiB } = plan.smallest;
  if (plan.cloud === "gcp") return { diskSizeGb: Math.max(plan.storageGiB, defaultStorageGiB, grown) };
  // On AWS the size can be relied upon with provisioned volumes only; a tier's own volume is not of that kind.
  const larger = plan.storageGiB > defaultStorageGiB;
  const provisioned = larger || current.some(({ ebsVolumeType }) => ebsVolumeType === "PROVISIONED");
  const ebsVolumeType = provisioned ? "PROVISIONED" : "STANDARD";
  const diskSizeGb = Math.max(larger ? plan.storageGiB : 0, grown > defaultStorageGiB ? grown : 0);
  return diskSizeGb === 0 ? { ebsVolumeType } : { ebsVolumeType, diskSizeGb };
}

/** `replicationSpecs`: shards that are there with the sizes they have, new ones behind them with the smallest. */
export function replicationSpecs(plan: ShardPlan, current: readonly CurrentShard[]): ReplicationSpec[] {
  const bounds = shardBounds(plan, current);
  const disk = volume(plan, current);
  const autoScaling = {
    computeEnabled: true,
    computeScaleDownEnabled: true,
    computeMinInstanceSize: bounds.min,
    computeMaxInstanceSize: bounds.max,
    diskGbEnabled: true,
  };
  const added = tierOfNew(plan, bounds, current);
  return Array.from({ length: plan.shards }, (_, index) => {
    const instanceSize = clamped(plan, bounds, current[index]?.instanceSize ?? added);
    const analyticsSize = clamped(plan, bounds, current[index]?.analyticsInstanceSize ?? added);
    return {
      regionConfigs: [
        {
          providerName: plan.cloud.toUpperCase(),
          regionName: plan.region,
          priority: 7,
          electableSpecs: { instanceSize, nodeCount: VOTERS, ...disk },
          // A count of 0 is said: a block that is left out leaves the nodes where they are.
          readOnlySpecs: { instanceSize, nodeCount: plan.readReplicas, ...disk },
          analyticsSpecs: { instanceSize: analyticsSize, nodeCount: plan.analyticsNodes, ...disk },
          autoScaling,
          ...(plan.analyticsNodes > 0 ? { analyticsAutoScaling: autoScaling } : {}),
        },
      ],
    };
  });
}
