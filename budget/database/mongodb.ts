/**
 * Memory, storage and connections of a sharded MongoDB in a Kubernetes cluster. Units: GiB (2^30 bytes), connections,
 * queries/s, seconds, processes.
 *
 * Sources: Little's law (L = lambda * W); MongoDB's manual on the WiredTiger cache (default (RAM - 1 GB) / 2, eviction
 * starts at 80 % of the cache), on index builds (200 to 500 MB), on drivers (two monitoring connections a host) and on
 * `ShardingTaskExecutorPoolMaxSize`; Percona Operator for MongoDB, which sets
 * `wiredTigerCacheSizeGB = max(0.25, ratio * (limit - 1 GiB))`.
 */
import { concurrentRequests } from "../service/capacity";
import { CLIENT_MARGIN, expectedClients, type ConnectionUser } from "../service/connections";
import { withoutNoise, wholeUp } from "../core/rounding";

/** Members of a shard, or of the config servers, that vote; a replica set elects with any two of them. */
export const VOTERS = 3;

/** Share of the WiredTiger cache that is filled before its background eviction starts. */
export const CACHE_SHARE = 0.8;

/** WiredTiger does not start with less, GiB. */
export const SMALLEST_CACHE_GIB = 0.25;

/** Largest share of (limit - 1 GiB) given to the cache: the file system's cache and compression work in the rest. */
export const LARGEST_CACHE_RATIO = 0.5;

/** The process, its stacks and its allocator, GiB. */
export const PROCESS_GIB = 1;

/** Index builds of one member, GiB: `maxIndexBuildMemoryUsageMegabytes` is 200 by default, and two may run. */
export const INDEX_BUILD_GIB = 0.5;

/** Stack and buffers of one connection, MiB. */
export const CONNECTION_MIB = 1;

/** Memory of one `mongod`, and the inequality it was derived from. GiB. */
export interface MongodMemory {
  /** `wiredTigerCacheSizeGB`, two digits after the point, as the operator writes it. */
  readonly cacheGiB: number;
  /** Memory request and limit of the container, a whole number. */
  readonly limitGiB: number;
  /** `cacheSizeRatio` from which the operator computes `cacheGiB`. */
  readonly cacheRatio: number;
  /** The summands of what the process needs; the proof is `limitGiB >= sum`. */
  readonly terms: readonly { readonly name: string; readonly gib: number }[];
}

/**
 * cache wanted = max(0.25, working set of one shard / 0.8), for above 80 % WiredTiger evicts what is still needed.
 *
 * limit = the larger of wanted / 0.5 + 1, which leaves the file system as much as the cache, and
 * wanted + connections * 1 MiB + 0.5 (index builds) + 1 (process); rounded up to whole GiB.
 *
 * cache = wanted and what the rounding gave away, as far as both bounds allow.
 *
 * @param workingSetGiB documents and indexes that queries within the budget touch, of one shard, > 0
 * @param connections `maxIncomingConnections`
 */
export function mongodMemory(workingSetGiB: number, connections: number): MongodMemory {
  const wanted = hundredthsUp(Math.max(SMALLEST_CACHE_GIB, workingSetGiB / CACHE_SHARE));
  const besides = (connections * CONNECTION_MIB) / 1024 + INDEX_BUILD_GIB + PROCESS_GIB;
  const limitGiB = wholeUp(Math.max(wanted + besides, wanted / LARGEST_CACHE_RATIO + 1));
  const room = Math.min(limitGiB - besides, LARGEST_CACHE_RATIO * (limitGiB - 1));
  const cacheGiB = Math.max(wanted, hundredthsDown(room));
  return {
    cacheGiB,
    limitGiB,
    cacheRatio: Number((cacheGiB / (limitGiB - 1)).toFixed(6)),
    terms: [
      { name: "WiredTiger cache", gib: cacheGiB },
      { name: "connections", gib: (connections * CONNECTION_MIB) / 1024 },
      { name: "index builds", gib: INDEX_BUILD_GIB },
      { name: "process", gib: PROCESS_GIB },
    ],
  };
}

/** Sum of the terms of a proof, GiB. */
export function neededGiB({ terms }: Pick<MongodMemory, "terms">): number {
  return withoutNoise(terms.reduce((sum, { gib }) => sum + gib, 0));
}

function hundredthsUp(gib: number): number {
  return wholeUp(gib * 100) / 100;
}

function hundredthsDown(gib: number): number {
  return Math.floor(withoutNoise(gib * 100)) / 100;
}

/** What a config server keeps in memory, GiB: the map of chunks, some hundred bytes for each. */
const CONFIG_WORKING_SET_GIB = 0.2;

/** Memory of one config server: every router and every member connects to it, as to a member. */
export function configServerMemory(connections: number): MongodMemory {
  return mongodMemory(CONFIG_WORKING_SET_GIB, connections);
}

/** Volume of a config server, GiB: the map of chunks, its indexes and the oplog stay below one. */
export const CONFIG_SERVER_STORAGE_GIB = 10;

/** Largest shard over the mean one: the balancer leaves some, and keys are never even. */
export const SHARD_SKEW = 1.2;

/** What the largest of the shards holds: total / shards * 1.2; of one shard all. */
export function largestShard(total: number, shards: number): number {
  return shards === 1 ? total : withoutNoise((total / shards) * SHARD_SKEW);
}

/** Share of a volume that data may fill: compaction, index builds and the time to order a larger one need the rest. */
export const DISK_SHARE = 0.7;

/** The oplog's default size: a share of the volume, from 1 to 50 GiB. */
const OPLOG = { share: 0.05, least: 1, most: 50 } as const;

/** Volume of one member, GiB: data of its shard / 0.7 + the oplog, 5 % of the volume from 1 to 50 GiB; rounded up. */
export function mongodStorageGiB(dataGiB: number): number {
  const data = dataGiB / DISK_SHARE;
  const oplog = (data * OPLOG.share) / (1 - OPLOG.share);
  return wholeUp(data + Math.min(OPLOG.most, Math.max(OPLOG.least, oplog)));
}

/** A service that queries the database, at its largest. */
export interface DatabaseUser extends ConnectionUser {
  /** Its workload name. */
  readonly service: string;
  /** Highest request rate of the service, requests/s. */
  readonly peakRps: number;
  /** Queries that one request makes on average. */
  readonly queriesPerRequest: number;
  /** Mean time of one query, seconds. */
  readonly querySeconds: number;
}

/** Connections a driver keeps to every host besides its pool: one to watch it, one to measure its round trip. */
export const MONITORS_PER_HOST = 2;

/** Connections of the operator, the exporter, the backup agent, the other members, and people. */
export const RESERVED_CONNECTIONS = 50;

/** Share of `maxIncomingConnections` that the routers may use; the rest is for a failover's second set. */
export const ROUTER_SHARE = 0.8;

/** Bursts over the mean of queries in flight. */
export const HEADROOM = 2;

/** A router keeps at least so many connections to a shard: it also fans out reads of all shards. */
export const SMALLEST_ROUTER_POOL = 20;

/** Connections of the routers (`mongos`) and of the members (`mongod`). */
export interface MongoConnections {
  /** Connections clients may open to one router: drivers pool by host, so each router may meet every pool at its full size. */
  readonly clientsPerRouter: number;
  /** `maxIncomingConnections` of a router. */
  readonly routerMaxConnections: number;
  /** `ShardingTaskExecutorPoolMaxSize`: connections one router keeps to one member at most. */
  readonly routerPoolSize: number;
  /** `maxIncomingConnections` of a member. */
  readonly memberMaxConnections: number;
}

/**
 * Connections that clients open to one router at worst: sum of
 * (maxReplicas + ceil(maxReplicas * maxSurge)) * processes * (pool + 2).
 */
export function clientsPerRouter(users: readonly ConnectionUser[]): number {
  return expectedClients(users.map((user) => ({ ...user, poolSize: user.poolSize + MONITORS_PER_HOST })));
}

/** `maxIncomingConnections` of a router: ceil(1.2 * clients) + 50. */
export function routerMaxConnections(clients: number): number {
  return wholeUp(clients * (1 + CLIENT_MARGIN)) + RESERVED_CONNECTIONS;
}

/**
 * Connections one router keeps to one member at most: max(20, ceil(2 * L / (routers - 1))), with L queries in flight,
 * one router missing and all of them on one shard.
 */
export function routerPoolSize(inFlight: number, routers: number): number {
  return Math.max(SMALLEST_ROUTER_POOL, wholeUp((HEADROOM * inFlight) / Math.max(1, routers - 1)));
}

/** `maxIncomingConnections` of a member: ceil(routers * pool / 0.8) + 50, with `taskExecutorPoolSize` 1. */
export function memberMaxConnections(routers: number, poolSize: number): number {
  return wholeUp((routers * poolSize) / ROUTER_SHARE) + RESERVED_CONNECTIONS;
}

/**
 * All of them, from the services and the routers.
 *
 * @param routers processes of `mongos`, whole number >= 1
 */
export function mongoConnections(users: readonly DatabaseUser[], routers: number): MongoConnections {
  const clients = clientsPerRouter(users);
  const poolSize = routerPoolSize(queriesInFlight(users), routers);
  return {
    clientsPerRouter: clients,
    routerMaxConnections: routerMaxConnections(clients),
    routerPoolSize: poolSize,
    memberMaxConnections: memberMaxConnections(routers, poolSize),
  };
}

/**
 * Routers: enough for the peak with one of them missing, ceil(peak / (queriesPerCore * cores)) + 1, at least 2, and at
 * least one in every zone.
 *
 * @param peakQueries queries/s of all services at peak
 * @param queriesPerCore queries/s that one core of a router passes on, measured
 */
export function routerCount(
  peakQueries: number,
  queriesPerCore: number,
  cpuCores: number,
  zones: number,
): number {
  return Math.max(2, zones, wholeUp(peakQueries / (queriesPerCore * cpuCores)) + 1);
}

/**
 * Memory of a router, GiB: 0.5 and 1 MiB for each connection in and to the members, rounded up to quarters.
 *
 * @param members `mongod` processes that it connects to: of all shards, and the config servers
 */
export function routerMemoryGiB(connections: MongoConnections, members: number): number {
  const open = connections.routerMaxConnections + connections.routerPoolSize * members;
  return wholeUp((0.5 + (open * CONNECTION_MIB) / 1024) * 4) / 4;
}

/** Queries that are worked on at the same time at peak: sum of peakRps * queriesPerRequest * querySeconds. */
export function queriesInFlight(users: readonly DatabaseUser[]): number {
  return users.reduce(
    (sum, { peakRps, queriesPerRequest, querySeconds }) =>
      sum + concurrentRequests(peakRps * queriesPerRequest, querySeconds),
    0,
  );
}

/** Queries/s of all services at peak. */
export function peakQueries(users: readonly DatabaseUser[]): number {
  return users.reduce((sum, { peakRps, queriesPerRequest }) => sum + peakRps * queriesPerRequest, 0);
}
