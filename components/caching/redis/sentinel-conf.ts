/** What the Sentinels read, and where the members of a replicated Redis find each other. Pure text. */
import { MEMBERS } from "../../../budget/caching/plan-redis";
import { REDIS_PATHS, REDIS_PORT } from "./redis-conf";

export const SENTINEL_PORT = 26379;

/** Where the Sentinel's things are in its container. */
export const SENTINEL_PATHS = {
  /** What is the same for every Sentinel, from the ConfigMap. */
  settings: "/etc/redis/sentinel.conf",
  /** Its users, from the Secret. */
  users: "/etc/redis-credentials/sentinel-users.conf",
  /** What this one knows of the others and of the last fail-over, on the volume. */
  state: "/data/sentinel.conf",
} as const;

/**
 * How long a primary may be silent before it is replaced, milliseconds. Sentinel's default of 30 s would be half a
 * minute without a login; below 2 s a fork of a large server looks like its death.
 */
export const DOWN_AFTER_MS = 5000;

/** A fail-over that is not done by then may be tried again, milliseconds. */
export const FAILOVER_TIMEOUT_MS = 60_000;

/** One server and the Sentinel beside it, as the others reach them. */
export interface Member {
  readonly host: string;
  readonly port: number;
  readonly sentinelPort: number;
}

/** The members as pods of a StatefulSet: names that stay when the address behind them changes. */
export function statefulMembers(workload: string, podsService: string, namespace: string): Member[] {
  return Array.from({ length: MEMBERS }, (_, ordinal) => ({
    host: `${workload}-${ordinal}.${podsService}.${namespace}.svc`,
    port: REDIS_PORT,
    sentinelPort: SENTINEL_PORT,
  }));
}

/** `host:port,host:port`, as clients are told. */
export function sentinelList(members: readonly Member[]): string {
  return members.map(({ host, sentinelPort }) => `${host}:${sentinelPort}`).join(",");
}

/** Everything that the settings of a Sentinel depend on. */
export interface SentinelConfArgs {
  /** Name that clients ask for. */
  readonly masterName: string;
  /** @default "* -::*" */
  readonly bind?: string;
  /** @default 26379 */
  readonly port?: number;
  /** Working directory. @default "/data" */
  readonly directory?: string;
  /** The file with the users. @default "/etc/redis-credentials/sentinel-users.conf" */
  readonly usersFile?: string;
}

/** The settings of every Sentinel. What one knows is in a file of its own that includes this one. */
export function sentinelConf(args: SentinelConfArgs): string {
  const { masterName } = args;
  return `bind ${args.bind ?? "* -::*"}
port ${args.port ?? SENTINEL_PORT}
protected-mode yes
dir ${args.directory ?? REDIS_PATHS.data}

sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel deny-scripts-reconfig yes
sentinel down-after-milliseconds ${masterName} ${DOWN_AFTER_MS}
sentinel failover-timeout ${masterName} ${FAILOVER_TIMEOUT_MS}
sentinel parallel-syncs ${masterName} 1

include ${args.usersFile ?? SENTINEL_PATHS.users}
`;
}

/**
 * Commands of the Sentinel's probes: ready, when it answers; dead, only when it reacts to nothing. It must not depend on
 * the others, or none of them could ever be the first.
 */
export const SENTINEL_PROBE_COMMANDS = {
  ready: ["redis-cli", "-p", `${SENTINEL_PORT}`, "-e", "ping"],
  live: ["sh", "-c", `timeout 4 redis-cli -p ${SENTINEL_PORT} ping >/dev/null 2>&1; test $? -ne 124`],
} as const;
