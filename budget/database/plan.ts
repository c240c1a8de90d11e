/** The plan of a sharded MongoDB in the cluster: members, routers, memory, connections, volumes, and what they carry. */
import { derived, type Derived, type Numbers } from "../core/derived";
import { gibibytes, number, percent, plural, rate } from "../core/format";
import type { Plan } from "../core/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import { CLIENT_MARGIN } from "../service/connections";
import type { Collection } from "./data-model/collection";
import { modelLoad } from "./data-model/load";
import { DEFAULT_DISK, diskNumbers, type Disk } from "./disk";
import {
  QUERIES_PER_CORE,
  connectionNumber,
  loadNumbers,
  ofLargestShard,
  slowQuery,
  type LoadNumbers,
} from "./load";
import {
  CONFIG_SERVER_STORAGE_GIB,
  DISK_SHARE,
  HEADROOM,
  LARGEST_CACHE_RATIO,
  RESERVED_CONNECTIONS,
  ROUTER_SHARE,
  SMALLEST_ROUTER_POOL,
  VOTERS,
  configServerMemory,
  largestShard,
  mongoConnections,
  mongodMemory,
  mongodStorageGiB,
  peakQueries,
  queriesInFlight,
  routerCount,
  routerMemoryGiB,
  type DatabaseUser,
  type MongoConnections,
  type MongodMemory,
} from "./mongodb";
import { databaseProofs } from "./proofs";

/** What a database in the cluster is planned from. */
export interface DatabaseInputs {
  /** As messages call it. */
  readonly database: string;
  /** Replica sets the data is spread over, whole number >= 1. */
  readonly shards: number;
  /** Members of each shard that serve reads only, whole number >= 0. */
  readonly readReplicas: number;
  /** Data and indexes of all shards, GiB, > 0. */
  readonly dataGiB: number;
  /** What queries within the budget touch, of all shards, GiB, > 0. */
  readonly workingSetGiB: number;
  /** CPU of one `mongod`, cores, > 0. */
  readonly cpuCores: number;
  /** Queries/s that one core of a `mongod` answers, > 0. @default QUERIES_PER_CORE */
  readonly queriesPerCore?: number | undefined;
  /** @default DEFAULT_DISK */
  readonly disk?: Disk | undefined;
  readonly routers: { readonly cpuCores: number; readonly queriesPerCore: number };
  /** Services that query it, at their largest. */
  readonly users: readonly DatabaseUser[];
  /** Zones of the cluster, whole number >= 1. */
  readonly zones: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization" | "databaseQuerySeconds">;
  /** What is asked of it. @default every query names its shard */
  readonly dataModel?: readonly Collection[] | undefined;
  /** Days of backups with point-in-time recovery. @default 0: none */
  readonly backupDays?: number | undefined;
}

/** Numbers of a database in the cluster. */
export interface DatabaseNumbers extends Numbers, LoadNumbers {
  /** `mongod` processes of all shards, and the config servers. */
  readonly members: Derived;
  /** Processes of `mongos`. */
  readonly routers: Derived;
  /** `maxIncomingConnections` of a router. */
  readonly maxClients: Derived;
  /** `ShardingTaskExecutorPoolMaxSize`. */
  readonly routerPool: Derived;
  /** `maxIncomingConnections` of a member. */
  readonly memberConnections: Derived;
  /** `wiredTigerCacheSizeGB` of a member, GiB. */
  readonly cache: Derived;
  /** `cacheSizeRatio`, from which the operator computes the cache. */
  readonly cacheRatio: Derived;
  /** Memory request and limit of a member, of a config server and of a router, GiB. */
  readonly memory: Derived;
  readonly configServerMemory: Derived;
  readonly routerMemory: Derived;
  /** `cacheSizeRatio` of a config server. */
  readonly configServerCacheRatio: Derived;
  /** Volume of a member and of a config server, GiB. */
  readonly storage: Derived;
  readonly configServerStorage: Derived;
  /** Reads and writes a second of the largest shard's volume. */
  readonly iops: Derived;
  /** Seconds until a member that was started again has its working set in memory. */
  readonly warmUp: Derived;
  /** A query that takes longer is slow, seconds. */
  readonly slow: Derived;
  /** Days of backups, 0 without. */
  readonly backups: Derived;
}

export type DatabasePlan = Plan<DatabaseNumbers>;

/** What the proofs look at besides the numbers. */
export interface Sizes {
  readonly connections: MongoConnections;
  readonly memory: MongodMemory;
  readonly configServer: MongodMemory;
}

/** The whole derivation. */
export function planDatabase(inputs: DatabaseInputs): DatabasePlan {
  const { shards, readReplicas, dataGiB, workingSetGiB, users, routers: router, budget } = inputs;
  const { queriesPerCore = QUERIES_PER_CORE, disk = DEFAULT_DISK, dataModel } = inputs;
  const routers = routerNumber(inputs);
  const connections = mongoConnections(users, routers.value);
  const memory = mongodMemory(largestShard(workingSetGiB, shards), connections.memberMaxConnections);
  const configServer = configServerMemory(connections.memberMaxConnections);
  const members = shards * (VOTERS + readReplicas) + VOTERS;
  const numbers: DatabaseNumbers = {
    members: membersNumber(inputs, members),
    routers,
    ...loadNumbers({ ...inputs, queriesPerCore }),
    ...connectionNumbers(inputs, connections, routers.value),
    cache: cacheNumber(inputs, memory),
    cacheRatio: derived(
      "cacheSizeRatio",
      memory.cacheRatio,
      "ratio",
      `${number(memory.cacheGiB)} ÷ (${number(memory.limitGiB)} − 1), as the operator counts`,
      ["workingSetGiB", "shards"],
    ),
    memory: memoryNumber("Memory limit of a member", memory, ["workingSetGiB", "shards"]),
    storage: derived(
      "Volume of a member",
      mongodStorageGiB(largestShard(dataGiB, shards)),
      "GiB",
      `⌈${ofLargestShard(gibibytes(dataGiB), shards)} ÷ ${percent(DISK_SHARE)} + oplog⌉`,
      ["dataGiB", "shards"],
    ),
    routerMemory: derived(
      "Memory limit of a router",
      routerMemoryGiB(connections, members),
      "GiB",
      `0.5 + (${number(connections.routerMaxConnections)} clients + ${number(connections.routerPoolSize)} · ` +
        `${plural(members, "member")}) · 1 MiB, in quarters; ${plural(router.cpuCores, "core")} each`,
      ["routers.cpuCores", "retrofitlink:services"],
    ),
    configServerMemory: memoryNumber("Memory limit of a config server", configServer, []),
    configServerCacheRatio: derived(
      "cacheSizeRatio of a config server",
      configServer.cacheRatio,
      "ratio",
      `${number(configServer.cacheGiB)} ÷ (${number(configServer.limitGiB)} − 1)`,
    ),
    configServerStorage: derived(
      "Volume of a config server",
      CONFIG_SERVER_STORAGE_GIB,
      "GiB",
      "the map of chunks, its indexes and the oplog stay below one",
    ),
    ...diskNumbers(inputs, disk, dataModel === undefined ? undefined : modelLoad(dataModel)),
    slow: slowQuery(budget.databaseQuerySeconds),
    backups: backupsNumber(inputs.backupDays ?? 0),
  };
  return { numbers, proofs: databaseProofs(inputs, numbers, { connections, memory, configServer }) };
}

function membersNumber({ shards, readReplicas, zones }: DatabaseInputs, members: number): Derived {
  const zone =
    zones >= VOTERS
      ? "no zone has two voters of a set"
      : `a zone may take the majority with it: it takes ${VOTERS}`;
  return derived(
    "Members",
    members,
    "members",
    `${plural(shards, "shard")} · (${VOTERS} voters + ${plural(readReplicas, "read replica")}) + ` +
      `${VOTERS} config servers; ${zone}`,
    ["shards", "readReplicas", "retrofitlink:cluster.zones"],
  );
}

function routerNumber({ users, routers, zones }: DatabaseInputs): Derived {
  const peak = peakQueries(users);
  const { cpuCores, queriesPerCore } = routers;
  return derived(
    "Routers",
    routerCount(peak, queriesPerCore, cpuCores, zones),
    "routers",
    `max(2, ${plural(zones, "zone")}, ⌈${rate(peak)} ÷ (${plural(cpuCores, "core")} · ${rate(queriesPerCore)})⌉ + 1 spare)`,
    ["routers.queriesPerCore", "routers.cpuCores", "retrofitlink:services"],
  );
}

function connectionNumbers(
  { users }: DatabaseInputs,
  connections: MongoConnections,
  routers: number,
): Pick<DatabaseNumbers, "clients" | "maxClients" | "routerPool" | "memberConnections"> {
  const { clientsPerRouter, routerMaxConnections, routerPoolSize, memberMaxConnections } = connections;
  const from = ["retrofitlink:services"];
  return {
    clients: connectionNumber(users),
    maxClients: derived(
      "maxIncomingConnections of a router",
      routerMaxConnections,
      "connections",
      `⌈${number(clientsPerRouter)} · ${1 + CLIENT_MARGIN}⌉ + ${RESERVED_CONNECTIONS} in reserve`,
      from,
    ),
    routerPool: derived(
      "ShardingTaskExecutorPoolMaxSize",
      routerPoolSize,
      "connections",
      `max(${SMALLEST_ROUTER_POOL}, ⌈${HEADROOM} · ${number(queriesInFlight(users))} queries in flight ÷ ` +
        `(${routers} − 1)⌉) to each member: one router missing, all on one shard`,
      from,
    ),
    memberConnections: derived(
      "maxIncomingConnections of a member",
      memberMaxConnections,
      "connections",
      `⌈${plural(routers, "router")} · ${number(routerPoolSize)} ÷ ${percent(ROUTER_SHARE)}⌉ + ${RESERVED_CONNECTIONS} in reserve`,
      from,
    ),
  };
}

function cacheNumber({ workingSetGiB, shards }: DatabaseInputs, { cacheGiB }: MongodMemory): Derived {
  return derived(
    "WiredTiger cache of a member",
    cacheGiB,
    "GiB",
    `${ofLargestShard(gibibytes(workingSetGiB), shards)} ÷ 80 %, and what rounding up the limit gives`,
    ["workingSetGiB", "shards"],
  );
}

function memoryNumber(name: string, memory: MongodMemory, from: readonly string[]): Derived {
  const terms = memory.terms.map(({ name: term, gib }) => `${term} ${number(gib)}`).join(" + ");
  return derived(
    name,
    memory.limitGiB,
    "GiB",
    `max(⌈${terms}⌉, ⌈cache ÷ ${percent(LARGEST_CACHE_RATIO)} + 1⌉), which leaves the file system as much as the cache`,
    from,
  );
}

function backupsNumber(days: number): Derived {
  return derived(
    "Backups",
    days,
    "days",
    days === 0 ? "none: nowhere to put them was given" : "daily, and any moment between them",
    ["backup.retentionDays"],
  );
}
