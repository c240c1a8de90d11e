/** The plan of a Redis in the cluster: connections, memory, members, and the promises that they keep. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { mebibytes, number, plural } from "../core/format";
import type { Plan } from "../core/plan";
import type { Proof } from "../core/proof";
import { replicationClients } from "../service/connections";
import { MOST_CLIENTS, clientsNumber, connectionsProof, neededClients, type CacheUser } from "./connections";
import { WORKING_SET_SHARE, redisIoThreads, redisMemory, redisStorageGiB, type RedisMemory } from "./memory";
import { evictionNumber, type RedisPurpose } from "./purpose";

/** Servers of a session store, each with a Sentinel beside it. Two of three can outvote the third. */
export const MEMBERS = 3;

/** Sentinels that have to agree that the primary is gone: a majority. */
export const QUORUM = Math.floor(MEMBERS / 2) + 1;

/** Cores, where none are given: one event loop. */
export const DEFAULT_CPU_CORES = 1;

/** Zones, where none are given: what the regions of the clouds have. */
export const DEFAULT_ZONES = 3;

/** What a Redis is planned from. */
export interface RedisInputs {
  /** As messages call it. */
  readonly cache: string;
  readonly purpose: RedisPurpose;
  /** Data that has to stay in memory, MiB, > 0. */
  readonly workingSetMiB: number;
  /** Who connects, at their largest. @default nobody */
  readonly users?: readonly CacheUser[] | undefined;
  /** Cores of a server, > 0. @default 1 */
  readonly cpuCores?: number | undefined;
  /** Memory limit of a server, MiB. @default what is needed */
  readonly memoryLimitMiB?: number | undefined;
  /** Two replicas keep what a cache has, as they do of a session store. @default false: it begins empty after a restart */
  readonly standby?: boolean | undefined;
  /** Zones of the cluster's nodes, whole number >= 1. @default 3 */
  readonly zones?: number | undefined;
  /** Volume of a member. @default three times `maxmemory` */
  readonly storage?: { readonly sizeGiB?: number | undefined } | undefined;
}

/** Numbers of every Redis. */
export interface RedisNumbers extends Numbers {
  readonly members: Derived;
  /** Connections its users open at worst. */
  readonly clients: Derived;
  /** `maxclients`. */
  readonly maxClients: Derived;
  /** `maxmemory-clients`, MiB: what all clients' buffers may hold together. */
  readonly clientBuffers: Derived;
  /** `maxmemory`, MiB. */
  readonly maxMemory: Derived;
  /** Memory of the container at worst, and its limit, MiB. */
  readonly needed: Derived;
  readonly limit: Derived;
  /** `io-threads`. */
  readonly ioThreads: Derived;
  /** `maxmemory-policy`. */
  readonly eviction: Derived<string>;
}

/** What a Redis of several members has besides. */
export interface ReplicatedNumbers extends RedisNumbers {
  /** `repl-backlog-size`, MiB. */
  readonly backlog: Derived;
  /** Hard limit of what waits for a replica, MiB. */
  readonly replicaBuffer: Derived;
}

/** What a session store has besides, whose members keep their data on volumes. */
export interface StoredNumbers extends ReplicatedNumbers {
  /** Volume of each member, and the smallest that will do, GiB. */
  readonly storage: Derived;
  readonly leastStorage: Derived;
}

export type RedisPlan = Plan<RedisNumbers>;

/** Whether there are several members, of which one takes the place of another. */
export function isReplicated({
  purpose,
  standby = false,
}: Pick<RedisInputs, "purpose" | "standby">): boolean {
  return purpose === "session" || standby;
}

/** The numbers that only a store with volumes has; undefined for one without. */
export function storedNumbers({ numbers }: RedisPlan): StoredNumbers | undefined {
  return "storage" in numbers ? (numbers as StoredNumbers) : undefined;
}

/** The numbers that only a Redis of several members has; undefined for a server that is alone. */
export function replicatedNumbers({ numbers }: RedisPlan): ReplicatedNumbers | undefined {
  return "backlog" in numbers ? (numbers as ReplicatedNumbers) : undefined;
}

/** The whole derivation. Members are alike, for each may become the primary. */
export function planRedis(inputs: RedisInputs): RedisPlan {
  const { cache, purpose, users = [], cpuCores = DEFAULT_CPU_CORES } = inputs;
  const replicated = isReplicated(inputs);
  const own = replicated ? replicationClients(MEMBERS) : 0;
  const needed = neededClients(users, own);
  const limits = { ...needed, name: "maxclients", value: Math.min(needed.value, MOST_CLIENTS) };
  const memory = redisMemory({
    workingSetMiB: inputs.workingSetMiB,
    maxClients: limits.value,
    forks: replicated,
    replicas: replicated ? MEMBERS - 1 : 0,
    ...(inputs.memoryLimitMiB === undefined ? {} : { limitMiB: inputs.memoryLimitMiB }),
  });
  const numbers: RedisNumbers = {
    members: membersNumber(inputs),
    clients: clientsNumber(users),
    maxClients: limits,
    ...memoryNumbers(inputs, memory),
    ioThreads: derived(
      "io-threads",
      redisIoThreads(cpuCores),
      "",
      cpuCores < 4
        ? `${plural(cpuCores, "core")}, below 4: the main thread alone`
        : `min(8, ⌊${number(cpuCores)} cores · 0.75⌋)`,
      ["cpuCores"],
    ),
    eviction: evictionNumber(purpose, afterRestart(inputs)),
    ...(replicated ? replicatedOnly(memory) : {}),
    ...(purpose === "session" ? storedOnly(inputs, memory) : {}),
  };
  return {
    numbers,
    proofs: [
      connectionsProof(cache, limits, needed, ["retrofitlink:services"]),
      memoryProof(cache, numbers),
      ...(purpose === "session" ? [storageProof(cache, numbers as StoredNumbers)] : []),
    ],
  };
}

function afterRestart({ purpose, standby = false }: RedisInputs): string {
  if (purpose === "session") return "kept over a restart";
  return standby ? "kept while one of its members is there" : "empty after a restart";
}

function membersNumber(inputs: RedisInputs): Derived {
  const { zones = DEFAULT_ZONES } = inputs;
  if (!isReplicated(inputs)) return derived("Members", 1, "members", "one server", ["purpose"]);
  const inOneZone = Math.ceil(MEMBERS / zones);
  return derived(
    "Members",
    MEMBERS,
    "members",
    `a primary and ${MEMBERS - 1} replicas, a Sentinel beside each: ${MEMBERS} − 1 lost = ${MEMBERS - 1} ≥ a majority of ` +
      `${QUORUM}; a zone holds ${inOneZone} of them`,
    ["purpose", "standby", "retrofitlink:cluster.zones"],
  );
}

function memoryNumbers(
  { workingSetMiB, memoryLimitMiB }: RedisInputs,
  memory: RedisMemory,
): Pick<RedisNumbers, "clientBuffers" | "maxMemory" | "needed" | "limit"> {
  const backlog =
    memory.replicationBacklogMiB > 0 ? ` + ${number(memory.replicationBacklogMiB)} replication backlog` : "";
  const needed = derived(
    "Memory at worst",
    memory.neededMiB,
    "MiB",
    memory.terms.map(({ name, mib }) => `${name} ${number(mib)}`).join(" + "),
    ["workingSetMiB"],
  );
  return {
    clientBuffers: derived(
      "maxmemory-clients",
      memory.clientBuffersMiB,
      "MiB",
      "48 KiB for each of maxclients, at least 16 MiB",
      ["retrofitlink:services"],
    ),
    maxMemory: derived(
      "maxmemory",
      memory.maxMemoryMiB,
      "MiB",
      `⌈${number(workingSetMiB)} working set ÷ ${WORKING_SET_SHARE}⌉ + ${number(memory.clientBuffersMiB)} client buffers${backlog}`,
      ["workingSetMiB"],
    ),
    needed,
    limit: derived(
      "Memory limit",
      memory.limitMiB,
      "MiB",
      memoryLimitMiB === undefined ? "what is needed at worst" : "as given",
      ["memoryLimitMiB"],
    ),
  };
}

function replicatedOnly(memory: RedisMemory): Pick<ReplicatedNumbers, "backlog" | "replicaBuffer"> {
  return {
    backlog: derived(
      "repl-backlog-size",
      memory.replicationBacklogMiB,
      "MiB",
      "a tenth of the key space, at least 16 MiB",
      ["workingSetMiB"],
    ),
    replicaBuffer: derived(
      "Buffer of a replica",
      memory.replicaBufferMiB,
      "MiB",
      "the backlog and what is written while a copy is made, half of maxmemory",
      ["workingSetMiB"],
    ),
  };
}

function storedOnly(
  { storage }: RedisInputs,
  memory: RedisMemory,
): Pick<StoredNumbers, "storage" | "leastStorage"> {
  const leastStorage = derived(
    "Smallest volume",
    redisStorageGiB(memory.maxMemoryMiB),
    "GiB",
    `⌈3 · ${mebibytes(memory.maxMemoryMiB)}⌉ in GiB: the file, what was appended, and the next one`,
    ["workingSetMiB"],
  );
  return {
    leastStorage,
    storage: derived(
      "Volume of a member",
      storage?.sizeGiB ?? leastStorage.value,
      "GiB",
      storage?.sizeGiB === undefined ? "the smallest" : "as given",
      ["storage.sizeGiB"],
    ),
  };
}

function memoryProof(cache: string, { limit, needed }: RedisNumbers): Proof {
  return {
    policy: "memory-within-limits",
    statement: `"${cache}" fits into its memory limit at worst`,
    inequality: `${text(limit)} ≥ ${text(needed)} = ${needed.formula}`,
    holds: limit.value >= needed.value,
    mend: ["memoryLimitMiB", "workingSetMiB"],
  };
}

function storageProof(cache: string, { storage, leastStorage }: StoredNumbers): Proof {
  return {
    policy: "memory-within-limits",
    statement: `"${cache}" has room to write its append-only file anew`,
    inequality: `${text(storage)} ≥ ${text(leastStorage)} = ${leastStorage.formula}`,
    holds: storage.value >= leastStorage.value,
    mend: ["storage.sizeGiB"],
  };
}
