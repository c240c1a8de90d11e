import assert from "node:assert/strict";

import type { HotQuery, Index } from "../../../../../budget/database/data-model/collection";
import { notes, said, saidOfIndex, saidOfQuery } from "./broken-collection";

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

describe("a query with a field that may be left out", () => {
  const query: Partial<HotQuery> = {
    equality: ["ownerId"],
    optional: ["status"],
    sort: [["updatedAt", -1]],
    examines: 100,
  };

  it("is served by an index that keeps the order without it", () => {
    assert.deepEqual(saidOfQuery(query, { keys: { ownerId: 1, updatedAt: -1, status: 1 } }), []);
  });

  it("is not served by one that has the field before the order", () => {
    assert.deepEqual(saidOfQuery(query, { keys: { ownerId: 1, status: 1, updatedAt: -1 } }), [
      '"q" is served by no index, as ownerId. Add {"ownerId":1,"updatedAt":-1}.',
    ]);
  });

  it("is not served by one that does not have the field", () => {
    assert.match(
      saidOfQuery(query, { keys: { ownerId: 1, updatedAt: -1 } }).join(),
      /"q" is served by no index, as ownerId, status\. Add \{"ownerId":1,"status":1,"updatedAt":-1\}/,
    );
  });
});

describe("a query with many fields that may be left out", () => {
  it("is split: there are twice as many forms with each", () => {
    const optional = ["status", "tags", "parts", "place", "text", "size", "updatedAt"];
    assert.deepEqual(said({ ...notes, queries: [{ ...(notes.queries[0] as HotQuery), optional }] }), [
      '"of an owner" may leave out 7 fields; allowed is 6. Split it by what is usually given.',
    ]);
  });
});

describe("a read by id", () => {
  const byId: HotQuery = { name: "by id", why: "a test", frequency: 1, limit: 1, equality: ["_id"] };

  it("is served by the index that every collection has", () => {
    assert.deepEqual(said({ ...notes, queries: [...notes.queries, byId] }), []);
    const ofOwner = { ...byId, equality: ["_id", "ownerId"] };
    assert.deepEqual(said({ ...notes, queries: [...notes.queries, ofOwner] }), []);
  });

  it("asks every shard where another field is the shard key, and one where it names that as well", () => {
    const key = { ownerId: 1, updatedAt: 1 } as const;
    const sharded = {
      ...notes,
      sharding: { key, reason: "A test." },
      indexes: [...notes.indexes, { name: "shard_key", keys: key, serves: [] }],
    };
    assert.match(
      said({ ...sharded, queries: [...notes.queries, byId] }).join(),
      /"by id" asks every shard, for its filter does not contain "ownerId"/,
    );
    assert.deepEqual(
      said({ ...sharded, queries: [...notes.queries, { ...byId, equality: ["_id", "ownerId"] }] }),
      [],
    );
  });
});

describe("what a query looks at", () => {
  const query: Partial<HotQuery> = { equality: ["ownerId"] };
  const index = { keys: { ownerId: 1, updatedAt: -1 } } as const;

  it("is bounded", () => {
    assert.deepEqual(saidOfQuery({ ...query, limit: 1000 }, index), []);
    assert.deepEqual(saidOfQuery({ ...query, limit: 1001 }, index), [
      '"q" returns up to 1001 documents; allowed is 1 to 1000. Give it a limit, or pages.',
    ]);
    assert.deepEqual(saidOfQuery({ ...query, limit: 0.5 }, index).length, 2);
    assert.deepEqual(saidOfQuery({ ...query, examines: 10_001 }, index), [
      '"q" examines up to 10001 entries; allowed is 10000. Filter more by an index.',
    ]);
    assert.deepEqual(saidOfQuery({ ...query, frequency: -1 }, index), [
      '"q" is asked -1 times; allowed is 0 or more.',
    ]);
  });

  it("is said when documents are thrown away", () => {
    assert.deepEqual(saidOfQuery({ ...query, inDocument: ["size"], examines: 100 }, index), []);
    assert.deepEqual(saidOfQuery({ ...query, inDocument: ["size"] }, index), [
      '"q" compares size in documents; say in examines how many it looks at.',
    ]);
  });

  it("is no document when its index has all that it returns", () => {
    assert.deepEqual(saidOfQuery({ ...query, covered: ["updatedAt"] }, index), []);
    assert.deepEqual(saidOfQuery({ ...query, covered: ["size"] }, index), [
      '"q" is not covered: its index does not have size.',
    ]);
    const list = {
      ...notes,
      indexes: [{ name: "i", keys: { ownerId: 1, updatedAt: -1 }, serves: ["q"] }],
    } as const;
    const covered: HotQuery = {
      name: "q",
      why: "a test",
      frequency: 1,
      limit: 10,
      equality: ["ownerId"],
      covered: [],
    };
    const key = { _id: "hashed" } as const;
    const byId = { name: "shard_key", keys: key, serves: [] };
    const onShards = { ...list, sharding: { key, reason: "A test." }, indexes: [...list.indexes, byId] };
    assert.deepEqual(said({ ...onShards, queries: [{ ...covered, asksEveryShard: "A test." }] }), [
      '"q" is not covered: its index does not have _id.',
    ]);
    assert.deepEqual(saidOfQuery({ ...query, covered: ["tags"] }, { keys: { ownerId: 1, tags: 1 } }), [
      '"q" is not covered: "tags" is an array, and MongoDB fetches the document.',
    ]);
  });
});
