/**
 * What a component tells policies and reports about itself: the inputs of the ComponentResource as the engine sees
 * them. Plain numbers, so that a proof at preview never meets an unknown.
 */
import type { ReplicaPlan } from "./capacity";
import type { Demand, ServiceProfile } from "./demand";
import type { PerformanceBudget, Threshold } from "./performance-budget";
import type { ProxyKind } from "./proxy";
import type { TimeoutLadder } from "./timeouts";
import type { Waiver } from "./waivers";

/** Type tokens of the components that carry a summary. */
export const COMPONENT_TYPES = {
  platform: "retrofitlink:stacks:Platform",
  elasticService: "retrofitlink:workload:ElasticService",
  redis: "retrofitlink:caching:Redis",
  elastiCache: "retrofitlink:caching:ElastiCache",
  memorystore: "retrofitlink:caching:Memorystore",
  nginx: "retrofitlink:load-balancing:Nginx",
  haProxy: "retrofitlink:load-balancing:HaProxy",
  mongoDbCluster: "retrofitlink:database:MongoDbCluster",
  atlasCluster: "retrofitlink:database:AtlasCluster",
  atlasPrivateEndpoint: "retrofitlink:database:AtlasPrivateEndpoint",
  backupBucket: "retrofitlink:database:BackupBucket",
  dataModelJob: "retrofitlink:database:DataModelJob",
  awsAlb: "retrofitlink:load-balancing:AwsAlb",
  awsLoadBalancerController: "retrofitlink:load-balancing:AwsLoadBalancerController",
  gcpLoadBalancer: "retrofitlink:load-balancing:GcpLoadBalancer",
  originLock: "retrofitlink:edge:OriginLock",
  cloudFront: "retrofitlink:edge:CloudFront",
  cloudflare: "retrofitlink:edge:Cloudflare",
  imageOptimizer: "retrofitlink:edge:ImageOptimizer",
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

/** What every kind of cache tells. */
interface CommonCacheSummary extends Summary {
  readonly purpose: RedisPurpose;
  /** What has to stay in memory for the hit rate, MiB. */
  readonly workingSetMiB: number;
  /** Copies beside the primary, from which a new one is chosen. */
  readonly replicas: number;
  /** Memory that keys and buffers may use, MiB: `maxmemory` of the server, or what a managed node leaves of it. */
  readonly maxMemoryMiB: number;
  /** Connections its clients open at worst. */
  readonly expectedClients: number;
  /** Connections that one server admits. */
  readonly maxClients: number;
  /** `maxmemory-policy`. */
  readonly evictionPolicy: string;
  /** Survives a restart. */
  readonly persistent: boolean;
}

/** Summary of `retrofitlink:caching:Redis`. */
export interface RedisSummary extends CommonCacheSummary {
  readonly kind: "in-cluster";
  /** Memory the container may need at worst, MiB: maxmemory, copy on write, buffers, overhead. */
  readonly neededMemoryMiB: number;
  /** Memory limit of the container, MiB. */
  readonly memoryLimitMiB: number;
}

/** Summary of `retrofitlink:caching:ElastiCache` and `retrofitlink:caching:Memorystore`. */
export interface ManagedCacheSummary extends CommonCacheSummary {
  readonly kind: "elasticache" | "memorystore";
  /** What is rented for each copy: `cache.r7g.large`, `STANDARD_HA`. */
  readonly nodeType: string;
  /** Memory of a node that the provider lets a cache use, MiB. */
  readonly nodeMemoryMiB: number;
  /** Share of it that is kept free for fail-overs and backups, 0..1. */
  readonly reservedShare: number;
  /** Memory that keys and buffers need, MiB: `maxMemoryMiB` is at least this. */
  readonly neededMemoryMiB: number;
}

export type CacheSummary = RedisSummary | ManagedCacheSummary;

/** Type tokens of the components that carry a {@link CacheSummary}. */
export const CACHE_TYPES = [
  COMPONENT_TYPES.redis,
  COMPONENT_TYPES.elastiCache,
  COMPONENT_TYPES.memorystore,
] as const;

/** Summary of `retrofitlink:load-balancing:Nginx` and of `retrofitlink:load-balancing:HaProxy`. */
export interface ProxySummary extends Summary {
  readonly proxy: ProxyKind;
  /** Ends TLS itself. */
  readonly tls: boolean;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly zones: number;
  readonly maxUnavailable: number;
  /** Processes of nginx, threads of HAProxy. */
  readonly workers: number;
  /** Connections of one of them, those to the service included. */
  readonly workerConnections: number;
  /** Connections of clients a pod that the autoscaler steers to. */
  readonly targetConnections: number;
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

/** Summary of `retrofitlink:load-balancing:AwsAlb` and `…:GcpLoadBalancer`. */
export interface CloudLoadBalancerSummary extends Summary {
  readonly cloud: "aws" | "gcp";
  /** Names it answers to. */
  readonly hosts: readonly string[];
  /** Who may connect: everybody, named ranges, or a CDN. */
  readonly sources: "internet" | "ranges" | "cloudfront" | "cloudflare";
  /** Only requests with the CDN's secret header are passed on. */
  readonly originLocked: boolean;
  /** Whether the rules of the web application firewall refuse, or only count. */
  readonly firewallMode: "block" | "count";
  /** What one client may ask in five minutes, 0 where the CDN has to count, for the load balancer cannot tell clients apart. */
  readonly requestsPerFiveMinutes: number;
  /** How long access logs are kept, days. */
  readonly accessLogDays: number;
  readonly timeouts: TimeoutLadder;
}

/** Summary of `retrofitlink:edge:CloudFront` and `retrofitlink:edge:Cloudflare`: the same, for they promise the same. */
export interface EdgeSummary {
  /** Path in the stack file that the numbers come from: `retrofitlink:cdn`. */
  readonly configKey: string;
  /** Name of the component. */
  readonly workload: string;
  readonly provider: "cloudfront" | "cloudflare";
  /** Names that clients use. */
  readonly hosts: readonly string[];
  /** Requests/s of clients at peak. */
  readonly peakRps: number;
  /** Expected hits / requests, 0..1. */
  readonly hitRatio: number;
  /** Requests/s at the service with the promised hit ratio, with the one that pages, and with none. */
  readonly expectedOriginRps: number;
  readonly degradedOriginRps: number;
  readonly collapseOriginRps: number;
  /** Requests a minute of one client address, beyond which it gets 429. */
  readonly clientRequestsPerMinute: number;
  /** How long the edge waits for an answer, and keeps an idle connection, seconds. */
  readonly originReadSeconds: number;
  readonly originKeepAliveSeconds: number;
  /** Who sets the security headers. */
  readonly headers: "edge" | "proxy";
  readonly classes: readonly EdgeClassSummary[];
}

/** One class of paths at the edge. */
export interface EdgeClassSummary {
  readonly name: string;
  readonly paths: readonly string[];
  readonly target: "service" | "assets" | "images";
  readonly signed: boolean;
  /** How long the edge keeps an answer, seconds; 0 for what it passes on. */
  readonly edgeSeconds: number;
  /** Requests/s of clients, and those that its target answers. */
  readonly rps: number;
  readonly hitRatio: number;
  readonly missRps: number;
}

/** Summary of `retrofitlink:edge:ImageOptimizer`. */
export interface ImageOptimizerSummary {
  readonly configKey: string;
  readonly cloud: "aws" | "gcp";
  /** Requests for pictures at the edge at peak, per second. */
  readonly peakRps: number;
  /** Share of them that the edge answers, 0..1. */
  readonly hitRatio: number;
  /** Mean time of one picture, seconds. */
  readonly secondsPerPicture: number;
  /** Share of the calls that may be busy at peak, 0..1. */
  readonly maxUtilization: number;
  /** Cached objects that one original can become. */
  readonly variantsPerOriginal: number;
  /** Calls of the function at the same time. */
  readonly concurrency: number;
  /** What one call may need at worst, MiB. */
  readonly neededMemoryMiB: number;
  /** What it has, MiB. */
  readonly memoryLimitMiB: number;
  /** Longest call, seconds. */
  readonly timeoutSeconds: number;
}
