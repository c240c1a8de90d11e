/** How the size of a managed cache follows from its working set and from the services that connect to it. */
import { managedCacheNeedMiB } from "../../budget/caching/managed-cache";
import { WORKING_SET_SHARE, clientBuffersMiB } from "../../budget/caching/memory";
import type { ManagedCacheSummary } from "../../budget/caching/summary";
import type { Derivation } from "../../report/derivation";
import { mebibytes, number, percent, plural } from "../../budget/core/format";

/** @param planned connections that have to be admitted: those of the services, with margin and reserve */
export function managedDerivations(summary: ManagedCacheSummary, planned: number): Derivation[] {
  return [limit(summary, planned), need(summary, planned), node(summary), full(summary)];
}

function limit({ maxClients }: ManagedCacheSummary, planned: number): Derivation {
  return {
    name: "maxclients",
    value: number(maxClients),
    formula: `of the provider: ${number(maxClients)} ≥ ${number(planned)} with margin and reserve`,
    from: ["retrofitlink:services"],
    holds: maxClients >= planned,
  };
}

function need({ workingSetMiB, neededMemoryMiB }: ManagedCacheSummary, planned: number): Derivation {
  const derived = managedCacheNeedMiB(workingSetMiB, planned);
  return {
    name: "Memory needed",
    value: mebibytes(neededMemoryMiB),
    formula:
      `⌈${number(workingSetMiB)} working set ÷ ${WORKING_SET_SHARE}⌉ + ` +
      `${number(clientBuffersMiB(planned))} client buffers = ${mebibytes(derived)}`,
    from: ["workingSetMiB"],
    holds: neededMemoryMiB >= derived,
  };
}

function node(summary: ManagedCacheSummary): Derivation {
  const { nodeType, nodeMemoryMiB, reservedShare, maxMemoryMiB, neededMemoryMiB, replicas } = summary;
  return {
    name: "Node",
    value: `${nodeType}, ${plural(replicas + 1, "node")}`,
    formula:
      `${mebibytes(nodeMemoryMiB)} · (1 − ${percent(reservedShare)} in reserve) = ` +
      `${mebibytes(maxMemoryMiB)} ≥ ${mebibytes(neededMemoryMiB)}`,
    from: ["workingSetMiB", "cpuCores"],
    holds: maxMemoryMiB >= neededMemoryMiB && maxMemoryMiB <= nodeMemoryMiB * (1 - reservedShare) + 1,
  };
}

function full({ evictionPolicy, persistent, purpose }: ManagedCacheSummary): Derivation {
  return {
    name: "When it is full",
    value: evictionPolicy,
    formula: `a ${purpose}: ${persistent ? "snapshots are kept" : "no snapshots"}`,
    from: ["purpose"],
    holds: true,
  };
}
