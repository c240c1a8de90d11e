/** What a cache admits, and what its users open: the part that every kind has in common. */
import { derived, type Derived } from "../core/derived";
import { number } from "../core/format";
import type { Proof } from "../core/proof";
import {
  CLIENT_MARGIN,
  RESERVED_CLIENTS,
  expectedClients,
  maxClients,
  type ConnectionUser,
} from "../service/connections";

/** A service that connects, at its largest. */
export interface CacheUser extends ConnectionUser {
  /** Its workload name. */
  readonly service: string;
}

/**
 * Connections that one server may be told to admit: what ElastiCache and Memorystore admit, and as many ports as one
 * address of a client has.
 */
export const MOST_CLIENTS = 65_000;

/** More summands than this make a formula unreadable. */
const MOST_TERMS = 6;

const KEY = "retrofitlink:services";

/** Connections that all users open at worst. */
export function clientsNumber(users: readonly CacheUser[]): Derived {
  const terms = users.map((user) => `${user.service} ${number(expectedClients([user]))}`);
  const hidden = terms.length - MOST_TERMS;
  const shown = hidden > 0 ? [...terms.slice(0, MOST_TERMS), `${number(hidden)} more`] : terms;
  return derived(
    "Connections",
    expectedClients(users),
    "connections",
    shown.length === 0
      ? "no service connects"
      : `${shown.join(" + ")}: all at their most pods in a rollout, with those that are ending`,
    [KEY],
  );
}

/** Connections that have to be admitted: with a margin for the dead, a reserve for others, and the members' own. */
export function neededClients(users: readonly CacheUser[], members = 0): Derived {
  return derived(
    "Connections to admit",
    maxClients(users, RESERVED_CLIENTS + members),
    "connections",
    `⌈${number(expectedClients(users))} · ${1 + CLIENT_MARGIN}⌉ + ${RESERVED_CLIENTS} in reserve` +
      (members > 0 ? ` + ${number(members)} replicas and Sentinels` : ""),
    [KEY],
  );
}

/** A server admits what its users open at worst. */
export function connectionsProof(
  cache: string,
  admitted: Derived,
  needed: Derived,
  mend: readonly string[],
): Proof {
  return {
    policy: "connections-within-limits",
    statement: `"${cache}" admits everybody when all services are at their most pods and roll out`,
    inequality: `maxclients ${number(admitted.value)} ≥ ${number(needed.value)} = ${needed.formula}`,
    holds: admitted.value >= needed.value,
    mend,
    assumes: ["one rollout of a service at a time", "no process opens more than its pool"],
  };
}
