/**
 * Size of a managed cache: from what has to stay in it to what is rented. Units: MiB, GiB where the name says so.
 *
 * Sources: Amazon's ElastiCache guide, "Valkey node-type specific parameters" (`maxmemory` of a node, which cannot be
 * changed) and "Managing reserved memory" (25 %, small burstable nodes 30 %, micro 50 %); Google's Memorystore guide,
 * "Memory management best practices" (`maxmemory-gb` at 80 % of the instance).
 */
import { WORKING_SET_SHARE, clientBuffersMiB } from "./memory";

const MIB = 1024 * 1024;

/** Memory that a managed cache needs for keys and buffers, MiB: working set / 0.8 + client buffers. */
export function managedCacheNeedMiB(workingSetMiB: number, maxClients: number): number {
  return Math.ceil(workingSetMiB / WORKING_SET_SHARE) + clientBuffersMiB(maxClients);
}

/** One size of what is rented. */
export interface ManagedNode {
  readonly nodeType: string;
  /** Memory that the provider lets the cache use, MiB. */
  readonly memoryMiB: number;
  /** Cores that it may use without end; a burstable node's are its baseline. */
  readonly sustainedCores: number;
  /** Share of the memory that is kept free for fail-overs and backups, 0..1. */
  readonly reservedShare: number;
}

/** What a node leaves for keys and buffers, MiB: floor(memory * (1 - reserved)). */
export function usableMiB({ memoryMiB, reservedShare }: ManagedNode): number {
  return Math.floor(memoryMiB * (1 - reservedShare));
}

const RESERVED = 0.25;

const node = (
  nodeType: string,
  bytes: number,
  sustainedCores: number,
  reservedShare = RESERVED,
): ManagedNode => ({ nodeType, memoryMiB: Math.floor(bytes / MIB), sustainedCores, reservedShare });

/**
 * Node types of ElastiCache that are chosen from, ascending in memory. Of the large ones only those with the most memory
 * for their cores: commands run on one thread, and more cores beside it serve sockets only.
 */
export const ELASTICACHE_NODES: readonly ManagedNode[] = [
  node("cache.t4g.micro", 536_870_912, 0.2, 0.5),
  node("cache.t4g.small", 1_471_026_299, 0.4, 0.3),
  node("cache.t4g.medium", 3_317_862_236, 0.4),
  node("cache.m7g.large", 6_854_542_746, 2),
  node("cache.r7g.large", 14_037_181_030, 2),
  node("cache.r7g.xlarge", 28_261_849_702, 4),
  node("cache.r7g.2xlarge", 56_711_183_565, 8),
  node("cache.r7g.4xlarge", 113_609_865_216, 16),
  node("cache.r7g.8xlarge", 225_000_375_228, 32),
  node("cache.r7g.12xlarge", 341_206_346_547, 48),
  node("cache.r7g.16xlarge", 450_000_750_456, 64),
];

/** `maxclients` of a node of ElastiCache, which cannot be changed. Of the burstable ones the fewest that one admits. */
export function elastiCacheMaxClients(nodeType: string): number {
  return nodeType.startsWith("cache.t") ? 20_000 : 65_000;
}

/**
 * The smallest node that has the memory and the cores, undefined when there is none: memory * (1 - reserved) >= need.
 *
 * @param cpuCores cores that are busy at peak, > 0; burstable nodes count with their baseline
 */
export function elastiCacheNode(neededMiB: number, cpuCores: number): ManagedNode | undefined {
  return ELASTICACHE_NODES.find(
    (candidate) => usableMiB(candidate) >= neededMiB && candidate.sustainedCores >= cpuCores,
  );
}

/** Largest instance of Memorystore for Redis, GiB. */
export const MEMORYSTORE_LARGEST_GIB = 300;

/** Connections that one instance of Memorystore for Redis admits. */
export const MEMORYSTORE_MAX_CLIENTS = 65_000;

/** Share of a Memorystore instance that is kept free: while it exports or fails over, writes need room. */
const MEMORYSTORE_RESERVED_SHARE = 0.2;

/** Both of two zones: the one replaces the other. */
export const MEMORYSTORE_TIER = "STANDARD_HA";

/**
 * Smallest instance of Memorystore, whole GiB >= 1: `memorySizeGb * (1 - 0.2) >= need`.
 */
export function memorystoreGiB(neededMiB: number): number {
  return Math.max(1, Math.ceil(neededMiB / (1024 * (1 - MEMORYSTORE_RESERVED_SHARE)) - 1e-9));
}

/** The smallest instance of Memorystore as a node. */
export function memorystoreNode(neededMiB: number): ManagedNode {
  const gib = memorystoreGiB(neededMiB);
  return {
    nodeType: `${MEMORYSTORE_TIER} ${gib} GiB`,
    memoryMiB: gib * 1024,
    sustainedCores: 1,
    reservedShare: MEMORYSTORE_RESERVED_SHARE,
  };
}
