import { COMPONENT_TYPES } from "../core/component-types";
import type { Planned } from "../core/summary";
import type { ManagedCacheNumbers } from "./plan-managed";
import type { RedisNumbers } from "./plan-redis";
import type { RedisPurpose } from "./purpose";

/** Summary of `retrofitlink:caching:Redis`. */
export interface RedisSummary extends Planned {
  readonly kind: "in-cluster";
  readonly purpose: RedisPurpose;
  readonly numbers: RedisNumbers;
}

/** Summary of `retrofitlink:caching:ElastiCache` and `retrofitlink:caching:Memorystore`. */
export interface ManagedCacheSummary extends Planned {
  readonly kind: "elasticache" | "memorystore";
  readonly purpose: RedisPurpose;
  readonly numbers: ManagedCacheNumbers;
}

export type CacheSummary = RedisSummary | ManagedCacheSummary;

/** Type tokens of the components that carry a {@link CacheSummary}. */
export const CACHE_TYPES = [
  COMPONENT_TYPES.redis,
  COMPONENT_TYPES.elastiCache,
  COMPONENT_TYPES.memorystore,
] as const;
