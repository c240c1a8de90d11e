/**
 * The tiers of a sharded MongoDB Atlas cluster from what it has to hold and to answer. Units: GiB (2^30 bytes),
 * connections, queries/s, cores.
 *
 * Sources: budget/database/mongodb.ts for what is the same in every MongoDB; budget/database/atlas-tiers.ts for what a tier has;
 * MongoDB's documentation of Atlas on auto-scaling: from M30 on it goes up after ten minutes above 90 % of CPU or memory
 * or after an hour above 75 %, then node by node, and it does not look at connections.
 */
import { CLIENT_MARGIN } from "../service/connections";
import { PEAK_MARGIN } from "../service/plan";
import {
  ATLAS_RESERVED_CONNECTIONS,
  atlasCacheGiB,
  atlasTiers,
  type AtlasCloud,
  type AtlasTier,
} from "./atlas-tiers";
import {
  CACHE_SHARE,
  CONNECTION_MIB,
  INDEX_BUILD_GIB,
  PROCESS_GIB,
  RESERVED_CONNECTIONS,
  VOTERS,
  largestShard,
  mongodStorageGiB,
} from "./mongodb";
import type { Unit } from "../core/format";
import { withoutNoise, wholeUp } from "../core/rounding";

/** What decides the tiers. */
export interface AtlasLoad {
  readonly cloud: AtlasCloud;
  /** In Atlas's name: `EU_CENTRAL_1`. */
  readonly region: string;
  /** Whole number >= 1. */
  readonly shards: number;
  /** Nodes of each shard that serve reads only, whole number >= 0. */
  readonly readReplicas: number;
  /** Nodes of each shard for reports, whole number >= 0. */
  readonly analyticsNodes: number;
  /** Data and indexes of all shards, GiB, > 0. */
  readonly dataGiB: number;
  /** What queries within the budget touch, of all shards, GiB, > 0. */
  readonly workingSetGiB: number;
  /** Queries/s that one core of a node answers, > 0, measured. */
  readonly queriesPerCore: number;
  /** Queries/s at peak of the shard that gets the most, >= 0. */
  readonly shardQueries: number;
  /** Connections that clients open to one router at worst. @see clientsPerRouter */
  readonly expectedClients: number;
  /** CPU that the budget promises, 0..1. */
  readonly cpuTarget: number;
}

/** Nodes of all shards, each of which runs a router (`mongos`) as well. */
export function atlasNodes(load: Pick<AtlasLoad, "shards" | "readReplicas" | "analyticsNodes">): number {
  return load.shards * (VOTERS + load.readReplicas + load.analyticsNodes);
}

/** One thing a tier has to have enough of. */
export interface AtlasRequirement {
  readonly name: string;
  readonly unit: Unit;
  readonly needed: number;
  /** How much of it a tier has. */
  readonly of: (tier: AtlasTier) => number;
  /** Key of the stack file that it comes from, below the database's own. */
  readonly key: string;
  /** How to need less of it, as a sentence. */
  readonly fix: string;
}

/** Connections that a node has to admit: clients with a margin, people and tools, Atlas itself. */
export function atlasConnections(expectedClients: number): number {
  return wholeUp(expectedClients * (1 + CLIENT_MARGIN)) + RESERVED_CONNECTIONS + ATLAS_RESERVED_CONNECTIONS;
}

/** Volume of a node, GiB: data of its shard / 0.7 + the oplog, at least 10, Atlas's smallest. */
export function atlasStorageGiB({ dataGiB, shards }: Pick<AtlasLoad, "dataGiB" | "shards">): number {
  return Math.max(10, mongodStorageGiB(largestShard(dataGiB, shards)));
}

/** Cores that a shard's primary is busy with at peak, as if it got all queries of its shard. */
export function atlasBusyCores(load: Pick<AtlasLoad, "shardQueries" | "queriesPerCore">): number {
  return withoutNoise(load.shardQueries / load.queriesPerCore);
}

/** Cache that the working set of the largest shard needs, GiB: / 0.8, above which WiredTiger evicts it. */
export function atlasWorkingSetCacheGiB(load: Pick<AtlasLoad, "workingSetGiB" | "shards">): number {
  return withoutNoise(largestShard(load.workingSetGiB, load.shards) / CACHE_SHARE);
}

/** Memory beside the cache that a node may need, GiB: 1 MiB a connection, 0.5 for index builds, 1 for the processes. */
export function atlasOtherMemoryGiB(connections: number): number {
  return (connections * CONNECTION_MIB) / 1024 + INDEX_BUILD_GIB + PROCESS_GIB;
}

const FEWER_CONNECTIONS = "Let fewer processes connect, or make their pools smaller.";
const LESS_CPU = "Add shards, cache more, or make the queries cheaper.";

/**
 * What the smallest tier has to have. It carries the peak: Atlas scales up after ten minutes to an hour, and a
 * rush does not wait that long. Nor does it scale for connections.
 *
 * cache >= working set of the largest shard / 0.8; memory - cache >= 1 MiB a connection + 0.5 + 1; connections >=
 * ceil(1.2 * clients) + 50 + 10; storage >= volume; cores * the budget's CPU target >= queries/s of the largest
 * shard / queriesPerCore.
 */
export function smallestTierRequirements(load: AtlasLoad): AtlasRequirement[] {
  return [
    {
      name: "WiredTiger cache",
      unit: "GiB",
      needed: atlasWorkingSetCacheGiB(load),
      of: atlasCacheGiB,
      key: "workingSetGiB",
      fix: "Add shards, or make the working set smaller.",
    },
    {
      name: "memory beside the cache",
      unit: "GiB",
      needed: atlasOtherMemoryGiB(atlasConnections(load.expectedClients)),
      of: (tier) => tier.memoryGiB - atlasCacheGiB(tier),
      key: "users",
      fix: FEWER_CONNECTIONS,
    },
    {
      name: "connections",
      unit: "connections",
      needed: atlasConnections(load.expectedClients),
      of: (tier) => tier.maxConnections,
      key: "users",
      fix: FEWER_CONNECTIONS,
    },
    {
      name: "storage",
      unit: "GiB",
      needed: atlasStorageGiB(load),
      of: (tier) => tier.maxStorageGiB,
      key: "dataGiB",
      fix: "Add shards, or move old data to an archive.",
    },
    {
      name: "CPU at peak",
      unit: "cores",
      needed: withoutNoise(atlasBusyCores(load) / load.cpuTarget),
      of: (tier) => tier.cpuCores,
      key: "queriesPerCore",
      fix: LESS_CPU,
    },
  ];
}

/** What the largest tier has to have besides: the peak and a fifth more within the budget's CPU target. */
export function largestTierRequirements(load: AtlasLoad): AtlasRequirement[] {
  return [
    ...smallestTierRequirements(load),
    {
      name: "CPU at peak + 20 %",
      unit: "cores",
      needed: withoutNoise((atlasBusyCores(load) * (1 + PEAK_MARGIN)) / load.cpuTarget),
      of: (tier) => tier.cpuCores,
      key: "queriesPerCore",
      fix: LESS_CPU,
    },
  ];
}

/** Requirements that a tier does not meet. */
export function unmet(requirements: readonly AtlasRequirement[], tier: AtlasTier): AtlasRequirement[] {
  return requirements.filter(({ needed, of }) => of(tier) < needed);
}

/** Bounds of the auto-scaling; undefined where no tier is large enough. */
export interface AtlasTierRange {
  readonly smallest: AtlasTier | undefined;
  readonly largest: AtlasTier | undefined;
}

/**
 * The smallest tier that meets its requirements, and above it the smallest that meets those of the largest, so that
 * Atlas has somewhere to go when the working set grows. Where there is no tier above, both are the same.
 *
 * @param from name of a smaller bound that is given. @default the derived one
 */
export function atlasTierRange(load: AtlasLoad, from?: string): AtlasTierRange {
  const tiers = atlasTiers(load.cloud, load.region);
  const smallest =
    from === undefined
      ? tiers.find((tier) => unmet(smallestTierRequirements(load), tier).length === 0)
      : tiers.find(({ name }) => name === from);
  if (smallest === undefined) return { smallest, largest: undefined };
  const above = tiers.slice(tiers.indexOf(smallest) + 1);
  const candidates = above.length === 0 ? [smallest] : above;
  const largest = candidates.find((tier) => unmet(largestTierRequirements(load), tier).length === 0);
  return { smallest, largest };
}
