import type { MongoClientOptions } from "mongodb";
import type { DatabaseSettings } from "./settings";

/** Share of an operation's time that the server may take for it. */
const SERVER_SHARE = 0.9;

/** What a dead connection is given beyond the longest operation, milliseconds. */
const SOCKET_MARGIN_MS = 1000;

/** Least time for a TCP and TLS handshake, milliseconds. */
const LEAST_CONNECT_MS = 1000;

/** Until an idle connection is closed, milliseconds: before the 350 s after which load balancers forget it in silence. */
const IDLE_MS = 300_000;

/** Between two looks at a member that does not stream its state, milliseconds. The driver's own default is 10,000. */
const HEARTBEAT_MS = 5000;

/**
 * `maxTimeMS` of one operation: floor(0.9 * timeout). The server gives up before the caller does, so that it neither
 * works for nobody nor costs a connection.
 */
export function maxTimeMs(timeoutMs: number): number {
  return Math.max(1, Math.floor(SERVER_SHARE * timeoutMs));
}

/**
 * Options of the driver. With T = `timeoutMs`, the longest operation, milliseconds:
 *
 * | option | value | why |
 * |---|---|---|
 * | `serverSelectionTimeoutMS` | T / 2 | an operation that is tried again selects twice |
 * | `waitQueueTimeoutMS` | as set, < T | a full pool answers early, and the request can still say so |
 * | `connectTimeoutMS` | max(1000, T / 2) | a connection that takes longer comes too late for who waits for it |
 * | `socketTimeoutMS` | T + 1000 | a peer that has gone without a word; after the server's own limit, which keeps the connection |
 * | `enableOverloadRetargeting` | true | the driver takes a refused connection for overload, and would ask the same dead member again |
 * | `heartbeatFrequencyMS` | 5000 | until a member that refuses connections is known to have gone |
 * | `maxIdleTimeMS` | 300,000 | shrinks the pool after a peak |
 *
 * `timeoutMS` is not among them: the driver has deprecated it, and it has no effect. {@link Database.run} bounds an
 * operation as a whole instead.
 */
export function clientOptions(settings: DatabaseSettings, appName: string): MongoClientOptions {
  const { timeoutMs } = settings;
  return {
    appName,
    maxPoolSize: settings.maxPoolSize,
    minPoolSize: settings.minPoolSize,
    maxConnecting: settings.maxConnecting,
    maxIdleTimeMS: IDLE_MS,
    waitQueueTimeoutMS: settings.waitQueueTimeoutMs,
    serverSelectionTimeoutMS: Math.ceil(timeoutMs / 2),
    connectTimeoutMS: Math.max(LEAST_CONNECT_MS, Math.ceil(timeoutMs / 2)),
    socketTimeoutMS: timeoutMs + SOCKET_MARGIN_MS,
    retryReads: true,
    retryWrites: true,
    enableOverloadRetargeting: true,
    heartbeatFrequencyMS: HEARTBEAT_MS,
    // The only one without a native module. Used where the server offers it, for what crosses zones is paid for.
    compressors: ["zlib"],
    zlibCompressionLevel: 1,
    monitorCommands: true,
  };
}
