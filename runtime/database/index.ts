export {
  Database,
  DEFAULT_DATABASE,
  connectDatabase,
  type DatabaseOptions,
  type QueryLimits,
} from "./database";
export { DatabaseUnavailable, type UnavailableReason } from "./errors";
export {
  MAX_STALENESS_SECONDS,
  QUERY_CLASSES,
  parseTags,
  readPreferenceOf,
  type QueryClass,
  type Tags,
} from "./query-class";
export { QUERY_BUCKETS_SECONDS } from "./query-monitor";
export { databaseSettings, type DatabaseSettings } from "./settings";
