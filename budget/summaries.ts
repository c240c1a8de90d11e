/**
 * What a component tells policies and reports about itself: the inputs of the ComponentResource as the engine sees
 * them. Plain numbers, so that a proof at preview never meets an unknown.
 */
import type { ReplicaPlan } from "./capacity";
import type { Demand, ServiceProfile } from "./demand";
import type { PerformanceBudget, Threshold } from "./performance-budget";
import type { TimeoutLadder } from "./timeouts";
import type { Waiver } from "./waivers";

/** Type tokens of the components that carry a summary. */
export const COMPONENT_TYPES = {
  platform: "retrofitlink:stacks:Platform",
  elasticService: "retrofitlink:workload:ElasticService",
  redis: "retrofitlink:caching:Redis",
  nginx: "retrofitlink:load-balancing:Nginx",
  mongoDbCluster: "retrofitlink:database:MongoDbCluster",
  atlasCluster: "retrofitlink:database:AtlasCluster",
  atlasPrivateEndpoint: "retrofitlink:database:AtlasPrivateEndpoint",
  backupBucket: "retrofitlink:database:BackupBucket",
  dataModelJob: "retrofitlink:database:DataModelJob",
} as const;

/** Summary of `retrofitlink:stacks:Platform`, the parent of everything in a stack. */
export interface PlatformSummary {
  readonly environment: string;
  readonly zones: number;
  /** Workload of the service behind the load balancer, empty when there is none. */
  readonly exposedService: string;
  readonly waivers: readonly Waiver[];
}

interface Summary {
  /** Path in the stack file that the numbers come from: `retrofitlink:services.backend`. */
  readonly configKey: string;
  /** Name of the workload object, as operators type it. */
  readonly workload: string;
  readonly namespace: string;
}

/** Summary of `retrofitlink:workload:ElasticService`. */
export interface ServiceSummary extends Summary {
  readonly budget: PerformanceBudget;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly replicas: ReplicaPlan;
  /** Zones the pods are spread over. */
  readonly zones: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods. */
  readonly maxUnavailable: number;
  /** `maxSurge` of a rollout, share of the replicas, 0..1. */
  readonly maxSurge: number;
  /** CPU request of one pod, cores. */
  readonly cpuCores: number;
  /** Memory limit of one pod, MiB. */
  readonly memoryMiB: number;
  /** Processes that open pools of their own in one pod. */
  readonly processesPerPod: number;
  /** Connections one process keeps to each cache, by the cache's workload name. */
  readonly cachePools: Readonly<Record<string, number>>;
  /** Connections one process keeps to each router of the database, 0 when it has none. */
  readonly databasePool: number;
  readonly timeouts: TimeoutLadder;
}

export type RedisPurpose = "cache" | "session";

/** Summary of `retrofitlink:caching:Redis`. */
export interface RedisSummary extends Summary {
  readonly purpose: RedisPurpose;
  /** What has to stay in memory for the hit rate, MiB. */
  readonly workingSetMiB: number;
  /** `maxmemory`, MiB. */
  readonly maxMemoryMiB: number;
  /** Memory the container may need at worst, MiB: maxmemory, copy on write, buffers, overhead. */
  readonly neededMemoryMiB: number;
  /** Memory limit of the container, MiB. */
  readonly memoryLimitMiB: number;
  /** Connections its clients open at worst. */
  readonly expectedClients: number;
  /** `maxclients`. */
  readonly maxClients: number;
  /** `maxmemory-policy`. */
  readonly evictionPolicy: string;
  /** Survives a restart. */
  readonly persistent: boolean;
}

/** Summary of `retrofitlink:load-balancing:Nginx`. */
export interface NginxSummary extends Summary {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly zones: number;
  readonly maxUnavailable: number;
  readonly workers: number;
  readonly workerConnections: number;
  /** Clients one pod can serve at the same time. */
  readonly clientsPerPod: number;
  /** Clients expected at the same time over all pods at peak. */
  readonly expectedClients: number;
  /** Idle connections one worker keeps to an upstream. */
  readonly upstreamKeepAlive: number;
  readonly memoryLimitMiB: number;
  readonly timeouts: TimeoutLadder;
}

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
  /** Processes of `mongos`. */
  readonly routers: number;
  /** `wiredTigerCacheSizeGB` of a member, GiB. */
  readonly cacheGiB: number;
  /** What a member may need at worst, GiB. */
  readonly neededMemoryGiB: number;
  /** Memory limit of a member, GiB. */
  readonly memoryLimitGiB: number;
  /** Volume of a member, GiB. */
  readonly storageGiB: number;
  /** `maxIncomingConnections` of a member. */
  readonly memberMaxConnections: number;
  /** Connections that one router keeps to one member at most. */
  readonly routerPoolSize: number;
  readonly backups: boolean;
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
