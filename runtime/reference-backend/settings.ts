import { type CacheSettings, type CacheUse, cacheSettings, hasCache } from "../caching";
import { type DatabaseSettings, databaseSettings } from "../database";
import { DEFAULT_BUCKETS_SECONDS, bucketsFrom } from "../metrics";
import { type Environment, Variables } from "../shared/variables";

/** What the platform tells the backend. Times are milliseconds. */
export interface BackendSettings {
  /** `PORT`, 1..65535; 0 takes a free one, for tests. */
  readonly port: number;
  /** Longest time of a request: then the answer is 503. `REQUEST_TIMEOUT_MS` */
  readonly requestTimeoutMs: number;
  /** How long an idle connection stays, longer than the proxy keeps it. `KEEP_ALIVE_TIMEOUT_MS` */
  readonly keepAliveTimeoutMs: number;
  /** From SIGTERM until the kill. `SHUTDOWN_TIMEOUT_MS` */
  readonly shutdownTimeoutMs: number;
  /** `HTTP_DURATION_BUCKETS_SECONDS`, ascending. @default the default budget's steps and some between */
  readonly buckets: readonly number[];
  /** Traces are sent somewhere: `OTEL_EXPORTER_OTLP_ENDPOINT` is set, by OpenTelemetry's own convention. */
  readonly traced: boolean;
  /** Undefined without `MONGODB_URI`: then the catalogue is built in. */
  readonly database: DatabaseSettings | undefined;
  /** Undefined without `REDIS_CACHE_HOST` or its sentinels: then nothing is cached. */
  readonly cache: CacheSettings | undefined;
  /** Undefined without `REDIS_SESSION_HOST` or its sentinels: then sessions are in memory. */
  readonly sessions: CacheSettings | undefined;
}

/** Names of the caches, as the platform calls them. */
const CACHE = "redis-cache";
const SESSIONS = "redis-session";

/**
 * Everything the backend reads from its environment.
 *
 * @throws VariablesError that names every variable which is missing or wrong
 */
export function backendSettings(environment: Environment): BackendSettings {
  const variables = new Variables(environment);
  const redis = (name: string, use: CacheUse): CacheSettings | undefined =>
    hasCache(name, environment)
      ? variables.include(() => cacheSettings(name, use, environment), undefined)
      : undefined;
  const settings: BackendSettings = {
    port: variables.wholeNumber("PORT", { least: 0, most: 65_535 }),
    requestTimeoutMs: variables.wholeNumber("REQUEST_TIMEOUT_MS"),
    keepAliveTimeoutMs: variables.wholeNumber("KEEP_ALIVE_TIMEOUT_MS"),
    shutdownTimeoutMs: variables.wholeNumber("SHUTDOWN_TIMEOUT_MS"),
    buckets: variables.include(() => bucketsFrom(environment), DEFAULT_BUCKETS_SECONDS),
    traced: variables.has("OTEL_EXPORTER_OTLP_ENDPOINT"),
    database: variables.has("MONGODB_URI")
      ? variables.include(() => databaseSettings(environment), undefined)
      : undefined,
    cache: redis(CACHE, "cache"),
    sessions: redis(SESSIONS, "session"),
  };
  variables.refuse();
  return settings;
}
