/** What a stack is planned from: the numbers of its file, without names of objects, places and secrets. */
import type { HeadroomKind } from "../budget/autoscaling/planned";
import type { ServiceScaling } from "../budget/autoscaling/scaling";
import type { BudgetOverrides } from "../budget/core/performance-budget";
import type { BehaviorOptions } from "../budget/edge/behaviors";
import type { EdgeTraffic } from "../budget/edge/edge";
import type { ProxyKind } from "../budget/load-balancing/proxy";
import type { RateLimit } from "../budget/load-balancing/proxy-limits";
import type { RedisPurpose } from "../budget/caching/purpose";
import type { AtlasInputs } from "../budget/database/atlas-plan";
import type { Collection } from "../budget/database/data-model/collection";
import type { DatabaseInputs } from "../budget/database/plan";
import type { CacheCalls } from "../budget/service/connections";
import type { Balancing, Demand, Resilience, ServiceProfile } from "../budget/service/demand";
import type { QueriesOfRequest } from "../budget/service/misses";
import type { OwnObjective } from "../budget/service/own-objectives";
import type { ChainCdn, ChainCloud } from "../budget/timeouts/timeouts";

/** A service of the stack. */
export interface ServiceInput {
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  readonly processesPerPod: number;
  /** Share added to the peak. @default PEAK_MARGIN */
  readonly margin?: number;
  /** Longest request, seconds. */
  readonly maxRequestSeconds: number;
  /** How it uses caches, by the cache's name. */
  readonly caches: Readonly<Record<string, CacheCalls>>;
  readonly database?: QueriesOfRequest | undefined;
  /** Other services of the stack that one request calls, by their names. */
  readonly calls: Readonly<Record<string, { readonly callsPerRequest: number }>>;
  readonly budget: BudgetOverrides;
  /** Given where it is reached through the proxy beside the proxy's own service. */
  readonly public?:
    | {
        readonly maxBodyMiB?: number | undefined;
        readonly rateLimit?: RateLimit | undefined;
        readonly paths?: readonly string[] | undefined;
        readonly routes?: readonly object[] | undefined;
      }
    | undefined;
  /** @default "least-connections" for services behind the proxy, "per-connection" for all others */
  readonly balancing?: Balancing | undefined;
  /** @default nothing */
  readonly resilience?: Resilience | undefined;
  /** @default everything follows from the profile */
  readonly autoscaling?: ServiceScaling | undefined;
  /** Objectives beside those of its budget. @default none */
  readonly slos?: readonly OwnObjective[] | undefined;
}

/** The proxy in front of a service, and what is in front of the proxy. */
export interface LoadBalancerInput {
  readonly proxy: ProxyKind;
  /** Service behind it, which answers what belongs to no other public service. */
  readonly service: string;
  readonly clientConnections: number;
  readonly cpuCores: number;
  readonly maxBodyMiB: number;
  readonly rateLimit: RateLimit;
  /** Paths of the service that stay open. @default none */
  readonly routes?: readonly object[] | undefined;
  /** Given where the proxy ends TLS. */
  readonly tls?: object | undefined;
  readonly public?:
    | {
        readonly sources?: "internet" | readonly string[] | undefined;
        readonly firewall: { readonly mode: "block" | "count"; readonly requestsPerFiveMinutes: number };
        readonly accessLogDays: number;
      }
    | undefined;
}

/** The CDN in front of the public load balancer. */
export interface CdnInput {
  readonly provider: Exclude<ChainCdn, "none">;
  readonly traffic: Omit<EdgeTraffic, "hitRatios"> & {
    readonly hitRatios?: EdgeTraffic["hitRatios"] | undefined;
  };
  readonly behaviors: BehaviorOptions;
  /** Given where the CDN makes the variants of images. */
  readonly images?: { readonly secondsPerImage?: number | undefined } | undefined;
}
/** A cache of the stack. What another kind has is ignored. */
export interface CacheInput {
  /** @default "in-cluster" */
  readonly kind?: "in-cluster" | "elasticache" | "memorystore" | undefined;
  readonly purpose: RedisPurpose;
  readonly workingSetMiB: number;
  readonly cpuCores?: number | undefined;
  readonly memoryLimitMiB?: number | undefined;
  readonly standby?: boolean | undefined;
  /** Mean size of an entry, KiB. @default DEFAULT_ENTRY_KIB */
  readonly entryKiB?: number | undefined;
  readonly storage?: { readonly sizeGiB?: number | undefined } | undefined;
  readonly nodeType?: string | undefined;
}

/** What the stack says of itself when a part of it is planned. */
type Derived = "database" | "users" | "zones" | "budget" | "dataModel";

/** The database of a stack, of either kind. */
export type DatabaseInput =
  | ({ readonly kind: "percona"; readonly backup: { readonly retentionDays: number } } & Omit<
      DatabaseInputs,
      Derived | "backupDays"
    >)
  | ({ readonly kind: "atlas"; readonly backup: { readonly retentionDays: number } } & Omit<
      AtlasInputs,
      Derived | "cloud" | "region" | "retentionDays"
    >);

/** A stack. A configuration that was found sound is one. */
export interface StackInputs {
  readonly cluster: {
    readonly cloud: ChainCloud;
    readonly zones: number;
    /** Until a new node is ready. @default 0: there is always room */
    readonly nodeStartSeconds?: number;
    readonly region?: string | undefined;
  };
  readonly budget: BudgetOverrides;
  readonly autoscaling?:
    | {
        /** Given where KEDA may ask one. */
        readonly prometheus?: object | undefined;
        /** How room is kept for pods while a node starts. @default "none" */
        readonly headroom?: HeadroomKind | undefined;
      }
    | undefined;
  readonly services: Readonly<Record<string, ServiceInput>>;
  /** The proxy in front of the service that is reached from outside the cluster. */
  readonly loadBalancer?: LoadBalancerInput | undefined;
  readonly cdn?: CdnInput | undefined;
  readonly database?: DatabaseInput | undefined;
  /** What the services ask of the database. @default every query names its shard */
  readonly dataModel?: readonly Collection[] | undefined;
  /** @default none */
  readonly caches?: Readonly<Record<string, CacheInput>>;
}
