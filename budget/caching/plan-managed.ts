/** The plan of a cache that its cloud runs: what is rented, and the promises that it keeps. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { mebibytes, number, percent, plural } from "../core/format";
import type { Plan } from "../core/plan";
import type { Proof } from "../core/proof";
import { clientsNumber, connectionsProof, neededClients, type CacheUser } from "./connections";
import { evictionNumber, type RedisPurpose } from "./purpose";
import {
  ELASTICACHE_NODES,
  MEMORYSTORE_MAX_CLIENTS,
  elastiCacheMaxClients,
  elastiCacheNode,
  managedCacheNeedMiB,
  memorystoreNode,
  usableMiB,
  type ManagedNode,
} from "./managed-cache";
import { WORKING_SET_SHARE, clientBuffersMiB } from "./memory";
import { DEFAULT_CPU_CORES, DEFAULT_ZONES } from "./plan-redis";

/** What every rented cache is planned from. */
export interface MemorystoreInputs {
  /** As messages call it. */
  readonly cache: string;
  readonly purpose: RedisPurpose;
  /** Data that has to stay in memory, MiB, > 0. */
  readonly workingSetMiB: number;
  /** Who connects, at their largest. @default nobody */
  readonly users?: readonly CacheUser[] | undefined;
}

/** What an ElastiCache is planned from. */
export interface ElastiCacheInputs extends MemorystoreInputs {
  /** Cores that are busy at peak, > 0. Burstable nodes count with their baseline. @default 1 */
  readonly cpuCores?: number | undefined;
  /** Zones of the cluster's nodes, whole number >= 1. @default 3 */
  readonly zones?: number | undefined;
  /** @default the smallest that has the memory and the cores */
  readonly nodeType?: string | undefined;
}

/** Numbers of a rented cache. */
export interface ManagedCacheNumbers extends Numbers {
  /** Connections its users open at worst, and what has to be admitted for that. */
  readonly clients: Derived;
  readonly neededClients: Derived;
  /** `maxclients`, the provider's. */
  readonly maxClients: Derived;
  /** Memory for keys and buffers, MiB. */
  readonly needed: Derived;
  /** Servers, the primary among them. */
  readonly members: Derived;
  /** What is rented for each: `cache.r7g.large`, `STANDARD_HA 2 GiB`. */
  readonly node: Derived<string>;
  /** Memory of a node, MiB, and the share of it that is kept free. */
  readonly nodeMemory: Derived;
  readonly reserved: Derived;
  /** What a node leaves for keys and buffers, MiB. */
  readonly maxMemory: Derived;
  /** `maxmemory-policy`. */
  readonly eviction: Derived<string>;
}

export type ManagedCachePlan = Plan<ManagedCacheNumbers>;

/** The node that was asked for, or the smallest that will do; undefined when there is none. */
export function elastiCacheNodeOf(inputs: ElastiCacheInputs): ManagedNode | undefined {
  const { nodeType, cpuCores = DEFAULT_CPU_CORES } = inputs;
  return nodeType === undefined
    ? elastiCacheNode(managedNeedMiB(inputs), cpuCores)
    : ELASTICACHE_NODES.find((node) => node.nodeType === nodeType);
}

/** Memory for keys and buffers, MiB. */
export function managedNeedMiB({ workingSetMiB, users = [] }: MemorystoreInputs): number {
  return managedCacheNeedMiB(workingSetMiB, neededClients(users).value);
}

/** Replicas beside the primary: one that stands in for it, and of a session store one in a third zone. */
function elastiCacheReplicas({ purpose, zones = DEFAULT_ZONES }: ElastiCacheInputs): number {
  return purpose === "session" ? Math.min(2, Math.max(1, zones - 1)) : 1;
}

/** @throws RangeError when there is no such node, or none that is large enough */
export function planElastiCache(inputs: ElastiCacheInputs): ManagedCachePlan {
  const node = elastiCacheNodeOf(inputs);
  if (node === undefined) throw new RangeError(`"${inputs.cache}" has no node of ElastiCache`);
  const replicas = elastiCacheReplicas(inputs);
  return planManaged(inputs, node, elastiCacheMaxClients(node.nodeType), {
    members: replicas + 1,
    membersFrom: `a primary and ${plural(replicas, "replica")}, in different zones`,
    keys: ["purpose", "retrofitlink:cluster.zones"],
    mendMemory: ["nodeType", "workingSetMiB"],
  });
}

/** Memorystore's primary and replica are one size that it is rented by. */
export function planMemorystore(inputs: MemorystoreInputs): ManagedCachePlan {
  return planManaged(inputs, memorystoreNode(managedNeedMiB(inputs)), MEMORYSTORE_MAX_CLIENTS, {
    members: 2,
    membersFrom: "a primary and a replica in two zones",
    keys: [],
    mendMemory: ["workingSetMiB"],
  });
}

function planManaged(
  inputs: ElastiCacheInputs,
  node: ManagedNode,
  most: number,
  offer: {
    readonly members: number;
    readonly membersFrom: string;
    readonly keys: readonly string[];
    readonly mendMemory: readonly string[];
  },
): ManagedCachePlan {
  const { cache, purpose, workingSetMiB, users = [], nodeType } = inputs;
  const neededOfClients = neededClients(users);
  const admitted = derived("maxclients", most, "connections", "of the provider, and fixed");
  const buffers = clientBuffersMiB(neededOfClients.value);
  const needed = derived(
    "Memory needed",
    managedNeedMiB(inputs),
    "MiB",
    `⌈${number(workingSetMiB)} working set ÷ ${WORKING_SET_SHARE}⌉ + ${number(buffers)} client buffers`,
    ["workingSetMiB"],
  );
  const usable = derived(
    "Memory for keys and buffers",
    usableMiB(node),
    "MiB",
    `${mebibytes(node.memoryMiB)} · (1 − ${percent(node.reservedShare)} in reserve)`,
    ["workingSetMiB", "cpuCores"],
  );
  const numbers: ManagedCacheNumbers = {
    clients: clientsNumber(users),
    neededClients: neededOfClients,
    maxClients: admitted,
    needed,
    members: derived("Nodes", offer.members, "nodes", offer.membersFrom, offer.keys),
    node: derived(
      "Node",
      node.nodeType,
      "",
      nodeType === undefined ? `the smallest that leaves ${text(needed)}` : "as given",
      ["nodeType"],
    ),
    nodeMemory: derived("Memory of a node", node.memoryMiB, "MiB", "of the provider", ["nodeType"]),
    reserved: derived("Kept free", node.reservedShare, "ratio", "for fail-overs and backups"),
    maxMemory: usable,
    eviction: evictionNumber(purpose, purpose === "session" ? "snapshots are kept" : "no snapshots"),
  };
  return {
    numbers,
    proofs: [
      connectionsProof(cache, admitted, neededOfClients, ["retrofitlink:services"]),
      memoryProof(cache, numbers, offer.mendMemory),
    ],
  };
}

function memoryProof(
  cache: string,
  { maxMemory, needed }: ManagedCacheNumbers,
  mend: readonly string[],
): Proof {
  return {
    policy: "memory-within-limits",
    statement: `"${cache}" fits into the memory that its nodes leave`,
    inequality: `${text(maxMemory)} ≥ ${text(needed)} = ${needed.formula}`,
    holds: maxMemory.value >= needed.value,
    mend,
  };
}
