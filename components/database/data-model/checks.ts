/** What is wrong with a catalogue: slow queries, useless indexes, rules of sharding. Pure; an empty list means sound. */
import {
  fieldsOf,
  type Collection,
  type Direction,
  type Filter,
  type HotQuery,
  type Index,
  type IndexKind,
} from "./collection";

/** One mistake of a catalogue. */
export interface DataModelProblem {
  readonly collection: string;
  /** Name of the index or query, "shard key", or a pipeline's name. */
  readonly subject: string;
  /** What is wrong and what to do, as a sentence. */
  readonly message: string;
}

/** MongoDB's limits: indexes of a collection, fields of a compound index. */
const MOST_INDEXES = 64;
const MOST_INDEX_FIELDS = 32;

/** Every mistake of every collection. */
export function dataModelProblems(catalogue: readonly Collection[]): DataModelProblem[] {
  const names = catalogue.map(({ name }) => name);
  return [
    ...duplicates(names).map((name) => ({
      collection: name,
      subject: name,
      message: "is in the catalogue twice.",
    })),
    ...catalogue.flatMap(collectionProblems),
  ];
}

function collectionProblems(collection: Collection): DataModelProblem[] {
  const messages: (readonly [subject: string, message: string])[] = [
    ...fieldProblems(collection),
    ...nameProblems(collection),
    ...collection.indexes.flatMap((index) => indexProblems(collection, index)),
    ...collection.queries.flatMap((query) => queryProblems(collection, query)),
    ...shardKeyProblems(collection),
    ...pipelineProblems(collection),
  ];
  return messages.map(([subject, message]) => ({ collection: collection.name, subject, message }));
}

type Found = readonly (readonly [subject: string, message: string])[];

function fieldProblems({ fields, indexes, queries, sharding }: Collection): Found {
  const known = (field: string): boolean =>
    field.split(".")[0] !== undefined && (field.split(".")[0] ?? "") in fields;
  const used: [string, string][] = [
    ...indexes.flatMap(({ name, keys }) => fieldsOf(keys).map((field): [string, string] => [name, field])),
    ...queries.flatMap((query) => fieldsOfQuery(query).map((field): [string, string] => [query.name, field])),
    ...fieldsOf(sharding.key ?? {}).map((field): [string, string] => ["shard key", field]),
  ];
  return used
    .filter(([, field]) => !known(field))
    .map(([subject, field]) => [
      subject,
      `names the field "${field}", which the collection does not have: ${Object.keys(fields).join(", ")}.`,
    ]);
}

function nameProblems({ indexes, queries }: Collection): Found {
  const found: [string, string][] = [
    ...duplicates(indexes.map(({ name }) => name)).map((name): [string, string] => [
      name,
      "is the name of two indexes.",
    ]),
    ...duplicates(queries.map(({ name }) => name)).map((name): [string, string] => [
      name,
      "is the name of two queries.",
    ]),
  ];
  if (indexes.length > MOST_INDEXES - 1) {
    found.push(["indexes", `are ${indexes.length}; MongoDB allows ${MOST_INDEXES} with the one on _id.`]);
  }
  const texts = indexes.filter(isText);
  if (texts.length > 1) {
    found.push([texts.map(({ name }) => name).join(", "), "are text indexes; a collection can have one."]);
  }
  return found;
}

function indexProblems(collection: Collection, index: Index): Found {
  const { fields, indexes, queries } = collection;
  const found: [string, string][] = [];
  const say = (message: string): void => {
    found.push([index.name, message]);
  };
  const keys = fieldsOf(index.keys);
  if (keys.length > MOST_INDEX_FIELDS) say(`has ${keys.length} fields; MongoDB allows ${MOST_INDEX_FIELDS}.`);
  const arrays = keys.filter((field) => fields[field]?.endsWith("[]"));
  if (arrays.length > 1) say(`has two arrays, ${arrays.join(" and ")}; an index can hold one.`);

  if (index.expireAfterSeconds !== undefined) {
    const [field = ""] = keys;
    if (keys.length !== 1)
      say("is a TTL index with several fields; MongoDB ignores the TTL of compound indexes.");
    if (fields[field] !== "date")
      say(`is a TTL index on "${field}", which is no date; nothing would ever expire.`);
    if (index.expireAfterSeconds < 0) say("has a negative expireAfterSeconds.");
  }
  if (index.unique === true && Object.values(index.keys).includes("hashed")) {
    say("is unique and hashed; MongoDB cannot enforce that.");
  }

  for (const name of index.serves) {
    const query = queries.find((candidate) => candidate.name === name);
    if (query === undefined) say(`serves "${name}", which is no query of the collection.`);
    else if (!serves(index, query)) say(`does not serve "${name}": ${whyNot(index, query)}.`);
  }
  const enforces =
    index.unique === true || index.expireAfterSeconds !== undefined || isShardKeyIndex(collection, index);
  if (index.serves.length === 0 && !enforces)
    say("serves no query and enforces nothing; every write pays for it.");

  const wider = indexes.find((other) => other !== index && makesRedundant(other, index));
  if (wider !== undefined && !enforces) say(`is redundant: "${wider.name}" begins with the same fields.`);
  return found;
}

/** True when `wider` can do all that `index` does. */
function makesRedundant(wider: Index, index: Index): boolean {
  if (isSpecial(wider) || isSpecial(index)) return false;
  if (wider.partialFilterExpression !== undefined) return false;
  const narrow = Object.entries(index.keys);
  const wide = Object.entries(wider.keys);
  if (narrow.length > wide.length || (narrow.length === wide.length && wider.name > index.name)) return false;
  const same = (flip: boolean): boolean =>
    narrow.every(([field, kind], i) => {
      const [wideField, wideKind] = wide[i] ?? [];
      return wideField === field && wideKind === (flip && typeof kind === "number" ? -kind : kind);
    });
  return same(false) || same(true);
}

function queryProblems(collection: Collection, query: HotQuery): Found {
  const found: [string, string][] = [];
  const claimed = collection.indexes.filter((index) => index.serves.includes(query.name));
  if (!claimed.some((index) => serves(index, query))) {
    const able = collection.indexes.find((index) => serves(index, query));
    found.push([
      query.name,
      able === undefined
        ? `is served by no index. ${wantedIndex(query)}`
        : `is served by "${able.name}", which does not say so; add it to its serves.`,
    ]);
  }
  const { sharding } = collection;
  if (sharding.key !== undefined) {
    // A range on the first field of a ranged key still names some shards, a hash of a range does not.
    const [first = ""] = fieldsOf(sharding.key);
    const targeted =
      query.equality.includes(first) || (sharding.key[first] === 1 && (query.range ?? []).includes(first));
    if (!targeted && query.asksEveryShard === undefined) {
      found.push([
        query.name,
        `asks every shard, for its filter does not contain "${first}"; choose another shard key, or say why in asksEveryShard.`,
      ]);
    }
    if (targeted && query.asksEveryShard !== undefined) {
      found.push([query.name, "gives a reason for asking every shard, and does not."]);
    }
  } else if (query.asksEveryShard !== undefined) {
    found.push([query.name, "gives a reason for asking every shard, and the collection is on one."]);
  }
  return found;
}

function shardKeyProblems(collection: Collection): Found {
  const { sharding, indexes } = collection;
  if (sharding.key === undefined) return [];
  const found: [string, string][] = [];
  const keys = fieldsOf(sharding.key);
  if (!indexes.some((index) => isShardKeyIndex(collection, index))) {
    found.push(["shard key", `has no index; add one that begins with ${JSON.stringify(sharding.key)}.`]);
  }
  for (const index of indexes.filter(({ unique }) => unique === true)) {
    const prefix = fieldsOf(index.keys).slice(0, keys.length);
    if (prefix.join() !== keys.join() || Object.values(sharding.key).includes("hashed")) {
      found.push([
        index.name,
        `is unique, and on a sharded collection that takes the ranged shard key ${JSON.stringify(sharding.key)} as its first fields.`,
      ]);
    }
  }
  if (Object.values(sharding.key).filter((kind) => kind === "hashed").length > 1) {
    found.push(["shard key", "hashes two fields; MongoDB allows one."]);
  }
  const array = keys.find((field) => collection.fields[field]?.endsWith("[]"));
  if (array !== undefined) found.push(["shard key", `contains "${array}", an array.`]);
  const [first = ""] = keys;
  if (collection.fields[first] === "date" && sharding.key[first] === 1) {
    found.push(["shard key", `begins with the date "${first}": every new document goes to the same shard.`]);
  }
  return found;
}

/** A pipeline begins with $match on what its hot query filters, so that the query's index serves it. */
function pipelineProblems({ pipelines, queries }: Collection): Found {
  return pipelines.flatMap(({ name, startsAs, stages }): Found => {
    const query = queries.find((candidate) => candidate.name === startsAs);
    if (query === undefined) return [[name, `starts as "${startsAs}", which is no query of the collection.`]];
    const match = stages[0]?.["$match"];
    if (typeof match !== "object" || match === null)
      return [[name, "does not begin with $match, so it reads everything."]];
    const missing = [...query.equality, ...Object.keys(query.always ?? {})].filter(
      (field) => !(field in match),
    );
    return missing.length === 0
      ? []
      : [[name, `does not match ${missing.join(", ")}, which "${startsAs}" filters by.`]];
  });
}

/** True when an index serves a query by its prefix: equality in any order, then the sort, then ranges. */
export function serves(index: Index, query: HotQuery): boolean {
  return whyNot(index, query) === undefined;
}

/** Why an index does not serve a query; undefined when it does. */
function whyNot(index: Index, query: HotQuery): string | undefined {
  const { partialFilterExpression: partial } = index;
  if (partial !== undefined && !contains(query.always ?? {}, partial)) {
    return `it holds only ${JSON.stringify(partial)}, and the query does not always ask for that`;
  }
  if (query.special !== undefined || isSpecial(index)) return whyNotSpecial(index, query);

  const keys = Object.entries(index.keys);
  const equality = new Set(query.equality.filter((field) => !(field in (partial ?? {}))));
  let at = 0;
  while (at < keys.length && equality.delete(keys[at]?.[0] ?? "")) at++;
  if (equality.size > 0) return `equality on ${[...equality].join(", ")} is not among its first fields`;

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
  if (query.equality.length === 0 && sort.length === 0) {
    const [first = ""] = rest.map(([field]) => field);
    if (!(query.range ?? []).includes(first)) return "it begins with a field the query does not filter";
  }
  return undefined;
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
  return same ? undefined : `it has no ${special.kind} on ${special.fields.join(", ")}`;
}

/** The index that would serve a query, in the order equality, sort, range. */
function wantedIndex({ equality, sort = [], range = [], special }: HotQuery): string {
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

function contains(filter: Filter, part: Filter): boolean {
  return Object.entries(part).every(
    ([field, value]) => JSON.stringify(filter[field]) === JSON.stringify(value),
  );
}

function isShardKeyIndex({ sharding }: Collection, index: Index): boolean {
  const wanted = Object.entries(sharding.key ?? {});
  const keys = Object.entries(index.keys);
  return (
    wanted.length > 0 &&
    index.partialFilterExpression === undefined &&
    wanted.every(([field, kind], i) => keys[i]?.[0] === field && keys[i]?.[1] === kind)
  );
}

function isText(index: Index): boolean {
  return Object.values(index.keys).includes("text");
}

function isSpecial(index: Index): boolean {
  return Object.values(index.keys).some((kind) => typeof kind !== "number");
}

function fieldsOfQuery({ equality, sort = [], range = [], special, always = {} }: HotQuery): string[] {
  return [
    ...equality,
    ...sort.map(([field]) => field),
    ...range,
    ...(special?.fields ?? []),
    ...Object.keys(always),
  ];
}

function duplicates(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}
