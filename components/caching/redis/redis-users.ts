/** Who may do what on servers and Sentinels, and with which passwords: the files that they include. Pure text. */
import { createHash, createHmac } from "node:crypto";

/**
 * The users of a Redis. `default` is the services', so that a client needs a password and no name; `operator` is for
 * people in the pod, the probes and the scripts there.
 */
export type RedisUserName = "default" | "operator" | "exporter" | "replica" | "sentinel";

/** Secrets of one generation. */
export interface RedisSecrets {
  /** The password of `default`. */
  readonly application: string;
  /** The passwords of all other users are derived from it, so that none of them gives another away. */
  readonly internal: string;
}

/** A password is accepted before it is used and after: while pods are replaced, old and new ones know each other. */
export interface RedisCredentials {
  /** What is used. */
  readonly current: RedisSecrets;
  /** What is accepted: the generation before, the current one, and the next. */
  readonly accepted: readonly RedisSecrets[];
}

export function passwordOf(user: RedisUserName, { application, internal }: RedisSecrets): string {
  return user === "default" ? application : createHmac("sha256", internal).update(user).digest("hex");
}

/**
 * Rules of the users of a server. A service does everything with keys, and nothing to the server or to all keys at once;
 * `INFO` and `ROLE` are what clients ask when they connect. Messages go where no Sentinels are: one on their channel would
 * move the primary. What is read of `CONFIG` would be a password.
 */
function serverRules(replicated: boolean): Readonly<Partial<Record<RedisUserName, string>>> {
  const channels = replicated ? "resetchannels" : "&*";
  return {
    default: `~* ${channels} +@all -@admin -@dangerous +info +role`,
    operator: "~* &* +@all",
    exporter:
      "+ping +info +client|setname +slowlog|get +slowlog|len +latency|latest +latency|histogram +latency|history",
    ...(!replicated
      ? {}
      : {
          replica: "+ping +psync +replconf",
          sentinel:
            "&* +ping +info +role +multi +exec +slaveof +replicaof +failover +config|rewrite +publish +subscribe +client|setname +client|kill +script|kill",
        }),
  };
}

/** Rules of the users of a Sentinel: a service asks and listens, and does not tell. */
const SENTINEL_RULES: Readonly<Partial<Record<RedisUserName, string>>> = {
  default: [
    "&* +@connection -@admin -@dangerous +info +role +subscribe +psubscribe +unsubscribe +punsubscribe",
    ...["master", "masters", "get-master-addr-by-name", "replicas", "slaves", "sentinels"].map(
      (name) => `+sentinel|${name}`,
    ),
  ].join(" "),
  operator: "~* &* +@all",
  exporter:
    "+ping +info +client|setname +sentinel|masters +sentinel|replicas +sentinel|slaves +sentinel|sentinels +sentinel|ckquorum",
  sentinel: "&* +ping +info +role +publish +client|setname +sentinel|is-master-down-by-addr",
};

/** The file that redis.conf includes. @param replicated it is one of several members. It shows no password but the one that a replica has to show. */
export function serverUsersConf(replicated: boolean, credentials: RedisCredentials): string {
  const lines = userLines(serverRules(replicated), credentials);
  if (replicated) {
    lines.push("masteruser replica", `masterauth ${passwordOf("replica", credentials.current)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The file that the settings of a Sentinel include: who may call it, and as whom it calls others and servers. */
export function sentinelUsersConf(masterName: string, credentials: RedisCredentials): string {
  const password = passwordOf("sentinel", credentials.current);
  return `${[
    ...userLines(SENTINEL_RULES, credentials),
    "sentinel sentinel-user sentinel",
    `sentinel sentinel-pass ${password}`,
    `sentinel auth-user ${masterName} sentinel`,
    `sentinel auth-pass ${masterName} ${password}`,
  ].join("\n")}\n`;
}

function userLines(
  rules: Readonly<Partial<Record<RedisUserName, string>>>,
  { accepted }: RedisCredentials,
): string[] {
  return Object.entries(rules).map(([user, rule]) => {
    const hashes = accepted.map((secrets) => `#${sha256(passwordOf(user as RedisUserName, secrets))}`);
    return `user ${user} on ${hashes.join(" ")} ${rule}`;
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * What `redis-cli` is in the containers, with the operator's password in REDISCLI_AUTH: there is no variable for the name
 * of a user, and people type `redis-cli info`. It is in the first folder of PATH, the real one in another.
 */
export const OPERATORS_CLI = `#!/bin/sh
PATH="\${PATH#*:}" exec redis-cli --user operator "$@"
`;
