/**
 * Which service a request is for, by host and path. Both proxies render the same tables, so that they cannot differ.
 *
 * A host that is named by some service goes before "every host"; among the claims of a host the longest path wins, by
 * whole segments; what nobody claims belongs to the service of the proxy itself.
 */

/** Paths, with all that is below them, at some hosts. */
export interface Claim<Owner> {
  /** Exact names in lower case; empty for every host. */
  readonly hosts: readonly string[];
  /** First segments without a slash at the end: `/api`; empty for every path. */
  readonly base: string;
  readonly owner: Owner;
}

/** Claims of one or more hosts, each before those that it lies below: the first that holds decides. */
export interface RoutingTable<Owner> {
  /** Undefined for all hosts that no table names. */
  readonly hosts: readonly string[] | undefined;
  readonly claims: readonly Pick<Claim<Owner>, "base" | "owner">[];
}

/** True when every path below `inner` is one below `outer`. */
export function isBelow(inner: string, outer: string): boolean {
  return `${inner}/`.startsWith(`${outer}/`);
}

/** Tables of the named hosts, those of equal hosts as one, and last that of all others. */
export function routingTables<Owner>(claims: readonly Claim<Owner>[]): RoutingTable<Owner>[] {
  const everywhere = claims.filter(({ hosts }) => hosts.length === 0);
  const byClaims = new Map<string, { hosts: string[]; claims: Claim<Owner>[] }>();
  for (const host of new Set(claims.flatMap(({ hosts }) => hosts))) {
    const own = claims.filter(({ hosts }) => hosts.includes(host));
    const others = everywhere.filter(({ base }) => !own.some((claim) => isBelow(base, claim.base)));
    const found = longestFirst([...own, ...others]);
    const key = found.map((claim) => claims.indexOf(claim)).join();
    const table = byClaims.get(key) ?? { hosts: [], claims: found };
    table.hosts.push(host);
    byClaims.set(key, table);
  }
  return [...byClaims.values(), { hosts: undefined, claims: longestFirst(everywhere) }];
}

/** Those that lie below most others first, and else as they were given. */
function longestFirst<Owner>(claims: readonly Claim<Owner>[]): Claim<Owner>[] {
  const depth = ({ base }: Claim<Owner>): number =>
    claims.filter((other) => isBelow(base, other.base)).length;
  return [...claims].sort((first, second) => depth(second) - depth(first));
}

/** Who answers a request; undefined for the service of the proxy itself. */
export function ownerOf<Owner>(
  tables: readonly RoutingTable<Owner>[],
  host: string,
  path: string,
): Owner | undefined {
  const table = tables.find(({ hosts }) => hosts === undefined || hosts.includes(host));
  return table?.claims.find(({ base }) => isBelow(path, base))?.owner;
}
