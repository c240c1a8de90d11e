/** The plan of a sharded MongoDB in the cluster: members, routers, memory, connections, volumes, and what they carry. */
import { derived, type Derived } from "../core/derived";
import { gibibytes, number, percent, plural, rate } from "../core/format";
import { CLIENT_MARGIN } from "../service/connections";
import { modelLoad } from "./data-model/load";
import { DEFAULT_DISK, diskNumbers } from "./disk";
import { QUERIES_PER_CORE, connectionNumber, loadNumbers, ofLargestShard, slowQuery } from "./load";
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
  type MongoConnections,
  type MongodMemory,
} from "./mongodb";
import type { DatabaseInputs, DatabaseNumbers, DatabasePlan } from "./numbers";
import { databaseProofs } from "./proofs";

export type { DatabaseInputs, DatabaseNumbers, DatabasePlan } from "./numbers";

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
