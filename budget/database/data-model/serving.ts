/** Which index serves which query: equality in any order, then the sort, then ranges. Pure. */
import {
  fieldsOf,
  type Collection,
  type Direction,
  type Filter,
  type HotQuery,
  type Index,
  type IndexKind,
} from "./collection";

/** True when an index serves a query by its prefix: equality in any order, then the sort, then ranges. */
export function serves(index: Index, query: HotQuery): boolean {
  return whyNot(index, query) === undefined;
}

/**
 * The forms of a query, one for each choice of its optional fields: none of them first. In each an index may have them
 * with the equality, or after the sort, where it looks at more entries.
 */
function formsOf(query: HotQuery): (readonly HotQuery[])[] {
  const choices = (query.optional ?? []).reduce<string[][]>(
    (found, field) => [...found, ...found.map((chosen) => [...chosen, field])],
    [[]],
  );
  return choices.map((chosen) => [
    { ...query, equality: [...query.equality, ...chosen] },
    ...(chosen.length === 0 ? [] : [{ ...query, range: [...(query.range ?? []), ...chosen] }]),
  ]);
}

/** True when some form of the query is served. */
export function servesSome(index: Index, query: HotQuery): boolean {
  return formsOf(query).some((form) => form.some((one) => serves(index, one)));
}

/**
 * The first form of a query that none of the indexes serves; undefined when all are served. One that names an `_id` is
 * served by the index that every collection has: there is one document, whatever else is compared.
 */
export function unserved(indexes: readonly Index[], query: HotQuery): HotQuery | undefined {
  if (query.equality.includes("_id")) return undefined;
  return formsOf(query).find((form) => !form.some((one) => indexes.some((index) => serves(index, one))))?.[0];
}

/**
 * Fields that a query reads and an index does not have, so that documents are fetched. On a sharded collection a shard
 * has to tell documents that have moved away, by the shard key; MongoDB's manual, "Covered Query", sharded collections.
 */
export function notCovered(index: Index, query: HotQuery, { key = {} }: Collection["sharding"]): string[] {
  const plain = fieldsOf(index.keys).filter((field) => typeof index.keys[field] === "number");
  const read = [
    ...(query.covered ?? []),
    ...query.equality,
    ...(query.optional ?? []),
    ...(query.range ?? []),
    ...(query.inDocument ?? []),
    ...fieldsOf(query.always ?? {}),
    ...fieldsOf(key),
  ];
  return [...new Set(read)].filter((field) => !plain.includes(field));
}

/** True when the filter does not name the shard: a range on the first field of a ranged key still does. */
export function asksEveryShard({ sharding }: Pick<Collection, "sharding">, query: HotQuery): boolean {
  if (sharding.key === undefined) return false;
  const [first = ""] = fieldsOf(sharding.key);
  const named =
    equalityOf(query).has(first) || (sharding.key[first] === 1 && (query.range ?? []).includes(first));
  return !named;
}

/** Why an index does not serve a query; undefined when it does. */
export function whyNot(index: Index, query: HotQuery): string | undefined {
  const { partialFilterExpression: partial } = index;
  if (partial !== undefined && !contains(query.always ?? {}, partial)) {
    return `it holds only ${JSON.stringify(partial)}, and the query does not always ask for that`;
  }
  if (query.special !== undefined || isSpecial(index)) return whyNotSpecial(index, query);

  const keys = Object.entries(index.keys);
  const known = equalityOf(query);
  let at = 0;
  while (at < keys.length && known.has(keys[at]?.[0] ?? "")) at++;
  const prefix = keys.slice(0, at).map(([field]) => field);
  const missing = query.equality.filter((field) => !prefix.includes(field) && !(field in (partial ?? {})));
  if (missing.length > 0) return `equality on ${missing.join(", ")} is not among its first fields`;

  const rest = keys.slice(at);
  const sort = query.sort ?? [];
  const follows = (flip: 1 | -1): boolean =>
    sort.every(
      ([field, direction], i) => rest[i]?.[0] === field && rest[i]?.[1] === ((direction * flip) as Direction),
    );
  if (!follows(1) && !follows(-1)) {
    return `the sort on ${sort.map(([field]) => field).join(", ")} does not come right after the equality`;
  }
  const after = new Set(rest.map(([field]) => field));
  const outside = (query.range ?? []).filter((field) => !after.has(field));
  if (outside.length > 0) return `the range on ${outside.join(", ")} is not in it`;
  const begins = at > 0 || sort.length > 0 || (query.range ?? []).includes(rest[0]?.[0] ?? "");
  return begins ? undefined : "it begins with a field the query does not filter";
}

function whyNotSpecial(index: Index, query: HotQuery): string | undefined {
  const { special } = query;
  const kinds = Object.entries(index.keys).filter(([, kind]) => kind === "text" || kind === "2dsphere");
  if (special === undefined) {
    // A hashed field serves equality on it alone.
    const [first] = Object.entries(index.keys);
    const whole = first?.[1] === "hashed" && query.equality.length === 1 && query.equality[0] === first[0];
    return whole && (query.sort ?? []).length === 0 && (query.range ?? []).length === 0
      ? undefined
      : "an index of its kind has no order";
  }
  const same = special.fields.every((field) =>
    kinds.some(([key, kind]) => key === field && kind === special.kind),
  );
  if (!same) return `it has no ${special.kind} on ${special.fields.join(", ")}`;
  const known = equalityOf(query);
  const entries = Object.entries(index.keys);
  const before = entries.slice(
    0,
    entries.findIndex(([, kind]) => kind === special.kind),
  );
  const open = before.map(([field]) => field).filter((field) => !known.has(field));
  if (open.length > 0) return `the query does not give the ${open.join(", ")} before its ${special.kind}`;
  return (query.sort ?? []).length === 0
    ? undefined
    : `a ${special.kind} index does not give the order of a sort`;
}

/** The index that would serve a query, in the order equality, sort, range. */
export function wantedIndex({ equality, sort = [], range = [], special }: HotQuery): string {
  const keys: [string, IndexKind][] =
    special !== undefined
      ? special.fields.map((field) => [field, special.kind])
      : [
          ...equality.map((field): [string, IndexKind] => [field, 1]),
          ...sort.map(([field, direction]): [string, IndexKind] => [field, direction]),
          ...range
            .filter((field) => !sort.some(([sorted]) => sorted === field))
            .map((field): [string, IndexKind] => [field, 1]),
        ];
  return `Add ${JSON.stringify(Object.fromEntries(keys))}.`;
}

/** Fields of which a query names the value: compared with one, or always the same constant. */
function equalityOf({ equality, always = {} }: HotQuery): Set<string> {
  const constants = Object.entries(always).filter(([, value]) => typeof value !== "object" || value === null);
  return new Set([...equality, ...constants.map(([field]) => field)]);
}

export function contains(filter: Filter, part: Filter): boolean {
  return Object.entries(part).every(
    ([field, value]) => JSON.stringify(filter[field]) === JSON.stringify(value),
  );
}

function isSpecial(index: Index): boolean {
  return Object.values(index.keys).some((kind) => typeof kind !== "number");
}

/** True when `wider` can do all that `index` does. */
export function makesRedundant(wider: Index, index: Index): boolean {
  if (isSpecial(wider) || isSpecial(index)) return false;
  // A partial index beside a whole one may be there because it is small.
  if (JSON.stringify(wider.partialFilterExpression) !== JSON.stringify(index.partialFilterExpression))
    return false;
  const narrow = Object.entries(index.keys);
  const wide = Object.entries(wider.keys);
  if (narrow.length > wide.length) return false;
  // Of two alike one is redundant: the one that does not enforce anything, or the later one.
  if (narrow.length === wide.length && wider.unique !== true && wider.name > index.name) return false;
  const same = (flip: boolean): boolean =>
    narrow.every(([field, kind], i) => {
      const [wideField, wideKind] = wide[i] ?? [];
      return wideField === field && wideKind === (flip && typeof kind === "number" ? -kind : kind);
    });
  return same(false) || same(true);
}
