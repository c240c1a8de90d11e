export { type CircuitBreakerOptions, type CircuitState } from "./caching/circuit-breaker";
export { type CacheCoreOptions } from "./caching/cache-core";
export {
  CacheManager,
  type CacheManagerOptions,
  type LoadOptions,
  type ReadOptions,
  type StoreOptions,
} from "./caching/cache-manager";
export { COMMAND_BUCKETS_SECONDS } from "./caching/cache-metrics";
export { type ScanBounds } from "./caching/entry-store";
export { CacheUnavailable, type CacheUnavailableReason } from "./caching/errors";
export {
  type ExpressSession,
  type ExpressSessionStore,
  type ExpressSessionStoreOptions,
  expressSessionStore,
} from "./caching/express-session-store";
export { type KeySpace } from "./caching/keys";
export { LoadTimeout } from "./caching/load-timeout";
export { ApiCacheManager, DataCacheManager } from "./caching/managers";
export { SessionConflict } from "./caching/session-conflict";
export {
  SessionCacheManager,
  type SessionCacheManagerOptions,
  type SavedSessionOptions,
  type SessionOptions,
} from "./caching/session-manager";
export {
  type Address,
  type CacheSettings,
  type CacheUse,
  cacheSettings,
  commandTimeoutMs,
  hasCache,
} from "./caching/settings";
export { CREDENTIAL_HEADERS } from "./caching/http/personal";
export { type ResponseCacheOptions, responseCache } from "./caching/http/response-cache";
