import assert from "node:assert/strict";
import fc from "fast-check";
import { Decimal128, ObjectId } from "mongodb";

import { collectionOf, filterShape, sortShape } from "../../../runtime/database/query-shape";

describe("shape of a query", () => {
  it("has field names and operators, and no value", () => {
    const filter = {
      _id: new ObjectId(),
      city: "Berlin",
      price: { $gte: new Decimal128("5.5"), $lt: 9 },
      "owner.email": { $in: ["ada@example.com"] },
      $or: [{ energyClass: "G" }, { built: { $lt: new Date() }, heat: /oil/ }],
      tags: { $elemMatch: { kind: "x" } },
    };
    assert.deepEqual(filterShape("find", { find: "properties", filter }), {
      _id: "?",
      city: "?",
      price: { $gte: "?", $lt: "?" },
      "owner.email": { $in: "?" },
      $or: [{ energyClass: "?" }, { built: { $lt: "?" }, heat: "?" }],
      tags: { $elemMatch: { kind: "?" } },
    });
  });

  it("is found where each command keeps its filter", () => {
    const q = { email: "ada@example.com" };
    const shape = { email: "?" };
    assert.deepEqual(filterShape("count", { count: "users", query: q }), shape);
    assert.deepEqual(filterShape("distinct", { distinct: "users", key: "city", query: q }), shape);
    assert.deepEqual(filterShape("findAndModify", { findAndModify: "users", query: q }), shape);
    assert.deepEqual(
      filterShape("update", { update: "users", updates: [{ q, u: { $set: { a: 1 } } }] }),
      shape,
    );
    assert.deepEqual(filterShape("delete", { delete: "users", deletes: [{ q, limit: 1 }] }), shape);
    assert.deepEqual(filterShape("insert", { insert: "users", documents: [q] }), {});
    const pipeline = [{ $match: q }, { $group: { _id: "$email" } }, { $limit: 5 }];
    assert.deepEqual(filterShape("aggregate", { aggregate: "users", pipeline }), [
      { $match: shape },
      { $group: "?" },
      { $limit: "?" },
    ]);
  });

  it("takes a key that is no field name for a value", () => {
    const filter = { "ada@example.com": 1, "": 1, [`x${"y".repeat(80)}`]: 1 };
    assert.deepEqual(filterShape("find", { filter }), { "?": "?" });
  });

  it("is cut where a query is deep or long", () => {
    let deep: Record<string, unknown> = { a: 1 };
    for (let level = 0; level < 50; level++) deep = { a: deep };
    assert.equal(JSON.stringify(filterShape("find", { filter: deep })).split("a").length - 1, 7);
    const long = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f${index}`, 1]));
    assert.equal(Object.keys(filterShape("find", { filter: long })).length, 30);
  });

  it("never contains a value", () => {
    const secret = fc.string({ minLength: 3 }).map((text) => `<<${text}>>`);
    const filter = fc.dictionary(
      fc.constantFrom("city", "$or", "$and", "email", "$gt", "$in", "$match"),
      fc.letrec((tie) => ({
        node: fc.oneof(
          { maxDepth: 8 },
          secret,
          fc.dictionary(fc.constantFrom("a", "$gt", "$in"), tie("node")),
          fc.array(tie("node"), { maxLength: 4 }),
          fc.dictionary(secret, fc.integer()),
        ),
      })).node,
    );
    fc.assert(
      fc.property(filter, (value) => {
        for (const [command, body] of [
          ["find", { filter: value }],
          ["aggregate", { pipeline: [{ $match: value }, { $project: value }] }],
          ["update", { updates: [{ q: value, u: value }] }],
        ] as const) {
          assert.doesNotMatch(JSON.stringify(filterShape(command, body)), /<<|>>/);
        }
      }),
    );
  });

  it("has the fields of a sort with their directions", () => {
    const sort = new Map<string, unknown>([
      ["updatedAt", -1],
      ["city", 1],
      ["score", { $meta: "textScore" }],
    ]);
    assert.deepEqual(sortShape({ sort }), { updatedAt: -1, city: 1, score: "?" });
    assert.deepEqual(sortShape({ sort: { updatedAt: -1 } }), { updatedAt: -1 });
    assert.deepEqual(sortShape({}), {});
  });

  it("names the collection of every command", () => {
    assert.equal(collectionOf("find", { find: "users" }), "users");
    assert.equal(collectionOf("getMore", { getMore: 5n, collection: "users" }), "users");
    assert.equal(collectionOf("aggregate", { aggregate: 1 }), "(database)");
  });
});
