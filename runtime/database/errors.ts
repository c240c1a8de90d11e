import {
  MongoClientClosedError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerClosedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from "mongodb";

/** Why the database gave no answer. */
export type UnavailableReason =
  /** No member that may answer this query: the primary has gone, or nothing can be reached. */
  | "no-server"
  /** The connection was lost on the way. */
  | "connection-lost"
  /** All connections of the pool were in use for as long as a request may wait for one. */
  | "pool-exhausted"
  /** The operation took longer than it may. */
  | "timeout"
  /** It does not accept the credentials. */
  | "credentials-refused"
  /** This process is shutting down. */
  | "closing";

const SENTENCES: Readonly<Record<UnavailableReason, string>> = {
  "no-server": "there is no server to ask",
  "connection-lost": "the connection was lost",
  "pool-exhausted": "all connections are in use",
  timeout: "the answer took too long",
  "credentials-refused": "it refuses the credentials",
  closing: "this process is shutting down",
};

/**
 * The database cannot answer now, and the same request may succeed later: answer 503 with `Retry-After`. The message
 * has neither addresses nor credentials and may be shown; `cause` is the driver's error and may not.
 *
 * A write that ended in `timeout` or `connection-lost` may have been applied.
 */
export class DatabaseUnavailable extends Error {
  override readonly name = "DatabaseUnavailable";
  /** HTTP status, under the name that Express reads. */
  readonly status = 503;
  /** When to ask again, seconds: a replica set elects in about 10, a full pool has room after a second. */
  readonly retryAfterSeconds: number;

  constructor(
    readonly reason: UnavailableReason,
    options?: ErrorOptions,
  ) {
    super(`the database is unavailable: ${SENTENCES[reason]}`, options);
    this.retryAfterSeconds = reason === "pool-exhausted" || reason === "timeout" ? 1 : 5;
  }
}

const AUTHENTICATION_FAILED = 18;
const MAX_TIME_EXPIRED = 50;

/** Codes of a server that is not, or no longer, the one to ask. The driver has tried again before it reports one. */
const STATE_CHANGES: ReadonlySet<number> = new Set([
  91, // ShutdownInProgress
  189, // PrimarySteppedDown
  10_107, // NotWritablePrimary
  11_600, // InterruptedAtShutdown
  11_602, // InterruptedDueToReplStateChange
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
]);

/** Errors of a socket that the driver lets through as they are, when the other side closes it while it writes. */
const SOCKET_ERRORS: ReadonlySet<string> = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT"]);

/** Errors of the look-up that a `mongodb+srv` connection string begins with. */
const LOOK_UP_ERRORS: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "ENODATA",
  "ENOTFOUND",
  "ESERVFAIL",
  "ETIMEOUT",
]);

/** Why an error of the driver means that the database is unavailable. Undefined when it means something else. */
export function unavailableReason(error: unknown): UnavailableReason | undefined {
  if (error instanceof MongoServerError) {
    const code = typeof error.code === "number" ? error.code : -1;
    if (code === AUTHENTICATION_FAILED) return "credentials-refused";
    if (code === MAX_TIME_EXPIRED) return "timeout";
    return STATE_CHANGES.has(code) ? "no-server" : undefined;
  }
  if (error instanceof MongoServerSelectionError) return "no-server";
  // The driver keeps this class to itself.
  if (error instanceof Error && error.name === "MongoWaitQueueTimeoutError") return "pool-exhausted";
  if (error instanceof MongoNetworkError) {
    return error.name === "MongoNetworkTimeoutError" ? "timeout" : "connection-lost";
  }
  if (
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoServerClosedError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoClientClosedError
  ) {
    return "no-server";
  }
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? "") : "";
  // A look-up that no name server answered also says "connection refused".
  if (LOOK_UP_ERRORS.has(code) || (error as Partial<NodeJS.ErrnoException>)?.syscall === "querySrv")
    return "no-server";
  return SOCKET_ERRORS.has(code) ? "connection-lost" : undefined;
}

/** The error as the application should see it: a {@link DatabaseUnavailable} where it is one, else itself. */
export function translated(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error;
  const reason = unavailableReason(error);
  return reason === undefined ? error : new DatabaseUnavailable(reason, { cause: error });
}
