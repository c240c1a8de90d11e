/**
 * What a node of each tier of MongoDB Atlas has, general class, from M30: smaller ones cannot be shards. Read on
 * 2026-11-25.
 *
 * Sources: MongoDB's documentation, "Atlas Service Limits" (connections for each node; of a sharded cluster for each
 * `mongos`) and the tables of cluster tiers of its pages on AWS and Google Cloud (memory, storage, regions); Atlas's
 * price list (vCPUs); the `mongodbatlas` provider 4.16 on `diskSizeGb`, at most 50 times the memory. Where the two
 * bounds of the storage differ, the table has the smaller. Atlas writes GB and counts them as 2^30 bytes.
 */

export type AtlasCloud = "aws" | "gcp";

/** One node of a tier. */
export interface AtlasTier {
  /** `instanceSize`: `M30`. */
  readonly name: string;
  readonly memoryGiB: number;
  readonly cpuCores: number;
  /** `maxIncomingConnections` of a node, and of the `mongos` on it. */
  readonly maxConnections: number;
  /** Volume that comes with the tier, GiB. */
  readonly defaultStorageGiB: number;
  /** Largest volume, GiB. */
  readonly maxStorageGiB: number;
  /** Regions in Atlas's names that do not have it. */
  readonly missingIn: readonly string[];
}

function tier(
  name: string,
  [memoryGiB, cpuCores, maxConnections]: readonly [number, number, number],
  [defaultStorageGiB, maxStorageGiB]: readonly [number, number],
  missingIn: readonly string[] = [],
): AtlasTier {
  return { name, memoryGiB, cpuCores, maxConnections, defaultStorageGiB, maxStorageGiB, missingIn };
}

const WITHOUT_M300 = [
  "AUSTRALIA_SOUTHEAST_1",
  "EUROPE_WEST_3",
  "NORTHEASTERN_ASIA_PACIFIC",
  "SOUTH_AMERICA_EAST_1",
  "EUROPE_WEST_8",
  "EUROPE_WEST_9",
  "EUROPE_SOUTHWEST_1",
];

/** Tiers of a cloud, smallest first. */
const TIERS: Readonly<Record<AtlasCloud, readonly AtlasTier[]>> = {
  aws: [
    tier("M30", [8, 2, 3000], [40, 400]),
    tier("M40", [16, 4, 6000], [80, 800]),
    tier("M50", [32, 8, 16_000], [160, 1600]),
    tier("M60", [64, 16, 32_000], [320, 3200]),
    tier("M80", [131, 32, 96_000], [750, 4096]),
    tier("M140", [192, 48, 96_000], [1000, 4096], ["AP_SOUTHEAST_2"]),
    tier("M200", [256, 64, 128_000], [1500, 4096]),
    tier("M300", [384, 96, 128_000], [2000, 4096], ["AP_SOUTHEAST_2"]),
  ],
  gcp: [
    tier("M30", [8, 2, 3000], [40, 400]),
    tier("M40", [16, 4, 6000], [80, 800]),
    tier("M50", [32, 8, 16_000], [160, 1600]),
    tier("M60", [64, 16, 32_000], [320, 3200]),
    tier("M80", [128, 32, 64_000], [750, 4096]),
    tier("M140", [192, 48, 96_000], [1000, 4096]),
    tier("M200", [256, 64, 128_000], [1500, 4096]),
    tier("M300", [360, 96, 128_000], [2000, 4096], WITHOUT_M300),
  ],
};

/** Tiers that a region has, smallest first. @param region in Atlas's name: `EU_CENTRAL_1` */
export function atlasTiers(cloud: AtlasCloud, region: string): readonly AtlasTier[] {
  return TIERS[cloud].filter(({ missingIn }) => !missingIn.includes(region));
}

/** Tiers from M40 give half of their memory to the WiredTiger cache, smaller ones a quarter. */
const LARGE_CACHE_FROM_GIB = 16;

/** WiredTiger cache of a node, GiB. Atlas sets it, nobody else can. */
export function atlasCacheGiB({ memoryGiB }: AtlasTier): number {
  return memoryGiB * (memoryGiB >= LARGE_CACHE_FROM_GIB ? 0.5 : 0.25);
}

/** Connections of a node that Atlas keeps for itself. */
export const ATLAS_RESERVED_CONNECTIONS = 10;

/** Nodes that can be reached through the private endpoints of a project in one region. */
export const PRIVATE_ENDPOINT_NODES: Readonly<Record<AtlasCloud, number>> = { aws: 50, gcp: 150 };
