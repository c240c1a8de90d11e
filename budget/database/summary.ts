import type { Planned, Summary } from "../core/summary";
import type { AtlasNumbers } from "./atlas-plan";
import type { DatabaseNumbers } from "./plan";

/** What both kinds of database tell: `percona` and `atlas`. */
interface PlannedDatabase extends Planned {
  readonly shards: number;
  /** Members of each shard that serve reads only. */
  readonly readReplicas: number;
  /** The part of a connection string that reaches the read replicas. */
  readonly readPreference: string;
}

/** Summary of `retrofitlink:database:MongoDbCluster`. */
export interface MongoDbSummary extends PlannedDatabase {
  readonly numbers: DatabaseNumbers;
  /** StatefulSets of the shards' voters, as operators type them. */
  readonly statefulSets: readonly string[];
  /** Level of the members' profiler: 0 off, 1 slow operations, 2 all. */
  readonly profilerLevel: 0 | 1 | 2;
  /** Zones the members are spread over. */
  readonly zones: number;
}

/** Summary of `retrofitlink:database:AtlasCluster`. */
export interface AtlasSummary extends PlannedDatabase {
  readonly numbers: AtlasNumbers;
  readonly cloud: "aws" | "gcp";
  /** In Atlas's name: `EU_CENTRAL_1`. */
  readonly region: string;
  /** Nodes of each shard for reports. */
  readonly analyticsNodes: number;
}

/** Of either kind. */
export type DatabaseSummary = MongoDbSummary | AtlasSummary;

/** True for the one in the cluster: only that has routers of its own. */
export function isMongoDbCluster(summary: DatabaseSummary): summary is MongoDbSummary {
  return "statefulSets" in summary;
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
