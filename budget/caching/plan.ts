/** The plan of a cache, whoever runs it. */
import {
  planElastiCache,
  planMemorystore,
  type ElastiCacheInputs,
  type MemorystoreInputs,
} from "./plan-managed";
import { planRedis, type RedisInputs } from "./plan-redis";
import type { ManagedCachePlan } from "./plan-managed";
import type { RedisPlan } from "./plan-redis";

/** What a cache is planned from. */
export type CacheInputs =
  | (RedisInputs & { readonly kind?: "in-cluster" | undefined })
  | (ElastiCacheInputs & { readonly kind: "elasticache" })
  | (MemorystoreInputs & { readonly kind: "memorystore" });

export type CachePlan = RedisPlan | ManagedCachePlan;

/** @throws RangeError when nothing that is rented is large enough, which the checks refuse before */
export function planCache(inputs: CacheInputs): CachePlan {
  switch (inputs.kind) {
    case "elasticache":
      return planElastiCache(inputs);
    case "memorystore":
      return planMemorystore(inputs);
    case "in-cluster":
    case undefined:
      return planRedis(inputs);
  }
}
