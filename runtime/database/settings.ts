import { type Environment, Variables } from "../shared/variables";
import { type Tags, parseTags } from "./query-class";

/** What the platform tells a service about its database. Times are milliseconds. */
export interface DatabaseSettings {
  /** Connection string with its credentials. A secret. `MONGODB_URI` */
  readonly uri: string;
  /** Longest time of one operation, everything included: > 0. The innermost step of the timeout chain. `DATABASE_TIMEOUT_MS` */
  readonly timeoutMs: number;
  /** Connections to each host at most, 1..1000. `MONGODB_MAX_POOL_SIZE` */
  readonly maxPoolSize: number;
  /** Connections kept open to each host, 0..maxPoolSize. `MONGODB_MIN_POOL_SIZE`, @default 0 */
  readonly minPoolSize: number;
  /** Connections that a pool opens at the same time, 1..100: handshakes are dear to the server. `MONGODB_MAX_CONNECTING`, @default 2 */
  readonly maxConnecting: number;
  /** Longest wait for a free connection, > 0, below `timeoutMs`. `MONGODB_WAIT_QUEUE_TIMEOUT_MS` */
  readonly waitQueueTimeoutMs: number;
  /** Tags of the members that are there for reading. `MONGODB_READ_REPLICA_TAGS`, @default none */
  readonly readReplicaTags: Tags;
  /** A query that takes longer is logged and counted, >= 0. `MONGODB_SLOW_QUERY_MS`, @default 100 */
  readonly slowQueryMs: number;
}

/** Critical step of the default budget for one query. */
const SLOW_QUERY_MS = 100;

/**
 * Settings of the database from the variables that the platform writes.
 *
 * @throws VariablesError that names every variable which is missing or wrong
 */
export function databaseSettings(environment: Environment): DatabaseSettings {
  const variables = new Variables(environment);
  const settings: DatabaseSettings = {
    uri: variables.secret("MONGODB_URI", "a connection string, mongodb://… or mongodb+srv://…", (uri) =>
      /^mongodb(\+srv)?:\/\/[^/?]/.test(uri),
    ),
    timeoutMs: variables.wholeNumber("DATABASE_TIMEOUT_MS"),
    maxPoolSize: variables.wholeNumber("MONGODB_MAX_POOL_SIZE", { most: 1000 }),
    minPoolSize: variables.wholeNumber("MONGODB_MIN_POOL_SIZE", { least: 0, most: 1000, fallback: 0 }),
    maxConnecting: variables.wholeNumber("MONGODB_MAX_CONNECTING", { most: 100, fallback: 2 }),
    waitQueueTimeoutMs: variables.wholeNumber("MONGODB_WAIT_QUEUE_TIMEOUT_MS"),
    readReplicaTags: variables.parsed("MONGODB_READ_REPLICA_TAGS", parseTags, {}),
    slowQueryMs: variables.wholeNumber("MONGODB_SLOW_QUERY_MS", { least: 0, fallback: SLOW_QUERY_MS }),
  };
  const { minPoolSize, maxPoolSize, waitQueueTimeoutMs, timeoutMs } = settings;
  if (minPoolSize > maxPoolSize) {
    variables.problem(
      `MONGODB_MIN_POOL_SIZE is ${minPoolSize}; allowed is at most MONGODB_MAX_POOL_SIZE, ${maxPoolSize}`,
    );
  }
  if (waitQueueTimeoutMs >= timeoutMs) {
    variables.problem(
      `MONGODB_WAIT_QUEUE_TIMEOUT_MS is ${waitQueueTimeoutMs}; allowed is less than DATABASE_TIMEOUT_MS, ${timeoutMs}`,
    );
  }
  variables.refuse();
  return settings;
}
