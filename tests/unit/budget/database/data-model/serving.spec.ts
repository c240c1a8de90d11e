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
