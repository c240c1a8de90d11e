export { ElastiCache } from "./caching/managed/elasticache";
export type { ElastiCacheArgs } from "./caching/managed/elasticache-args";
export { Memorystore, type MemorystoreArgs } from "./caching/managed/memorystore";
export type { CacheUser } from "../budget/caching/connections";
export type { Cache, CacheEndpoint } from "./caching/cache-endpoint";
export { Redis } from "./caching/redis/redis";
export type { RedisArgs } from "./caching/redis/redis-args";
