import type { Threshold } from "../core/performance-budget";
import type { Summary } from "../core/summary";

/** What both kinds of database tell: `percona` and `atlas`. */
interface DatabaseSummary extends Summary {
  readonly shards: number;
  /** Members of each shard that serve reads only. */
  readonly readReplicas: number;
  /** Data and indexes of all shards, GiB. */
  readonly dataGiB: number;
  /** What queries within the budget touch, of all shards, GiB. */
  readonly workingSetGiB: number;
  /** Connections that clients open to one router at worst. */
  readonly expectedClients: number;
  /** Connections that one router admits. */
  readonly maxClients: number;
  /** Longest query that is not logged, milliseconds. */
  readonly slowMs: number;
  /** The part of a connection string that reaches the read replicas. */
  readonly readPreference: string;
}

/** Summary of `retrofitlink:database:MongoDbCluster`. */
export interface MongoDbSummary extends DatabaseSummary {
  /** StatefulSets of the shards' voters, as operators type them. */
  readonly statefulSets: readonly string[];
  /** Level of the members' profiler: 0 off, 1 slow operations, 2 all. */
  readonly profilerLevel: 0 | 1 | 2;
  /** Zones the members are spread over. */
  readonly zones: number;
  /** Queries/s of all services at peak. */
  readonly peakQueriesPerSecond: number;
  /** Queries that are worked on at the same time at peak. */
  readonly queriesInFlight: number;
  /** Queries/s that one router passes on. */
  readonly routerQueriesPerSecond: number;
  /** Processes of `mongos`. */
  readonly routers: number;
  /** `wiredTigerCacheSizeGB` of a member, GiB. */
  readonly cacheGiB: number;
  /** What a member may need at worst, GiB. */
  readonly neededMemoryGiB: number;
  /** Memory limit of a member, GiB. */
  readonly memoryLimitGiB: number;
  /** Memory limit of a router, GiB. */
  readonly routerMemoryGiB: number;
  /** Volume of a member, GiB. */
  readonly storageGiB: number;
  /** `maxIncomingConnections` of a member. */
  readonly memberMaxConnections: number;
  /** Connections that one router keeps to one member at most. */
  readonly routerPoolSize: number;
  /** Days of backups with point-in-time recovery, 0 without. */
  readonly backupDays: number;
}

/** Summary of `retrofitlink:database:BackupBucket`. */
export interface BackupBucketSummary extends Summary {
  readonly cloud: "aws" | "gcp";
  /** Daily backups that are kept. */
  readonly retentionDays: number;
  /** Days in which a deleted backup can be had back. */
  readonly undeleteDays: number;
}

/** Summary of `retrofitlink:database:DataModelJob`. */
export interface DataModelSummary extends Summary {
  /** What the Job applies, for each collection by its name. */
  readonly collections: Readonly<Record<string, { readonly indexes: number; readonly sharded: boolean }>>;
}

/** Summary of `retrofitlink:database:AtlasCluster`. */
export interface AtlasSummary extends DatabaseSummary {
  /** Smallest and largest tier of the auto-scaling: `M30`. */
  readonly minInstanceSize: string;
  readonly maxInstanceSize: string;
  readonly cloud: "aws" | "gcp";
  /** In Atlas's name: `EU_CENTRAL_1`. */
  readonly region: string;
  /** Nodes of each shard for reports. */
  readonly analyticsNodes: number;
  /** Nodes of all shards; each runs a router (`mongos`) as well. */
  readonly nodes: number;
  /** Queries/s that one core of a node answers. */
  readonly queriesPerCore: number;
  /** Queries/s of all services at peak. */
  readonly peakQueries: number;
  /** CPU of the budget, 0..1. */
  readonly cpuUtilization: Threshold;
  /** WiredTiger cache of a node of the smallest tier, GiB. */
  readonly cacheGiB: number;
  /** Volume that a node's data needs, GiB. */
  readonly storageGiB: number;
  /** Daily snapshots are kept so long, days. */
  readonly retentionDays: number;
  /** Any second of the last days can be restored, days. */
  readonly restoreWindowDays: number;
}
