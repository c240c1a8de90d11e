import { ClientClosedError, ClientOfflineError, ErrorReply } from "redis";

/** Why Redis gave no answer that can be used. */
export type CacheUnavailableReason =
  /** There is no connection, or it was lost on the way. */
  | "not-connected"
  /** No answer within the deadline of a command. */
  | "timeout"
  /** It has no memory left and evicts nothing. */
  | "out-of-memory"
  /** It does not accept the password. */
  | "credentials-refused"
  /** It refuses the command: loading, read-only replica, too many connections, no permission. */
  | "refused"
  /** What answers does not speak the protocol. */
  | "protocol"
  /** It is one of a Redis Cluster, or of a managed service that speaks as one. */
  | "cluster"
  /** More commands wait than may. */
  | "overloaded"
  /** It failed repeatedly a moment ago and is left alone. */
  | "circuit-open"
  /** This process is shutting down. */
  | "closing";

const SENTENCES: Readonly<Record<CacheUnavailableReason, string>> = {
  "not-connected": "there is no connection",
  timeout: "the answer took too long",
  "out-of-memory": "it is full",
  "credentials-refused": "it refuses the credentials",
  refused: "it refuses the command",
  protocol: "it does not speak the protocol",
  cluster:
    "it is a Redis Cluster, which is not supported; give it a Redis or Valkey with cluster mode disabled",
  overloaded: "too many commands are waiting",
  "circuit-open": "it failed a moment ago",
  closing: "this process is shutting down",
};

/**
 * Redis cannot answer now. A cache hides it and does without; a session store passes it on: answer 503 with
 * `Retry-After`. The message names neither address nor key nor password and may be shown; `cause` may not.
 */
export class CacheUnavailable extends Error {
  override readonly name = "CacheUnavailable";
  /** HTTP status, under the name that Express reads. */
  readonly status = 503;
  /** When to ask again, seconds: about as long as the circuit stays open the first time. */
  readonly retryAfterSeconds = 1;

  constructor(
    /** Name of the cache, as in its variables. */
    readonly cache: string,
    readonly reason: CacheUnavailableReason,
    options?: ErrorOptions,
  ) {
    super(`${cache} is unavailable: ${SENTENCES[reason]}`, options);
  }
}

/** The server is there, and is not what is looked for. */
export class UnreachableRedis extends Error {
  override readonly name = "UnreachableRedis";
}

/**
 * The server has only a part of the keys. An entry and its tags, which are read together, would be on different ones, and
 * every read of both an error.
 */
export class RedisCluster extends Error {
  override readonly name = "RedisCluster";
}

/** First words of error replies. Everything else that Redis refuses is `refused`. */
const REPLIES: Readonly<Record<string, CacheUnavailableReason>> = {
  OOM: "out-of-memory",
  WRONGPASS: "credentials-refused",
  NOAUTH: "credentials-refused",
};

/** What an error of the driver means. */
export function unavailableReason(error: unknown): CacheUnavailableReason {
  if (error instanceof CacheUnavailable) return error.reason;
  if (error instanceof RedisCluster) return "cluster";
  if (error instanceof ErrorReply) {
    const [code = ""] = error.message.split(" ", 1);
    // A server without a password refuses one by saying that none is configured.
    if (/without any password configured/.test(error.message)) return "credentials-refused";
    return REPLIES[code] ?? "refused";
  }
  if (error instanceof ClientOfflineError || error instanceof ClientClosedError) return "not-connected";
  if (error instanceof Error && error.message === "The queue is full") return "overloaded";
  return "not-connected";
}
