/** A sound collection of which a test breaks one thing, and what the checks say of it then. */
import { dataModelIssues } from "../../../../../budget/database/data-model/checks";
import type { Collection, HotQuery, Index } from "../../../../../budget/database/data-model/collection";

/** A sound collection on one shard. A test breaks one thing. */
export const notes: Collection = {
  name: "notes",
  holds: "Notes.",
  fields: {
    _id: "objectId",
    ownerId: "objectId",
    status: "string",
    tags: "string[]",
    parts: "object[]",
    place: "point",
    text: "string",
    updatedAt: "date",
    size: "number",
  },
  size: { shareOfData: 1, documentBytes: 500, activeShare: 0.1 },
  writes: 1,
  sharding: { reason: "Small." },
  indexes: [{ name: "owner", keys: { ownerId: 1, updatedAt: -1 }, serves: ["of an owner"] }],
  queries: [
    {
      name: "of an owner",
      why: "the list",
      frequency: 1,
      limit: 10,
      equality: ["ownerId"],
      sort: [["updatedAt", -1]],
    },
  ],
  pipelines: [],
};

export const sharded: Collection = {
  ...notes,
  sharding: { key: { ownerId: 1, updatedAt: 1 }, reason: "Read by owner." },
  indexes: [...notes.indexes, { name: "shard_key", keys: { ownerId: 1, updatedAt: 1 }, serves: [] }],
};

/** What is said of a collection. */
export function said(collection: Collection): string[] {
  return dataModelIssues([collection]).map(({ fix }) => fix);
}

/** What is said of an index beside the sound ones; it serves nothing unless the test says so. */
export function saidOfIndex(index: Partial<Index>, query?: HotQuery): string[] {
  const whole: Index = { name: "new", keys: { size: 1 }, serves: [], ...index };
  return said({
    ...notes,
    indexes: [...notes.indexes, whole],
    queries: [...notes.queries, ...(query === undefined ? [] : [query])],
  });
}

/** What is said of a query that one index claims to serve. */
export function saidOfQuery(query: Partial<HotQuery>, index: Partial<Index>): string[] {
  const whole: HotQuery = { name: "q", why: "a test", frequency: 1, limit: 10, equality: [], ...query };
  return said({
    ...notes,
    queries: [whole],
    indexes: [{ name: "i", keys: { size: 1 }, serves: ["q"], ...index }],
  });
}
