/**
 * Memory of a Redis: from what has to stay in it to `maxmemory` and the container's limit. Everything in MiB.
 *
 * Sources: redis.conf and the documentation of Redis on `maxmemory`, client eviction, append-only files, replication and
 * I/O threads; the Linux kernel's documentation of memory control groups, which charge socket buffers to the container.
 */

/** What decides the memory of one server. */
export interface RedisMemoryInputs {
  /** Data that has to stay in memory, as the server counts it (`used_memory_dataset`), MiB, > 0. */
  readonly workingSetMiB: number;
  /** `maxclients`, whole number >= 1. */
  readonly maxClients: number;
  /** The server forks: to rewrite its append-only file, to write a snapshot or to feed a replica. */
  readonly forks: boolean;
  /**
   * Share of `maxmemory` that is written while a child runs and therefore exists twice, 0..1. The measured value is
   * write rate * fork time / used memory; 1 means that everything changes meanwhile. Ignored without a fork.
   * @default 0.5
   */
  readonly copyOnWrite?: number;
  /** Copies that follow the server, and that it may become itself: all of them are as large. @default 0 */
  readonly replicas?: number;
  /** Memory limit of the container, MiB, > 0. @default what is needed */
  readonly limitMiB?: number;
}

/** One summand of the memory a container needs. */
export interface MemoryTerm {
  readonly name: string;
  readonly mib: number;
}

/** Memory of one server, and the inequality it was derived from. */
export interface RedisMemory {
  /** `maxmemory`, MiB. */
  readonly maxMemoryMiB: number;
  /** `maxmemory-clients`, MiB: what all clients' buffers may hold together. */
  readonly clientBuffersMiB: number;
  /** `repl-backlog-size`, MiB, a part of `maxmemory`. 0 without replicas. */
  readonly replicationBacklogMiB: number;
  /** Hard limit of `client-output-buffer-limit replica`, MiB, the backlog included. 0 without replicas. */
  readonly replicaBufferMiB: number;
  /** Memory the container may need at worst, MiB: the sum of `terms`. */
  readonly neededMiB: number;
  /** Memory limit of the container, MiB. The proof is `limitMiB >= neededMiB`. */
  readonly limitMiB: number;
  /** The summands, `maxmemory` first, none of them 0. A report prints "limit >= a + b + …". */
  readonly terms: readonly MemoryTerm[];
}

/**
 * Share of the key space of `maxmemory` that the working set fills. The rest holds keys that are read once and expired
 * keys not collected yet; without it they would push out the working set and the hit rate with it.
 */
export const WORKING_SET_SHARE = 0.8;

/** Waste of the allocator that is put up with: active defragmentation starts where both are exceeded. */
export const TOLERATED_FRAGMENTATION = { share: 0.1, mib: 16 } as const;

/** The program itself, its stacks, its scripts, `redis-cli` of the probes. */
const PROCESS_MIB = 64;

/** Buffers of one client in bulk reads, KiB: 16 query, 16 reply, and the client itself. */
const CLIENT_KIB = 48;

/** A few clients may be in the middle of a large answer, however few there are. */
const SMALLEST_CLIENT_BUFFERS_MIB = 16;

/** Share of the key space that may be written while a replica is away, before it needs a full copy. */
const BACKLOG_SHARE = 0.1;
const SMALLEST_BACKLOG_MIB = 16;

/** Least that is buffered beyond the backlog for a replica that receives its first copy, MiB. */
const SMALLEST_REPLICA_BUFFER_MIB = 32;

/** What all clients' buffers may hold together, MiB: 48 KiB each, at least 16 MiB. The server disconnects the largest beyond it. */
export function clientBuffersMiB(maxClients: number): number {
  return Math.max(SMALLEST_CLIENT_BUFFERS_MIB, Math.ceil((maxClients * CLIENT_KIB) / 1024));
}

/**
 * The whole derivation for one server.
 *
 * maxmemory = working set / 0.8 + client buffers + replication backlog, for the server counts its clients' buffers and
 * the backlog into what it compares with `maxmemory`, and would evict keys, or refuse writes, to make room for them.
 *
 * needed = maxmemory * (1 + copy on write) + fragmentation + replica buffers + client buffers + 64. Fragmentation is the
 * larger of 10 % and 16 MiB, for `maxmemory` counts what is used and not what the allocator holds. The client buffers
 * appear a second time because the kernel's socket buffers of the same connections are charged to the container. What is
 * written while a replica receives its copy waits for it in the replica buffers, which `maxmemory` does not count beyond
 * the backlog; it is as much as the copy on write of the child that makes the copy. All replicas share one such buffer.
 */
export function redisMemory(inputs: RedisMemoryInputs): RedisMemory {
  const { workingSetMiB, maxClients, forks, copyOnWrite = 0.5, replicas = 0 } = inputs;
  const { share, mib } = TOLERATED_FRAGMENTATION;
  const buffers = clientBuffersMiB(maxClients);
  const keySpaceMiB = Math.ceil(workingSetMiB / WORKING_SET_SHARE);
  const backlogMiB =
    replicas > 0 ? Math.max(SMALLEST_BACKLOG_MIB, Math.ceil(keySpaceMiB * BACKLOG_SHARE)) : 0;
  const maxMemoryMiB = keySpaceMiB + buffers + backlogMiB;
  const copiedMiB = Math.ceil(maxMemoryMiB * copyOnWrite);
  const replicaMiB = replicas > 0 ? Math.max(SMALLEST_REPLICA_BUFFER_MIB, copiedMiB) : 0;
  const terms = [
    { name: "maxmemory", mib: maxMemoryMiB },
    { name: "fragmentation", mib: Math.max(mib, Math.ceil(maxMemoryMiB * share)) },
    { name: "copy on write", mib: forks ? copiedMiB : 0 },
    { name: "replica buffers", mib: replicaMiB },
    { name: "client buffers", mib: buffers },
    { name: "process", mib: PROCESS_MIB },
  ].filter((term) => term.mib > 0);
  const neededMiB = terms.reduce((sum, term) => sum + term.mib, 0);
  return {
    maxMemoryMiB,
    clientBuffersMiB: buffers,
    replicationBacklogMiB: backlogMiB,
    replicaBufferMiB: replicas > 0 ? backlogMiB + replicaMiB : 0,
    neededMiB,
    limitMiB: inputs.limitMiB ?? neededMiB,
    terms,
  };
}

/** `1078 = maxmemory 656 + fragmentation 66 + …`, for messages and reports. */
export function describeMemory({ neededMiB, terms }: Pick<RedisMemory, "neededMiB" | "terms">): string {
  return `${neededMiB} = ${terms.map((term) => `${term.name} ${term.mib}`).join(" + ")}`;
}

/**
 * Smallest volume of a server with an append-only file, GiB: 3 * maxmemory, for the file in use, what was appended
 * since its last rewrite, and the next one being written.
 */
export function redisStorageGiB(maxMemoryMiB: number): number {
  return Math.ceil((3 * maxMemoryMiB) / 1024);
}

/**
 * `io-threads`: threads that read and write sockets, the main one included. Below four cores 1, for the threads would
 * take turns with the one that executes commands; from there three of four cores, at most 8. That meets both
 * examples of redis.conf: 3 at four cores and 6 at eight.
 *
 * @param cpuCores cores of the container, > 0
 */
export function redisIoThreads(cpuCores: number): number {
  return cpuCores < 4 ? 1 : Math.min(8, Math.floor(cpuCores * 0.75));
}
