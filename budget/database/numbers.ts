/** What a database in the cluster is planned from, and what its plan holds. */
import type { Derived, Numbers } from "../core/derived";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Plan } from "../core/plan";
import type { Collection } from "./data-model/collection";
import type { Disk } from "./disk";
import type { LoadNumbers } from "./load";
import type { DatabaseUser, MongoConnections, MongodMemory } from "./mongodb";

/** What a proof assumes where the queries/s of a core were not given. */
export const UNMEASURED = "queries/s of a core that nobody has measured";

/** What a database in the cluster is planned from. */
export interface DatabaseInputs {
  /** As messages call it. */
  readonly database: string;
  /** Replica sets the data is spread over, whole number >= 1. */
  readonly shards: number;
  /** Members of each shard that serve reads only, whole number >= 0. */
  readonly readReplicas: number;
  /** Data and indexes of all shards, GiB, > 0. */
  readonly dataGiB: number;
  /** What queries within the budget touch, of all shards, GiB, > 0. */
  readonly workingSetGiB: number;
  /** CPU of one `mongod`, cores, > 0. */
  readonly cpuCores: number;
  /** Queries/s that one core of a `mongod` answers, > 0. @default QUERIES_PER_CORE */
  readonly queriesPerCore?: number | undefined;
  /** @default DEFAULT_DISK */
  readonly disk?: Disk | undefined;
  readonly routers: { readonly cpuCores: number; readonly queriesPerCore: number };
  /** Services that query it, at their largest. */
  readonly users: readonly DatabaseUser[];
  /** Zones of the cluster, whole number >= 1. */
  readonly zones: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization" | "databaseQuerySeconds">;
  /** What is asked of it. @default every query names its shard */
  readonly dataModel?: readonly Collection[] | undefined;
  /** Days of backups with point-in-time recovery. @default 0: none */
  readonly backupDays?: number | undefined;
}

/** Numbers of a database in the cluster. */
export interface DatabaseNumbers extends Numbers, LoadNumbers {
  /** `mongod` processes of all shards, and the config servers. */
  readonly members: Derived;
  /** Processes of `mongos`. */
  readonly routers: Derived;
  /** `maxIncomingConnections` of a router. */
  readonly maxClients: Derived;
  /** `ShardingTaskExecutorPoolMaxSize`. */
  readonly routerPool: Derived;
  /** `maxIncomingConnections` of a member. */
  readonly memberConnections: Derived;
  /** `wiredTigerCacheSizeGB` of a member, GiB. */
  readonly cache: Derived;
  /** `cacheSizeRatio`, from which the operator computes the cache. */
  readonly cacheRatio: Derived;
  /** Memory request and limit of a member, of a config server and of a router, GiB. */
  readonly memory: Derived;
  readonly configServerMemory: Derived;
  readonly routerMemory: Derived;
  /** `cacheSizeRatio` of a config server. */
  readonly configServerCacheRatio: Derived;
  /** Volume of a member and of a config server, GiB. */
  readonly storage: Derived;
  readonly configServerStorage: Derived;
  /** Reads and writes a second of the largest shard's volume. */
  readonly iops: Derived;
  /** Seconds until a member that was started again has its working set in memory. */
  readonly warmUp: Derived;
  /** A query that takes longer is slow, seconds. */
  readonly slow: Derived;
  /** Days of backups, 0 without. */
  readonly backups: Derived;
}

export type DatabasePlan = Plan<DatabaseNumbers>;

/** What the proofs look at besides the numbers. */
export interface Sizes {
  readonly connections: MongoConnections;
  readonly memory: MongodMemory;
  readonly configServer: MongodMemory;
}
