/** What the server reads, redis.conf, and the commands of its probes. Pure text. */
import { TOLERATED_FRAGMENTATION } from "../../../budget/caching/memory";
import { EVICTION_POLICY, type RedisPurpose } from "../../../budget/caching/purpose";
import { replicatedNumbers, type RedisPlan } from "../../../budget/caching/plan-redis";

/** Where things are in the container. */
export const REDIS_PATHS = {
  /** redis.conf, from the ConfigMap. */
  config: "/etc/redis/redis.conf",
  /** The file with the users, from the Secret. */
  users: "/etc/redis-credentials/users.conf",
  /** Working directory, and of a session store the volume. */
  data: "/data",
} as const;

export const REDIS_PORT = 6379;

/** What a server that is one of several has in addition. Who it follows is decided when it starts. */
export interface ReplicationConf {
  /** `repl-backlog-size`, MiB. */
  readonly backlogMiB: number;
  /** Hard limit of what waits for a replica, MiB. The soft one, for a minute, is half of it. */
  readonly replicaBufferMiB: number;
}

/** Everything that redis.conf depends on. */
export interface RedisConfArgs {
  readonly purpose: RedisPurpose;
  /** `maxmemory`, MiB. */
  readonly maxMemoryMiB: number;
  /** `maxmemory-clients`, MiB. */
  readonly clientBuffersMiB: number;
  /** `maxclients`. */
  readonly maxClients: number;
  /** `io-threads`, 1..128. */
  readonly ioThreads: number;
  /** @default none: the only server there is */
  readonly replication?: ReplicationConf | undefined;
  /** The server was built with the jemalloc of its own source tree; any other refuses to start with `activedefrag`. @default true */
  readonly activeDefrag?: boolean;
  /** Addresses to listen on. @default "* -::*", every address of the pod, IPv6 where there is any */
  readonly bind?: string;
  /** @default 6379 */
  readonly port?: number;
  /** Working directory. @default "/data" */
  readonly directory?: string;
  /** The file with the users. @default "/etc/redis-credentials/users.conf" */
  readonly usersFile?: string;
}

/** When a primary refuses writes: with fewer replicas than this that reported within so many seconds. */
export const MIN_REPLICAS = { toWrite: 1, maxLagSeconds: 10 } as const;

/** How long a replica may lie beyond the soft limit of its buffer before it has to start anew. */
const REPLICA_BUFFER_SECONDS = 60;

/** What a plan has decided of redis.conf. */
export function plannedConf(purpose: RedisPurpose, plan: RedisPlan): RedisConfArgs {
  const { maxMemory, clientBuffers, maxClients, ioThreads } = plan.numbers;
  const replicated = replicatedNumbers(plan);
  return {
    purpose,
    maxMemoryMiB: maxMemory.value,
    clientBuffersMiB: clientBuffers.value,
    maxClients: maxClients.value,
    ioThreads: ioThreads.value,
    ...(replicated === undefined
      ? {}
      : {
          replication: {
            backlogMiB: replicated.backlog.value,
            replicaBufferMiB: replicated.replicaBuffer.value,
          },
        }),
  };
}

/** Directives that a proof counts on. */
const PROVEN = new Set([
  ...["maxclients", "maxmemory", "maxmemory-policy", "maxmemory-clients", "io-threads", "save", "appendonly"],
  ...["repl-backlog-size", "client-output-buffer-limit", "min-replicas-to-write"],
]);

/** Lines of redis.conf that a proof counts on. */
export function provenLines(purpose: RedisPurpose, plan: RedisPlan): string[] {
  return redisConf(plannedConf(purpose, plan))
    .split("\n")
    .filter((text) => PROVEN.has(text.split(" ", 1)[0] ?? ""));
}

type Directive = readonly [name: string, value: string | number];

/** The text of redis.conf. Ends with the include of the users, so that nothing after it can undo it. */
export function redisConf(args: RedisConfArgs): string {
  const sections = [
    network(args),
    memory(args),
    persistence(args),
    ...(args.replication === undefined ? [] : [replication(args.purpose, args.replication)]),
    diagnostics(),
  ];
  const text = sections.map((directives) => directives.map(line).join("\n"));
  return [...text, `include ${args.usersFile ?? REDIS_PATHS.users}`].join("\n\n") + "\n";
}

function line([name, value]: Directive): string {
  return `${name} ${value}`;
}

function network(args: RedisConfArgs): Directive[] {
  return [
    ["bind", args.bind ?? "* -::*"],
    ["port", args.port ?? REDIS_PORT],
    ["protected-mode", "yes"],
    ["tcp-backlog", 511],
    // Only the client closes an idle connection; a server that does breaks the next command of some pool. Peers that
    // died without a word are found by TCP instead, after twice this time.
    ["timeout", 0],
    ["tcp-keepalive", 60],
    ["maxclients", args.maxClients],
    ["io-threads", args.ioThreads],
  ];
}

function memory(args: RedisConfArgs): Directive[] {
  return [
    ["maxmemory", `${args.maxMemoryMiB}mb`],
    ["maxmemory-policy", EVICTION_POLICY[args.purpose]],
    ["maxmemory-clients", `${args.clientBuffersMiB}mb`],
    // A large value is freed by a thread of its own, and the clients behind it do not wait.
    ["lazyfree-lazy-eviction", "yes"],
    ["lazyfree-lazy-expire", "yes"],
    ["lazyfree-lazy-server-del", "yes"],
    ["lazyfree-lazy-user-del", "yes"],
    ["lazyfree-lazy-user-flush", "yes"],
    ["activedefrag", (args.activeDefrag ?? true) ? "yes" : "no"],
    ["active-defrag-threshold-lower", TOLERATED_FRAGMENTATION.share * 100],
    ["active-defrag-ignore-bytes", `${TOLERATED_FRAGMENTATION.mib}mb`],
  ];
}

function persistence(args: RedisConfArgs): Directive[] {
  const common: Directive[] = [
    ["dir", args.directory ?? REDIS_PATHS.data],
    // No snapshots in either case: each one forks and doubles what is written meanwhile.
    ["save", '""'],
  ];
  if (args.purpose === "cache") return [...common, ["appendonly", "no"]];
  return [
    ...common,
    ["appendonly", "yes"],
    ["appendfsync", "everysec"],
    // While a rewrite keeps the disk busy, an fsync would block every client behind it.
    ["no-appendfsync-on-rewrite", "yes"],
    ["auto-aof-rewrite-percentage", 100],
    ["auto-aof-rewrite-min-size", "64mb"],
    // A kill in the middle of a write leaves half a command at the end; everything before it counts.
    ["aof-load-truncated", "yes"],
  ];
}

function replication(purpose: RedisPurpose, { backlogMiB, replicaBufferMiB }: ReplicationConf): Directive[] {
  const lossless: Directive[] = [
    // A primary that was cut off from everybody takes no writes that would be lost when it comes back as a replica. One
    // replica is enough, so that a rollout, which takes one away at a time, is not an outage.
    ["min-replicas-to-write", MIN_REPLICAS.toWrite],
    ["min-replicas-max-lag", MIN_REPLICAS.maxLagSeconds],
  ];
  return [
    // A cache that is the last of its members goes on: what it loses can be had again.
    ...(purpose === "session" ? lossless : []),
    ["repl-backlog-size", `${backlogMiB}mb`],
    [
      "client-output-buffer-limit",
      `replica ${replicaBufferMiB}mb ${Math.ceil(replicaBufferMiB / 2)}mb ${REPLICA_BUFFER_SECONDS}`,
    ],
    // Both replicas start within a second of each other after an outage, and share the copy.
    ["repl-diskless-sync", "yes"],
    ["repl-diskless-sync-delay", 1],
  ];
}

function diagnostics(): Directive[] {
  return [
    ["slowlog-log-slower-than", 10_000],
    ["slowlog-max-len", 512],
    ["latency-monitor-threshold", 100],
  ];
}

/**
 * Commands of the probes, which ask different things.
 *
 * Ready: the server executes commands. `-e` makes an error reply a failure, so a server that is loading its data, is
 * busy with a script or has no connection left is taken out of the Service, and connections that exist stay.
 *
 * Live: the server reacts at all, with whatever. Only a `redis-cli` that gets nothing for four seconds, and is
 * ended by `timeout` with 124, is a failure. A plain `redis-cli ping` would restart a server at `maxclients`, whose refusal ends it with an error, and
 * send all its clients to reconnect at once.
 */
export const PROBE_COMMANDS = {
  ready: ["redis-cli", "-e", "ping"],
  live: ["sh", "-c", "timeout 4 redis-cli ping >/dev/null 2>&1; test $? -ne 124"],
} as const;
