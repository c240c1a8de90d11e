export { type CircuitBreakerOptions, type CircuitState } from "./circuit-breaker";
export { type CacheCoreOptions } from "./cache-core";
export { CacheManager, type CacheManagerOptions, type LoadOptions, type StoreOptions } from "./cache-manager";
export { COMMAND_BUCKETS_SECONDS } from "./cache-metrics";
export { type ScanBounds } from "./entry-store";
export { CacheUnavailable, type CacheUnavailableReason } from "./errors";
export { type KeySpace } from "./keys";
export { ApiCacheManager, DataCacheManager } from "./managers";
export { SessionCacheManager, type SessionCacheManagerOptions } from "./session-manager";
export {
  type Address,
  type CacheSettings,
  type CacheUse,
  cacheSettings,
  commandTimeoutMs,
  hasCache,
} from "./settings";
export { CREDENTIAL_HEADERS } from "./http/personal";
export { type ResponseCacheOptions, responseCache } from "./http/response-cache";
