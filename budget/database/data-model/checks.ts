/** What is wrong with a catalogue: slow queries, useless indexes, rules of sharding. Pure; an empty list means sound. */
import { issue, type Issue } from "../../core/issues";
import { fieldsOf, type Collection, type Filter, type HotQuery, type Index } from "./collection";
import {
  asksEveryShard,
  contains,
  makesRedundant,
  notCovered,
  servesSome,
  unserved,
  wantedIndex,
  whyNot,
} from "./serving";

/** MongoDB's limits: indexes of a collection, fields of a compound index. */
const MOST_INDEXES = 64;
const MOST_INDEX_FIELDS = 32;

/** What is said of an index and of a shard key alike. */
const TWO_HASHED = "hashes two fields; MongoDB allows one.";

/** Longest TTL MongoDB takes, seconds: 68 years. */
const LONGEST_TTL_SECONDS = 2_147_483_647;

/** Operators that a partial index may filter by. `$exists` only as true. */
const PARTIAL_OPERATORS = ["$eq", "$gt", "$gte", "$lt", "$lte", "$in", "$type", "$exists"];

/** Everything that is wrong with every collection, by its name. */
export function dataModelIssues(catalogue: readonly Collection[]): Issue[] {
  const names = catalogue.map(({ name }) => name);
  return [
    ...duplicates(names).map((name) => catalogueIssue(name, name, "is in the catalogue twice.")),
    ...catalogue.flatMap((collection) =>
      collectionFaults(collection).map(([subject, message]) =>
        catalogueIssue(collection.name, subject, message),
      ),
    ),
  ];
}

/**
 * @param subject name of the index or query, "shard key", or a pipeline's name
 * @param message what is wrong and what to do, as the rest of a sentence
 */
function catalogueIssue(collection: string, subject: string, message: string): Issue {
  const allowed = "a catalogue that serves its own queries";
  return issue([collection], subject, { allowed, fix: `"${subject}" ${message}` });
}

function collectionFaults(collection: Collection): Found {
  return [
    ...fieldFaults(collection),
    ...nameFaults(collection),
    ...collection.indexes.flatMap((index) => indexFaults(collection, index)),
    ...collection.queries.flatMap((query) => queryFaults(collection, query)),
    ...shardKeyFaults(collection),
    ...pipelineFaults(collection),
  ];
}

type Found = readonly (readonly [subject: string, message: string])[];

function fieldFaults({ fields, indexes, queries, sharding }: Collection): Found {
  const used: (readonly [subject: string, field: string])[] = [
    ...indexes.flatMap(({ name, keys, partialFilterExpression = {}, weights = {} }) =>
      [keys, partialFilterExpression, weights].flatMap((named) =>
        fieldsOf(named).map((field) => [name, field] as const),
      ),
    ),
    ...queries.flatMap((query) => fieldsOfQuery(query).map((field) => [query.name, field] as const)),
    ...fieldsOf(sharding.key ?? {}).map((field) => ["shard key", field] as const),
  ];
  const unknown = used.filter(([, field]) => !((field.split(".")[0] ?? "") in fields));
  const once = new Map(unknown.map((pair) => [pair.join(), pair]));
  return [...once.values()].map(([subject, field]) => [
    subject,
    `names the field "${field}", which the collection does not have: ${Object.keys(fields).join(", ")}.`,
  ]);
}

function nameFaults({ indexes, queries }: Collection): Found {
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

function indexFaults(collection: Collection, index: Index): Found {
  const { fields, indexes, queries } = collection;
  const found: [string, string][] = [];
  const say = (message: string): void => {
    found.push([index.name, message]);
  };
  const keys = fieldsOf(index.keys);
  if (keys.length > MOST_INDEX_FIELDS) say(`has ${keys.length} fields; MongoDB allows ${MOST_INDEX_FIELDS}.`);
  const arrays = keys.filter((field) => isArray(collection, field));
  if (arrays.length > 1) say(`has two arrays, ${arrays.join(" and ")}; an index can hold one.`);
  const kinds = Object.values(index.keys);
  if (kinds.includes("hashed")) {
    if (index.unique === true) say("is unique and hashed; MongoDB cannot enforce that.");
    if (kinds.filter((kind) => kind === "hashed").length > 1) say(TWO_HASHED);
    if (arrays.length > 0) say(`hashes with the array ${arrays.join()}; MongoDB refuses such documents.`);
  }
  if (kinds.includes("text")) {
    if (kinds.includes("2dsphere") || kinds.includes("hashed"))
      say("mixes text with another kind; MongoDB refuses it.");
    if (keys.some((field) => index.keys[field] !== "text" && isArray(collection, field)))
      say("has an array beside its text; MongoDB refuses it.");
    if (index.unique === true) say("is unique and text; MongoDB cannot enforce that.");
  }
  for (const [field, kind] of Object.entries(index.keys)) {
    if (kind === "2dsphere" && fields[field] !== "point")
      say(`is 2dsphere on "${field}", which is no point.`);
  }
  for (const field of fieldsOf(index.weights ?? {})) {
    if (index.keys[field] !== "text") say(`weighs "${field}", which it does not hold as text.`);
  }
  if (keys.join() === "_id" && index.keys["_id"] === 1)
    say("is the index on _id, which every collection has.");
  for (const operator of partialOperators(index.partialFilterExpression ?? {})) {
    if (!PARTIAL_OPERATORS.includes(operator)) {
      say(
        `is partial by ${operator}; MongoDB takes ${PARTIAL_OPERATORS.join(", ")}, and $exists only as true.`,
      );
    }
  }

  const ttl = index.expireAfterSeconds;
  if (ttl !== undefined) {
    const [field = ""] = keys;
    if (keys.length !== 1)
      say("is a TTL index with several fields; MongoDB ignores the TTL of compound indexes.");
    if (fields[field] !== "date")
      say(`is a TTL index on "${field}", which is no date; nothing would ever expire.`);
    if (kinds.some((kind) => typeof kind !== "number"))
      say("is a TTL index without an order; nothing expires.");
    if (!Number.isInteger(ttl) || ttl < 0 || ttl > LONGEST_TTL_SECONDS)
      say(`expires after ${ttl} seconds; MongoDB takes whole ones from 0 to ${LONGEST_TTL_SECONDS}.`);
  }

  for (const name of index.serves) {
    const query = queries.find((candidate) => candidate.name === name);
    if (query === undefined) say(`serves "${name}", which is no query of the collection.`);
    else if (!servesSome(index, query)) say(`does not serve "${name}": ${whyNot(index, query)}.`);
  }
  const enforces =
    index.unique === true || index.expireAfterSeconds !== undefined || isShardKeyIndex(collection, index);
  if (index.serves.length === 0 && !enforces)
    say("serves no query and enforces nothing; every write pays for it.");

  const wider = indexes.find((other) => other !== index && makesRedundant(other, index));
  if (wider !== undefined && !enforces) say(`is redundant: "${wider.name}" begins with the same fields.`);
  return found;
}

function queryFaults(collection: Collection, query: HotQuery): Found {
  const found: [string, string][] = [];
  const say = (message: string): void => {
    found.push([query.name, message]);
  };
  const claimed = collection.indexes.filter((index) => index.serves.includes(query.name));
  const { length: choices } = query.optional ?? [];
  if (choices > MOST_OPTIONAL) {
    say(`may leave out ${choices} fields; allowed is ${MOST_OPTIONAL}. Split it by what is usually given.`);
    return found;
  }
  const open = unserved(claimed, query);
  if (open !== undefined) {
    const able = collection.indexes.find((index) => unserved([index], query) === undefined);
    if (able === undefined) {
      const without = query.optional === undefined ? "" : `, as ${open.equality.join(", ")}`;
      say(`is served by no index${without}. ${wantedIndex(open)}`);
    } else say(`is served by "${able.name}", which does not say so; add it to its serves.`);
  }
  for (const message of sizeFaults(query)) say(message);
  if (query.covered !== undefined) {
    const misses = claimed.map((index) => notCovered(index, query, collection.sharding));
    if (!misses.some((missing) => missing.length === 0)) {
      say(`is not covered: its index does not have ${(misses[0] ?? query.covered).join(", ")}.`);
    }
    const array = query.covered.find((field) => isArray(collection, field));
    if (array !== undefined) say(`is not covered: "${array}" is an array, and MongoDB fetches the document.`);
  }
  const { key } = collection.sharding;
  const [first = ""] = fieldsOf(key ?? {});
  const everywhere = asksEveryShard(collection, query);
  if (everywhere && query.asksEveryShard === undefined) {
    say(
      `asks every shard, for its filter does not contain "${first}"; choose another shard key, or say why in asksEveryShard.`,
    );
  }
  if (!everywhere && query.asksEveryShard !== undefined) {
    say(
      key === undefined
        ? "gives a reason for asking every shard, and the collection is on one."
        : "gives a reason for asking every shard, and does not.",
    );
  }
  return found;
}

/** Fields that a query may leave out: twice as many forms with each. */
const MOST_OPTIONAL = 6;

/** What a query within the budget returns and looks at, at most. */
const MOST_RETURNED = 1000;
const MOST_EXAMINED = 10_000;

function sizeFaults({ frequency, limit, examines = limit, inDocument = [] }: HotQuery): string[] {
  const faults: string[] = [];
  if (!(Number.isFinite(frequency) && frequency >= 0))
    faults.push(`is asked ${frequency} times; allowed is 0 or more.`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_RETURNED) {
    faults.push(
      `returns up to ${limit} documents; allowed is 1 to ${MOST_RETURNED}. Give it a limit, or pages.`,
    );
  }
  if (!Number.isInteger(examines) || examines > MOST_EXAMINED) {
    faults.push(`examines up to ${examines} entries; allowed is ${MOST_EXAMINED}. Filter more by an index.`);
  }
  if (inDocument.length > 0 && examines <= limit) {
    faults.push(`compares ${inDocument.join(", ")} in documents; say in examines how many it looks at.`);
  }
  return faults;
}

function shardKeyFaults(collection: Collection): Found {
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
    found.push(["shard key", TWO_HASHED]);
  }
  const array = keys.find((field) => isArray(collection, field));
  if (array !== undefined) found.push(["shard key", `contains "${array}", an array.`]);
  const [first = ""] = keys;
  const grows =
    collection.fields[first] === "date" || (first === "_id" && collection.fields[first] === "objectId");
  if (grows && sharding.key[first] === 1) {
    found.push([
      "shard key",
      `begins with "${first}", which grows with time: every new document goes to the same shard.`,
    ]);
  }
  return found;
}

/** A pipeline begins with $match on what its hot query filters, so that the query's index serves it. */
function pipelineFaults({ pipelines, queries }: Collection): Found {
  return pipelines.flatMap(({ name, startsAs, stages }): Found => {
    const query = queries.find((candidate) => candidate.name === startsAs);
    if (query === undefined) return [[name, `starts as "${startsAs}", which is no query of the collection.`]];
    const match = stages[0]?.["$match"];
    if (typeof match !== "object" || match === null)
      return [[name, "does not begin with $match, so it reads everything."]];
    const filter = match as Filter;
    const missing = [...query.equality, ...fieldsOf(query.always ?? {})].filter(
      (field) => !(field in filter),
    );
    const different = fieldsOf(query.always ?? {}).filter(
      (field) => field in filter && !contains(filter, { [field]: query.always?.[field] }),
    );
    return [
      ...(missing.length === 0
        ? []
        : [[name, `does not match ${missing.join(", ")}, which "${startsAs}" filters by.`] as const]),
      ...different.map(
        (field) => [name, `matches another ${field} than "${startsAs}" always does.`] as const,
      ),
    ];
  });
}

/** Operators of a partial filter; a constant is `$eq`, and `$exists: false` is none that MongoDB takes. */
function partialOperators(filter: Filter): string[] {
  return Object.values(filter).flatMap((condition) => {
    if (typeof condition !== "object" || condition === null) return ["$eq"];
    return Object.entries(condition).map(([operator, value]) =>
      operator === "$exists" && value !== true ? "$exists: false" : operator,
    );
  });
}

function isArray({ fields }: Collection, field: string): boolean {
  return fields[field]?.endsWith("[]") ?? false;
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

function fieldsOfQuery(query: HotQuery): string[] {
  const { equality, sort = [], range = [], special, always = {} } = query;
  return [
    ...equality,
    ...(query.optional ?? []),
    ...(query.inDocument ?? []),
    ...(query.covered ?? []),
    ...sort.map(([field]) => field),
    ...range,
    ...(special?.fields ?? []),
    ...Object.keys(always),
  ];
}

function duplicates(names: readonly string[]): string[] {
  return names.filter((name, i) => names.indexOf(name) !== i);
}
