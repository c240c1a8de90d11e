/** How the numbers of a cache follow from its working set and from the services that connect to it. */
import {
  CLIENT_MARGIN,
  RESERVED_CLIENTS,
  expectedClients,
  maxClients,
  replicationClients,
} from "../../budget/service/connections";
import { WORKING_SET_SHARE, redisMemory } from "../../budget/caching/memory";
import { cacheUsersOf, type PoolUser } from "../../budget/service/pool-users";
import type { CacheSummary, RedisSummary } from "../../budget/caching/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import type { Derivation } from "../../report/derivation";
import { mebibytes, number } from "../../budget/core/format";
import { managedDerivations } from "./managed-cache-derivations";

/** More summands than this make a formula unreadable. */
const MOST_TERMS = 6;

export function cacheDerivations(summary: CacheSummary, services: readonly ServiceSummary[]): Derivation[] {
  if (summary.kind === "in-cluster") return redisDerivations(summary, services);
  const users = cacheUsersOf(summary.workload, services);
  return [clients(summary, users), ...managedDerivations(summary, maxClients(users))];
}

export function redisDerivations(summary: RedisSummary, services: readonly ServiceSummary[]): Derivation[] {
  const users = cacheUsersOf(summary.workload, services);
  return [
    ...(summary.replicas > 0 ? [members(summary)] : []),
    clients(summary, users),
    limit(summary, users),
    dataset(summary),
    container(summary),
    full(summary),
  ];
}

/** A majority of Sentinels outlives one of them. */
function members({ replicas }: RedisSummary): Derivation {
  const count = replicas + 1;
  const quorum = Math.floor(count / 2) + 1;
  return {
    name: "Members",
    value: `primary + ${number(replicas)}`,
    formula: `${number(count)} Sentinels − 1 lost = ${number(count - 1)} ≥ a majority of ${number(quorum)}`,
    from: ["purpose"],
    holds: count - 1 >= quorum,
  };
}

function clients({ expectedClients: planned }: CacheSummary, users: readonly PoolUser[]): Derivation {
  const derived = expectedClients(users);
  const terms = users.map((user) => `${user.workload} ${number(expectedClients([user]))}`);
  const hidden = terms.length - MOST_TERMS;
  const shown = hidden > 0 ? [...terms.slice(0, MOST_TERMS), `${number(hidden)} more`] : terms;
  return {
    name: "Connections",
    value: number(planned),
    formula: `${shown.length === 0 ? "no service connects" : shown.join(" + ")} = ${number(derived)}, all at their most pods during a rollout`,
    from: ["retrofitlink:services"],
    holds: planned >= derived,
  };
}

function limit(summary: RedisSummary, users: readonly PoolUser[]): Derivation {
  const own = summary.replicas > 0 ? replicationClients(summary.replicas + 1) : 0;
  const derived = maxClients(users, RESERVED_CLIENTS + own);
  const replication = own > 0 ? ` + ${number(own)} replicas and Sentinels` : "";
  return {
    name: "maxclients",
    value: number(summary.maxClients),
    formula: `⌈${number(expectedClients(users))} · ${1 + CLIENT_MARGIN}⌉ + ${RESERVED_CLIENTS} in reserve${replication} = ${number(derived)}`,
    from: ["retrofitlink:services"],
    holds: summary.maxClients >= derived,
  };
}

function memoryOf({
  workingSetMiB,
  maxClients: clientLimit,
  persistent,
  replicas,
}: RedisSummary): ReturnType<typeof redisMemory> {
  return redisMemory({ workingSetMiB, maxClients: clientLimit, forks: persistent, replicas });
}

function dataset(summary: RedisSummary): Derivation {
  const { maxMemoryMiB, clientBuffersMiB, replicationBacklogMiB } = memoryOf(summary);
  const backlog = replicationBacklogMiB > 0 ? ` + ${number(replicationBacklogMiB)} replication backlog` : "";
  return {
    name: "maxmemory",
    value: mebibytes(summary.maxMemoryMiB),
    formula:
      `⌈${number(summary.workingSetMiB)} working set ÷ ${WORKING_SET_SHARE}⌉ + ` +
      `${number(clientBuffersMiB)} client buffers${backlog} = ${mebibytes(maxMemoryMiB)}`,
    from: ["workingSetMiB"],
    holds: summary.maxMemoryMiB >= maxMemoryMiB,
  };
}

function container(summary: RedisSummary): Derivation {
  const { neededMiB, terms } = memoryOf(summary);
  // A server that was sized another way says only the sum.
  const sum =
    neededMiB === summary.neededMemoryMiB
      ? ` = ${terms.map(({ name, mib }) => `${name} ${number(mib)}`).join(" + ")}`
      : "";
  return {
    name: "Memory limit",
    value: mebibytes(summary.memoryLimitMiB),
    formula: `${number(summary.memoryLimitMiB)} ≥ ${number(summary.neededMemoryMiB)}${sum}`,
    from: ["memoryLimitMiB", "workingSetMiB"],
    holds: summary.memoryLimitMiB >= summary.neededMemoryMiB,
  };
}

function full({ evictionPolicy, persistent, purpose }: RedisSummary): Derivation {
  return {
    name: "When it is full",
    value: evictionPolicy,
    formula: `a ${purpose}: ${persistent ? "kept over a restart" : "empty after a restart"}`,
    from: ["purpose"],
    holds: true,
  };
}
