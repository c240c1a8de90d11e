export { type CircuitBreakerOptions, type CircuitState } from "./circuit-breaker";
export { type CacheCoreOptions } from "./cache-core";
export {
  CacheManager,
  type CacheManagerOptions,
  type LoadOptions,
  type ReadOptions,
  type StoreOptions,
} from "./cache-manager";
export { COMMAND_BUCKETS_SECONDS } from "./cache-metrics";
export { type ScanBounds } from "./entry-store";
export { CacheUnavailable, type CacheUnavailableReason } from "./errors";
export {
  type ExpressSession,
  type ExpressSessionStore,
  type ExpressSessionStoreOptions,
  expressSessionStore,
} from "./express-session-store";
export { type KeySpace } from "./keys";
export { LoadTimeout } from "./load-timeout";
export { ApiCacheManager, DataCacheManager } from "./managers";
export { SessionConflict } from "./session-conflict";
export {
  SessionCacheManager,
  type SessionCacheManagerOptions,
  type SavedSessionOptions,
  type SessionOptions,
} from "./session-manager";
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
