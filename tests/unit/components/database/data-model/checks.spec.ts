import assert from "node:assert/strict";

import { CATALOGUE } from "../../../../../components/database/data-model/catalogue";
import { dataModelProblems } from "../../../../../components/database/data-model/checks";
import type { Collection, HotQuery, Index } from "../../../../../components/database/data-model/collection";

/** A sound collection on one shard. A test breaks one thing. */
const notes: Collection = {
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
  sharding: { reason: "Small." },
  indexes: [{ name: "owner", keys: { ownerId: 1, updatedAt: -1 }, serves: ["of an owner"] }],
  queries: [{ name: "of an owner", why: "the list", equality: ["ownerId"], sort: [["updatedAt", -1]] }],
  pipelines: [],
};

const sharded: Collection = {
  ...notes,
  sharding: { key: { ownerId: 1, updatedAt: 1 }, reason: "Read by owner." },
  indexes: [...notes.indexes, { name: "shard_key", keys: { ownerId: 1, updatedAt: 1 }, serves: [] }],
};

/** What is said of a collection, as `subject message`. */
function said(collection: Collection): string[] {
  return dataModelProblems([collection]).map(({ subject, message }) => `"${subject}" ${message}`);
}

/** What is said of an index beside the sound ones; it serves nothing unless the test says so. */
function saidOfIndex(index: Partial<Index>, query?: HotQuery): string[] {
  const whole: Index = { name: "new", keys: { size: 1 }, serves: [], ...index };
  return said({
    ...notes,
    indexes: [...notes.indexes, whole],
    queries: [...notes.queries, ...(query === undefined ? [] : [query])],
  });
}

/** What is said of a query that one index claims to serve. */
function saidOfQuery(query: Partial<HotQuery>, index: Partial<Index>): string[] {
  const whole: HotQuery = { name: "q", why: "a test", equality: [], ...query };
  return said({
    ...notes,
    queries: [whole],
    indexes: [{ name: "i", keys: { size: 1 }, serves: ["q"], ...index }],
  });
}

describe("the catalogue of this platform", () => {
  it("is sound", () => {
    assert.deepEqual(dataModelProblems(CATALOGUE), []);
  });

  it("has the collections of the product, each with a reason for its shard key or for having none", () => {
    assert.deepEqual(
      CATALOGUE.map(({ name }) => name),
      [
        "users",
        "properties",
        "retrofitProjects",
        "contractors",
        "quotes",
        "messages",
        "documents",
        "sessions",
        "auditEvents",
        "sensorReadings",
      ],
    );
    for (const { holds, sharding, queries } of CATALOGUE) {
      assert.ok(holds.length > 10 && sharding.reason.length > 10 && queries.length > 0);
    }
  });

  it("becomes unsound when any index that serves a query is left out", () => {
    for (const collection of CATALOGUE) {
      for (const left of collection.indexes.filter(({ serves }) => serves.length > 0)) {
        const without = { ...collection, indexes: collection.indexes.filter((index) => index !== left) };
        assert.ok(said(without).length > 0, `${collection.name} without ${left.name}`);
      }
    }
  });

  it("uses every kind of index that the product needs", () => {
    const indexes = CATALOGUE.flatMap((collection) => collection.indexes);
    const kinds = new Set(indexes.flatMap(({ keys }) => Object.values(keys)));
    assert.deepEqual(kinds, new Set([1, -1, "hashed", "text", "2dsphere"]));
    assert.ok(indexes.some(({ unique }) => unique === true));
    assert.ok(indexes.some(({ expireAfterSeconds }) => expireAfterSeconds !== undefined));
    assert.ok(indexes.some(({ partialFilterExpression }) => partialFilterExpression !== undefined));
    assert.ok(CATALOGUE.some(({ pipelines }) => pipelines.length > 0));
  });
});

describe("a hot query", () => {
  it("is served by an index that begins with its equality, in any order", () => {
    const equality = ["status", "ownerId"];
    assert.deepEqual(saidOfQuery({ equality }, { keys: { ownerId: 1, status: 1, size: 1 } }), []);
    assert.deepEqual(saidOfQuery({ equality }, { keys: { ownerId: 1, size: 1, status: 1 } }), [
      '"i" does not serve "q": equality on status is not among its first fields.',
      '"q" is served by no index. Add {"status":1,"ownerId":1}.',
    ]);
  });

  it("has its sort right after the equality, forwards or backwards", () => {
    const query: Partial<HotQuery> = {
      equality: ["ownerId"],
      sort: [
        ["updatedAt", -1],
        ["size", 1],
      ],
    };
    assert.deepEqual(saidOfQuery(query, { keys: { ownerId: 1, updatedAt: -1, size: 1 } }), []);
    assert.deepEqual(saidOfQuery(query, { keys: { ownerId: 1, updatedAt: 1, size: -1 } }), []);
    for (const keys of [
      { ownerId: 1, updatedAt: 1, size: 1 },
      { ownerId: 1, size: 1, updatedAt: -1 },
      { ownerId: 1, status: 1, updatedAt: -1, size: 1 },
    ] as readonly Index["keys"][]) {
      assert.deepEqual(saidOfQuery(query, { keys }), [
        '"i" does not serve "q": the sort on updatedAt, size does not come right after the equality.',
        '"q" is served by no index. Add {"ownerId":1,"updatedAt":-1,"size":1}.',
      ]);
    }
  });

  it("has its ranges after the sort, for a range before it makes the server sort in memory", () => {
    const query: Partial<HotQuery> = { equality: ["ownerId"], sort: [["updatedAt", -1]], range: ["size"] };
    assert.deepEqual(saidOfQuery(query, { keys: { ownerId: 1, updatedAt: -1, size: 1 } }), []);
    assert.match(
      saidOfQuery(query, { keys: { ownerId: 1, size: 1, updatedAt: -1 } }).join(),
      /the sort on updatedAt does not come right after the equality/,
    );
    assert.deepEqual(saidOfQuery(query, { keys: { ownerId: 1, updatedAt: -1 } }), [
      '"i" does not serve "q": the range on size is not in it.',
      '"q" is served by no index. Add {"ownerId":1,"updatedAt":-1,"size":1}.',
    ]);
  });

  it("with a range only is served by an index that begins with it", () => {
    assert.deepEqual(saidOfQuery({ range: ["size"] }, { keys: { size: 1 } }), []);
    assert.match(
      saidOfQuery({ range: ["size"] }, { keys: { ownerId: 1, size: 1 } }).join(),
      /it begins with a field the query does not filter/,
    );
  });

  it("is served by a partial index only when it always asks for what that holds", () => {
    const partialFilterExpression = { status: "open" };
    const keys = { ownerId: 1 } as const;
    const always = { status: "open" };
    assert.deepEqual(saidOfQuery({ equality: ["ownerId"], always }, { keys, partialFilterExpression }), []);
    assert.match(
      saidOfQuery({ equality: ["ownerId", "status"] }, { keys, partialFilterExpression }).join(),
      /it holds only \{"status":"open"\}, and the query does not always ask for that/,
    );
  });

  it("may leave constants to the front of a whole index", () => {
    const query = { equality: ["ownerId"], always: { status: "open" } };
    assert.deepEqual(saidOfQuery(query, { keys: { status: 1, ownerId: 1 } }), []);
  });

  it("on text or places is served by an index of that kind, after what the query gives", () => {
    const near: Partial<HotQuery> = { special: { kind: "2dsphere", fields: ["place"] } };
    assert.deepEqual(saidOfQuery(near, { keys: { place: "2dsphere" } }), []);
    const words: Partial<HotQuery> = { special: { kind: "text", fields: ["text"] } };
    assert.deepEqual(saidOfQuery(words, { keys: { text: "text" } }), []);
    assert.match(saidOfQuery(words, { keys: { text: 1 } }).join(), /it has no text on text/);
    assert.match(
      saidOfQuery(words, { keys: { ownerId: 1, text: "text" } }).join(),
      /the query does not give the ownerId before its text/,
    );
    assert.deepEqual(
      saidOfQuery({ ...words, equality: ["ownerId"] }, { keys: { ownerId: 1, text: "text" } }),
      [],
    );
    assert.match(
      saidOfQuery({ ...words, sort: [["size", 1]] }, { keys: { text: "text", size: 1 } }).join(),
      /a text index does not give the order of a sort/,
    );
  });

  it("is served by a hashed index only as equality on that field alone", () => {
    assert.deepEqual(saidOfQuery({ equality: ["ownerId"] }, { keys: { ownerId: "hashed" } }), []);
    assert.match(
      saidOfQuery({ equality: ["ownerId"], sort: [["size", 1]] }, { keys: { ownerId: "hashed" } }).join(),
      /an index of its kind has no order/,
    );
  });

  it("has to be claimed by the index that serves it", () => {
    assert.deepEqual(said({ ...notes, indexes: [{ ...notes.indexes[0], serves: [] } as unknown as Index] }), [
      '"owner" serves no query and enforces nothing; every write pays for it.',
      '"of an owner" is served by "owner", which does not say so; add it to its serves.',
    ]);
    assert.deepEqual(saidOfIndex({ serves: ["of nobody"] }), [
      '"new" serves "of nobody", which is no query of the collection.',
    ]);
  });
});

describe("an index", () => {
  it("is redundant when another begins with the same fields, forwards or backwards", () => {
    const query: HotQuery = { name: "q", why: "a test", equality: ["ownerId"] };
    assert.deepEqual(saidOfIndex({ keys: { ownerId: 1 }, serves: ["q"] }, query), [
      '"new" is redundant: "owner" begins with the same fields.',
    ]);
    assert.match(saidOfIndex({ keys: { ownerId: -1 }, serves: ["q"] }, query).join(), /"new" is redundant/);
    assert.deepEqual(saidOfIndex({ keys: { ownerId: 1 }, unique: true, serves: ["q"] }, query), []);
  });

  it("is not redundant beside a partial one, which does not hold everything", () => {
    const query: HotQuery = { name: "q", why: "a test", equality: ["status"] };
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
      dataModelProblems([notes, notes]).map(({ message }) => message),
      ["is in the catalogue twice."],
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
    const bySize: HotQuery = { name: "by size", why: "a test", equality: ["size"] };
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
