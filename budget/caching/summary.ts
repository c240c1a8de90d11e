import { COMPONENT_TYPES } from "../core/component-types";
import type { Summary } from "../core/summary";

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
