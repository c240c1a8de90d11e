/** What is wrong with a cache between several of its settings. Asks for settings that are sound by themselves. */
import type { Issue } from "../core/issues";
import { show } from "../core/issues";
import { number } from "../core/format";
import { MOST_CLIENTS, neededClients } from "./connections";
import {
  ELASTICACHE_NODES,
  MEMORYSTORE_LARGEST_GIB,
  MEMORYSTORE_MAX_CLIENTS,
  elastiCacheMaxClients,
  elastiCacheNode,
  memorystoreGiB,
  usableMiB,
} from "./managed-cache";
import type { CacheInputs } from "./plan";
import {
  elastiCacheNodeOf,
  managedNeedMiB,
  type ElastiCacheInputs,
  type MemorystoreInputs,
} from "./plan-managed";
import { DEFAULT_CPU_CORES, planRedis, storedNumbers, type RedisInputs } from "./plan-redis";

/** Everything that makes a cache impossible to plan or to prove. An empty list means that it is sound. */
export function cacheIssues(inputs: CacheInputs): Issue[] {
  switch (inputs.kind) {
    case "elasticache":
      return elastiCacheIssues(inputs);
    case "memorystore":
      return memorystoreIssues(inputs);
    case "in-cluster":
    case undefined:
      return redisIssues(inputs);
  }
}

export function redisIssues(inputs: RedisInputs): Issue[] {
  const plan = planRedis(inputs);
  const { limit, needed, maxMemory } = plan.numbers;
  const issues = connectionIssues(inputs, MOST_CLIENTS);
  const raise = (least: number): string => `Raise it, or leave it out and it becomes ${least}.`;
  if (limit.value < needed.value) {
    issues.push({
      path: ["memoryLimitMiB"],
      got: show(inputs.memoryLimitMiB),
      allowed: `at least ${needed.value} = ${needed.formula} (MiB)`,
      fix: raise(needed.value),
    });
  }
  const stored = storedNumbers(plan);
  if (stored !== undefined && stored.storage.value < stored.leastStorage.value) {
    const least = stored.leastStorage.value;
    issues.push({
      path: ["storage", "sizeGiB"],
      got: show(inputs.storage?.sizeGiB),
      allowed: `at least ${least} (GiB), 3 times a maxmemory of ${maxMemory.value} MiB`,
      fix: raise(least),
    });
  }
  return issues;
}

export function memorystoreIssues(inputs: MemorystoreInputs): Issue[] {
  const gib = memorystoreGiB(managedNeedMiB(inputs));
  if (gib > MEMORYSTORE_LARGEST_GIB) {
    return [tooLarge(inputs, `fits into ${MEMORYSTORE_LARGEST_GIB} GiB; this one needs ${number(gib)}`)];
  }
  return connectionIssues(inputs, MEMORYSTORE_MAX_CLIENTS);
}

export function elastiCacheIssues(inputs: ElastiCacheInputs): Issue[] {
  const { nodeType, cpuCores = DEFAULT_CPU_CORES } = inputs;
  const node = elastiCacheNodeOf(inputs);
  const needed = managedNeedMiB(inputs);
  if (node === undefined) {
    // An unknown type of node is an issue of its own.
    if (nodeType !== undefined) return [];
    const largest = ELASTICACHE_NODES[ELASTICACHE_NODES.length - 1];
    const most = largest === undefined ? 0 : usableMiB(largest);
    const cores = largest?.sustainedCores ?? 0;
    return [
      tooLarge(
        inputs,
        `needs at most ${most} MiB and ${cores} cores; this one needs ${needed} MiB and ${cpuCores}`,
      ),
    ];
  }
  if (usableMiB(node) < needed) {
    const left = `${node.memoryMiB} less ${node.reservedShare * 100} % = ${usableMiB(node)}`;
    const better = elastiCacheNode(needed, cpuCores)?.nodeType ?? "several caches";
    return [
      {
        path: ["nodeType"],
        got: show(nodeType),
        allowed: `a node with at least ${needed} MiB after what is reserved; this one has ${left}`,
        fix: `Choose a larger one, or leave it out and it becomes ${better}.`,
      },
    ];
  }
  return connectionIssues(inputs, elastiCacheMaxClients(node.nodeType));
}

function tooLarge({ workingSetMiB }: MemorystoreInputs, what: string): Issue {
  return {
    path: ["workingSetMiB"],
    got: show(workingSetMiB),
    allowed: `a working set that ${what}`,
    fix: "Divide the data among several caches.",
  };
}

/** Services that open more than a server admits. */
function connectionIssues({ users = [] }: Pick<MemorystoreInputs, "users">, most: number): Issue[] {
  const needed = neededClients(users).value;
  if (needed <= most) return [];
  return [
    {
      path: ["users"],
      got: String(needed),
      allowed: `services that open at most ${most} connections, with margin and reserve`,
      fix: "Give fewer connections, or divide the services among several caches.",
    },
  ];
}
