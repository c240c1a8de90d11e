import assert from "node:assert/strict";

import { dataModelIssues } from "../../../../../budget/database/data-model/checks";
import type { Collection, HotQuery, Index } from "../../../../../budget/database/data-model/collection";
import { notes, said, saidOfIndex, sharded } from "./broken-collection";

describe("an index", () => {
  it("is redundant when another begins with the same fields, forwards or backwards", () => {
    const query: HotQuery = { name: "q", why: "a test", frequency: 1, limit: 10, equality: ["ownerId"] };
    assert.deepEqual(saidOfIndex({ keys: { ownerId: 1 }, serves: ["q"] }, query), [
      '"new" is redundant: "owner" begins with the same fields.',
    ]);
    assert.match(saidOfIndex({ keys: { ownerId: -1 }, serves: ["q"] }, query).join(), /"new" is redundant/);
    assert.deepEqual(saidOfIndex({ keys: { ownerId: 1 }, unique: true, serves: ["q"] }, query), []);
  });

  it("is not redundant beside a partial one, which does not hold everything", () => {
    const query: HotQuery = { name: "q", why: "a test", frequency: 1, limit: 10, equality: ["status"] };
    const partial: Index = {
      name: "partial",
      keys: { status: 1, size: 1 },
      serves: ["p"],
      partialFilterExpression: { size: 1 },
    };
    const asking: HotQuery = { ...query, name: "p", always: { size: 1 } };
    const whole: Index = { name: "whole", keys: { status: 1 }, serves: ["q"] };
    assert.deepEqual(said({ ...notes, queries: [query, asking], indexes: [whole, partial] }), []);
  });

  it("serves a query or enforces something", () => {
    assert.deepEqual(saidOfIndex({}), [
      '"new" serves no query and enforces nothing; every write pays for it.',
    ]);
    assert.deepEqual(saidOfIndex({ unique: true }), []);
    assert.deepEqual(saidOfIndex({ keys: { updatedAt: 1 }, expireAfterSeconds: 60 }), []);
  });

  it("expires documents by one field that is a date", () => {
    assert.deepEqual(saidOfIndex({ keys: { size: 1 }, expireAfterSeconds: 60 }), [
      '"new" is a TTL index on "size", which is no date; nothing would ever expire.',
    ]);
    assert.match(
      saidOfIndex({ keys: { updatedAt: 1, size: 1 }, expireAfterSeconds: 60 }).join(),
      /is a TTL index with several fields; MongoDB ignores the TTL of compound indexes\./,
    );
    for (const expireAfterSeconds of [-1, 1.5, 2_147_483_648]) {
      assert.match(
        saidOfIndex({ keys: { updatedAt: 1 }, expireAfterSeconds }).join(),
        /MongoDB takes whole ones from 0 to 2147483647/,
      );
    }
    assert.match(
      saidOfIndex({ keys: { updatedAt: "hashed" }, expireAfterSeconds: 60 }).join(),
      /is a TTL index without an order/,
    );
  });

  for (const [index, message] of [
    [{ keys: { tags: 1, parts: 1 }, unique: true }, "has two arrays, tags and parts; an index can hold one."],
    [{ keys: { size: "hashed" }, unique: true }, "is unique and hashed; MongoDB cannot enforce that."],
    [{ keys: { size: "hashed", ownerId: "hashed" } }, "hashes two fields; MongoDB allows one."],
    [{ keys: { tags: "hashed" } }, "hashes with the array tags; MongoDB refuses such documents."],
    [{ keys: { text: "text" }, unique: true }, "is unique and text; MongoDB cannot enforce that."],
    [{ keys: { text: "text", place: "2dsphere" } }, "mixes text with another kind; MongoDB refuses it."],
    [{ keys: { tags: 1, text: "text" } }, "has an array beside its text; MongoDB refuses it."],
    [{ keys: { size: "2dsphere" } }, 'is 2dsphere on "size", which is no point.'],
    [{ keys: { text: "text" }, weights: { status: 3 } }, 'weighs "status", which it does not hold as text.'],
    [{ keys: { _id: 1 }, unique: true }, "is the index on _id, which every collection has."],
    [
      { keys: { size: 1 }, unique: true, partialFilterExpression: { status: { $ne: "closed" } } },
      "is partial by $ne; MongoDB takes $eq, $gt, $gte, $lt, $lte, $in, $type, $exists, and $exists only as true.",
    ],
    [
      { keys: { size: 1 }, unique: true, partialFilterExpression: { status: { $exists: false } } },
      "is partial by $exists: false; MongoDB takes $eq, $gt, $gte, $lt, $lte, $in, $type, $exists, and $exists only as true.",
    ],
    [
      { keys: { colour: 1 }, unique: true },
      'names the field "colour", which the collection does not have: _id, ownerId, status, tags, parts, place, text, updatedAt, size.',
    ],
    [
      { keys: { size: 1 }, unique: true, partialFilterExpression: { colour: 1 } },
      'names the field "colour", which the collection does not have: _id, ownerId, status, tags, parts, place, text, updatedAt, size.',
    ],
  ] as const) {
    it(`${JSON.stringify(index)} ${message}`, () => {
      assert.ok(saidOfIndex(index).includes(`"new" ${message}`));
    });
  }

  it("is one of 63 at most, of 32 fields at most, and the only text index of its collection", () => {
    const many = Array.from({ length: 64 }, (_, i): Index => ({
      name: `i${i}`,
      keys: { [`parts.f${i}`]: 1 },
      unique: true,
      serves: [],
    }));
    assert.deepEqual(said({ ...notes, queries: [], indexes: many }), [
      '"indexes" are 64; MongoDB allows 64 with the one on _id.',
    ]);
    const keys = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`place.f${i}`, 1 as const]));
    assert.deepEqual(saidOfIndex({ keys, unique: true }), ['"new" has 33 fields; MongoDB allows 32.']);
    const texts = ["a", "b"].map((name): Index => ({ name, keys: { text: "text" }, serves: ["words"] }));
    const words: HotQuery = {
      name: "words",
      why: "a test",
      frequency: 1,
      limit: 10,
      equality: [],
      special: { kind: "text", fields: ["text"] },
    };
    assert.deepEqual(said({ ...notes, queries: [words], indexes: texts }), [
      '"a, b" are text indexes; a collection can have one.',
    ]);
  });

  it("has a name of its own, as queries and collections have", () => {
    const [index] = notes.indexes as [Index];
    const [query] = notes.queries as [HotQuery];
    const twice = said({
      ...notes,
      indexes: [index, { ...index, keys: { size: 1 }, serves: [], unique: true }],
    });
    assert.deepEqual(twice, ['"owner" is the name of two indexes.']);
    assert.deepEqual(said({ ...notes, queries: [query, query] }), [
      '"of an owner" is the name of two queries.',
    ]);
    assert.deepEqual(
      dataModelIssues([notes, notes]).map(({ path, fix }) => [path, fix]),
      [[["notes"], '"notes" is in the catalogue twice.']],
    );
  });
});

describe("a shard key", () => {
  it("has an index, and is the beginning of every unique one", () => {
    assert.deepEqual(said(sharded), []);
    assert.match(
      said({ ...sharded, indexes: notes.indexes }).join(),
      /"shard key" has no index; add one that begins with \{"ownerId":1,"updatedAt":1\}\./,
    );
    const unique: Index = { name: "u", keys: { size: 1 }, unique: true, serves: [] };
    assert.deepEqual(said({ ...sharded, indexes: [...sharded.indexes, unique] }), [
      '"u" is unique, and on a sharded collection that takes the ranged shard key {"ownerId":1,"updatedAt":1} as its first fields.',
    ]);
    const prefixed: Index = { ...unique, keys: { ownerId: 1, updatedAt: 1, size: 1 } };
    assert.deepEqual(said({ ...sharded, indexes: [...notes.indexes, prefixed] }), []);
  });

  it("that is hashed allows no unique index at all", () => {
    const hashed: Collection = {
      ...notes,
      sharding: { key: { ownerId: "hashed" }, reason: "Read by owner." },
      indexes: [...notes.indexes, { name: "shard_key", keys: { ownerId: "hashed" }, serves: [] }],
    };
    assert.deepEqual(said(hashed), []);
    const unique: Index = { name: "u", keys: { ownerId: 1, size: 1 }, unique: true, serves: [] };
    assert.match(said({ ...hashed, indexes: [...hashed.indexes, unique] }).join(), /"u" is unique, and on a/);
  });

  it("does not grow with time, is no array, and hashes one field", () => {
    const keyed = (key: Record<string, 1 | "hashed">): string =>
      said({ ...notes, sharding: { key, reason: "A test." } }).join("\n");
    for (const first of ["updatedAt", "_id"]) {
      assert.match(
        keyed({ [first]: 1 }),
        new RegExp(`"shard key" begins with "${first}", which grows with time: every new document goes`),
      );
    }
    assert.doesNotMatch(keyed({ _id: "hashed" }), /grows with time/);
    assert.match(keyed({ tags: 1 }), /"shard key" contains "tags", an array\./);
    assert.match(keyed({ ownerId: "hashed", size: "hashed" }), /"shard key" hashes two fields/);
    assert.match(keyed({ colour: 1 }), /"shard key" names the field "colour"/);
  });

  it("is in every hot query, or the query says why it asks every shard", () => {
    const bySize: HotQuery = { name: "by size", why: "a test", frequency: 1, limit: 10, equality: ["size"] };
    const index: Index = { name: "size", keys: { size: 1 }, serves: ["by size"] };
    const asking = (query: HotQuery): string[] =>
      said({ ...sharded, indexes: [...sharded.indexes, index], queries: [...sharded.queries, query] });
    assert.deepEqual(asking(bySize), [
      '"by size" asks every shard, for its filter does not contain "ownerId"; choose another shard key, or say why in asksEveryShard.',
    ]);
    assert.deepEqual(asking({ ...bySize, asksEveryShard: "Once a day." }), []);
    const [ofOwner] = notes.queries as [HotQuery];
    const reason = { ...ofOwner, asksEveryShard: "No reason." };
    assert.deepEqual(said({ ...sharded, queries: [reason] }), [
      '"of an owner" gives a reason for asking every shard, and does not.',
    ]);
    assert.deepEqual(said({ ...notes, queries: [reason] }), [
      '"of an owner" gives a reason for asking every shard, and the collection is on one.',
    ]);
  });
});

describe("a pipeline", () => {
  const [ofOwner] = notes.queries as [HotQuery];
  const always = { status: "open" };
  const withPipeline = (startsAs: string, ...stages: Record<string, unknown>[]): string[] =>
    said({
      ...notes,
      queries: [{ ...ofOwner, always }],
      pipelines: [{ name: "p", startsAs, stages }],
    });

  it("begins with a $match on what its query filters by", () => {
    const match = { $match: { ownerId: "$$ownerId", status: "open" } };
    assert.deepEqual(withPipeline("of an owner", match, { $count: "notes" }), []);
    assert.deepEqual(withPipeline("of an owner", { $count: "notes" }), [
      '"p" does not begin with $match, so it reads everything.',
    ]);
    assert.deepEqual(withPipeline("of an owner", { $match: { status: "open" } }), [
      '"p" does not match ownerId, which "of an owner" filters by.',
    ]);
    assert.deepEqual(withPipeline("of an owner", { $match: { ownerId: "$$ownerId", status: "closed" } }), [
      '"p" matches another status than "of an owner" always does.',
    ]);
    assert.deepEqual(withPipeline("of nobody", match), [
      '"p" starts as "of nobody", which is no query of the collection.',
    ]);
  });
});
