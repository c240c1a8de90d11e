/** How the numbers of a cache follow from its working set and from the services that connect to it. */
import { CLIENT_MARGIN, RESERVED_CLIENTS, expectedClients, maxClients } from "../../budget/connections";
import type { ConnectionUser } from "../../budget/connections";
import { WORKING_SET_SHARE, redisMemory } from "../../budget/memory";
import type { RedisSummary, ServiceSummary } from "../../budget/summaries";
import type { Derivation } from "./derivation";
import { mebibytes, number } from "./format";

interface NamedUser extends ConnectionUser {
  readonly workload: string;
}

/** The services that keep a pool to a cache, at their largest. */
export function usersOf(cache: string, services: readonly ServiceSummary[]): NamedUser[] {
  return services.flatMap(({ workload, replicas, maxSurge, processesPerPod, cachePools }) => {
    const poolSize = cachePools[cache];
    return poolSize === undefined
      ? []
      : [{ workload, maxReplicas: replicas.max, maxSurge, processesPerPod, poolSize }];
  });
}

/** More summands than this make a formula unreadable. */
const MOST_TERMS = 6;

export function redisDerivations(summary: RedisSummary, services: readonly ServiceSummary[]): Derivation[] {
  const users = usersOf(summary.workload, services);
  return [
    clients(summary, users),
    limit(summary, users),
    dataset(summary),
    container(summary),
    full(summary),
  ];
}

function clients({ expectedClients: planned }: RedisSummary, users: readonly NamedUser[]): Derivation {
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

function limit(summary: RedisSummary, users: readonly NamedUser[]): Derivation {
  const derived = maxClients(users);
  return {
    name: "maxclients",
    value: number(summary.maxClients),
    formula: `⌈${number(expectedClients(users))} · ${1 + CLIENT_MARGIN}⌉ + ${RESERVED_CLIENTS} in reserve = ${number(derived)}`,
    from: ["retrofitlink:services"],
    holds: summary.maxClients >= derived,
  };
}

function memoryOf({
  workingSetMiB,
  maxClients: clientLimit,
  persistent,
}: RedisSummary): ReturnType<typeof redisMemory> {
  return redisMemory({ workingSetMiB, maxClients: clientLimit, forks: persistent });
}

function dataset(summary: RedisSummary): Derivation {
  const { maxMemoryMiB, clientBuffersMiB } = memoryOf(summary);
  return {
    name: "maxmemory",
    value: mebibytes(summary.maxMemoryMiB),
    formula:
      `⌈${number(summary.workingSetMiB)} working set ÷ ${WORKING_SET_SHARE}⌉ + ` +
      `${number(clientBuffersMiB)} client buffers = ${mebibytes(maxMemoryMiB)}`,
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
