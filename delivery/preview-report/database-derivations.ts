/** How the numbers of a database follow from its data and from the services that query it. */
import { CLIENT_MARGIN } from "../../budget/service/connections";
import {
  CACHE_SHARE,
  DISK_SHARE,
  HEADROOM,
  LARGEST_CACHE_RATIO,
  MONITORS_PER_HOST,
  RESERVED_CONNECTIONS,
  ROUTER_SHARE,
  SHARD_SKEW,
  SMALLEST_ROUTER_POOL,
  clientsPerRouter,
  largestShard,
  memberMaxConnections,
  mongodMemory,
  mongodStorageGiB,
  neededGiB,
  routerCount,
  routerMaxConnections,
  routerPoolSize,
} from "../../budget/database/mongodb";
import { databaseUsersOf } from "../../budget/service/pool-users";
import type { AtlasSummary, MongoDbSummary } from "../../budget/database/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import { atlasDerivations } from "./atlas-derivations";
import { same, type Derivation } from "../../report/derivation";
import { gibibytes, number, percent, plural, rate } from "../../budget/core/format";

/** What a database tells of itself, whichever kind it is. */
export type DatabaseSummary = MongoDbSummary | AtlasSummary;

/** True for the one in the cluster: only that has routers of its own. */
export function isMongoDbCluster(summary: DatabaseSummary): summary is MongoDbSummary {
  return "routers" in summary;
}

/** Every derived number of a database. A kind that derives more has its own file. */
export function databaseDerivations(
  summary: DatabaseSummary,
  services: readonly ServiceSummary[],
): Derivation[] {
  return isMongoDbCluster(summary)
    ? mongoDbDerivations(summary, services)
    : atlasDerivations(summary, services);
}

function mongoDbDerivations(summary: MongoDbSummary, services: readonly ServiceSummary[]): Derivation[] {
  return [
    members(summary),
    routers(summary),
    clients(summary, services),
    limit(summary),
    routerPool(summary),
    memberLimit(summary),
    cache(summary),
    container(summary),
    volume(summary),
    reading(summary),
    slowQueries(summary),
    backups(summary),
  ];
}

const VOTERS = 3;

function members({ shards, readReplicas, zones }: MongoDbSummary): Derivation {
  const all = shards * (VOTERS + readReplicas) + VOTERS;
  const zone =
    zones >= VOTERS
      ? "no zone has two voters of a set"
      : "a zone may take the majority with it: it takes three";
  return {
    name: "Members",
    value: number(all),
    formula:
      `${plural(shards, "shard")} · (${VOTERS} voters + ${plural(readReplicas, "read replica")}) + ` +
      `${VOTERS} config servers = ${number(all)}; ${zone}`,
    from: ["shards", "readReplicas", "retrofitlink:cluster.zones"],
    holds: true,
  };
}

function routers(summary: MongoDbSummary): Derivation {
  const { peakQueriesPerSecond: peak, routerQueriesPerSecond: each, zones } = summary;
  const derived = routerCount(peak, each, 1, zones);
  return {
    name: "Routers",
    value: number(summary.routers),
    formula: `max(2, ${plural(zones, "zone")}, ⌈${rate(peak)} ÷ ${rate(each)}⌉ + 1 spare) = ${number(derived)}, ${gibibytes(summary.routerMemoryGiB)} each`,
    from: ["routers", "retrofitlink:services"],
    holds: summary.routers >= derived,
  };
}

function clients(
  { expectedClients: planned }: DatabaseSummary,
  services: readonly ServiceSummary[],
): Derivation {
  const users = databaseUsersOf(services);
  const derived = clientsPerRouter(users);
  const terms = users.map(
    (user) =>
      `${user.workload} ${number(clientsPerRouter([user]))} (pool ${number(user.poolSize)} + ${MONITORS_PER_HOST} monitors a process)`,
  );
  return {
    name: "Connections to a router",
    value: number(planned),
    formula: `${terms.length === 0 ? "no service connects" : terms.join(" + ")} = ${number(derived)}, all at their most pods during a rollout`,
    from: ["retrofitlink:services"],
    holds: planned >= derived,
  };
}

function limit({ expectedClients, maxClients }: DatabaseSummary): Derivation {
  const derived = routerMaxConnections(expectedClients);
  return {
    name: "Limit of a router",
    value: number(maxClients),
    formula: `⌈${number(expectedClients)} · ${1 + CLIENT_MARGIN}⌉ + ${RESERVED_CONNECTIONS} in reserve = ${number(derived)}`,
    from: ["retrofitlink:services"],
    holds: maxClients >= derived,
  };
}

function routerPool({
  routers: count,
  queriesInFlight,
  routerPoolSize: planned,
}: MongoDbSummary): Derivation {
  const derived = routerPoolSize(queriesInFlight, count);
  return {
    name: "Pool of a router",
    value: `${number(planned)} a member`,
    formula: `max(${SMALLEST_ROUTER_POOL}, ⌈${HEADROOM} · ${number(queriesInFlight)} queries in flight ÷ (${count} − 1)⌉) = ${number(derived)}: one router missing, all on one shard`,
    from: ["retrofitlink:services"],
    holds: planned >= derived,
  };
}

function memberLimit(summary: MongoDbSummary): Derivation {
  const { routers: count, routerPoolSize: pool, memberMaxConnections: planned } = summary;
  const derived = memberMaxConnections(count, pool);
  return {
    name: "Limit of a member",
    value: number(planned),
    formula: `⌈${count} routers · ${number(pool)} ÷ ${percent(ROUTER_SHARE)}⌉ + ${RESERVED_CONNECTIONS} in reserve = ${number(derived)}`,
    from: ["retrofitlink:services"],
    holds: planned >= derived,
  };
}

/** `24 GiB ÷ 2 shards · 1.2`, of one shard all. */
function ofLargestShard(totalGiB: number, shards: number): string {
  return shards === 1
    ? gibibytes(totalGiB)
    : `${gibibytes(totalGiB)} ÷ ${plural(shards, "shard")} · ${SHARD_SKEW} skew`;
}

function cache(summary: MongoDbSummary): Derivation {
  const { workingSetGiB, shards, cacheGiB } = summary;
  const hot = largestShard(workingSetGiB, shards);
  return {
    name: "WiredTiger cache",
    value: gibibytes(cacheGiB),
    formula: `${gibibytes(cacheGiB)} · ${percent(CACHE_SHARE)} = ${gibibytes(cacheGiB * CACHE_SHARE)} ≥ ${ofLargestShard(workingSetGiB, shards)} = ${gibibytes(hot)} working set`,
    from: ["workingSetGiB", "shards"],
    holds: cacheGiB * CACHE_SHARE >= hot || same(cacheGiB * CACHE_SHARE, hot),
  };
}

function container(summary: MongoDbSummary): Derivation {
  const { memoryLimitGiB, neededMemoryGiB, cacheGiB, memberMaxConnections: connections } = summary;
  const derived = mongodMemory(largestShard(summary.workingSetGiB, summary.shards), connections);
  // A server that was sized another way says only the sum.
  const sum = same(neededGiB(derived), neededMemoryGiB)
    ? ` = ${derived.terms.map(({ name, gib }) => `${name} ${number(gib)}`).join(" + ")}`
    : "";
  const most = LARGEST_CACHE_RATIO * (memoryLimitGiB - 1);
  return {
    name: "Memory limit of a member",
    value: gibibytes(memoryLimitGiB),
    formula:
      `${number(memoryLimitGiB)} ≥ ${number(neededMemoryGiB)}${sum}; ` +
      `cache ${number(cacheGiB)} ≤ ${percent(LARGEST_CACHE_RATIO)} · (${number(memoryLimitGiB)} − 1) = ${number(most)}, the rest is the file system's`,
    from: ["workingSetGiB", "shards", "retrofitlink:services"],
    holds: memoryLimitGiB >= neededMemoryGiB && cacheGiB <= Math.max(0.25, most) + 1e-9,
  };
}

function volume({ dataGiB, shards, storageGiB }: MongoDbSummary): Derivation {
  const data = largestShard(dataGiB, shards);
  const derived = mongodStorageGiB(data);
  return {
    name: "Volume of a member",
    value: gibibytes(storageGiB),
    formula: `largest shard ${ofLargestShard(dataGiB, shards)} = ${gibibytes(data)}; ⌈${gibibytes(data)} ÷ ${percent(DISK_SHARE)} + oplog⌉ = ${gibibytes(derived)}`,
    from: ["dataGiB", "shards"],
    holds: storageGiB >= derived,
  };
}

function reading({ readReplicas, readPreference }: DatabaseSummary): Derivation {
  return {
    name: "Read replicas",
    value: `${number(readReplicas)} a shard`,
    formula: readPreference,
    from: ["readReplicas"],
    holds: true,
  };
}

const PROFILED = ["nothing", "what is slower", "everything"] as const;

function slowQueries(summary: DatabaseSummary): Derivation {
  const level = isMongoDbCluster(summary) ? summary.profilerLevel : undefined;
  const profiled =
    level === undefined ? "" : `; the profiler keeps ${PROFILED[level]} (level ${number(level)})`;
  return {
    name: "Slow query",
    value: `${number(summary.slowMs)} ms`,
    formula: `the budget's critical query time${profiled}`,
    from: [
      "retrofitlink:budget.databaseQuerySeconds.critical",
      ...(level === undefined ? [] : ["profilerLevel"]),
    ],
    holds: true,
  };
}

function backups({ backupDays }: MongoDbSummary): Derivation {
  return {
    name: "Backups",
    value: backupDays === 0 ? "none" : plural(backupDays, "day"),
    formula:
      backupDays === 0 ? "a cluster on this machine has no bucket" : "daily, and any moment between them",
    from: ["backup.retentionDays"],
    holds: true,
  };
}
