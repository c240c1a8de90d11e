import assert from "node:assert/strict";

import { CATALOGUE } from "../../../../product/data-model/catalogue";
import { dataModelIssues } from "../../../../budget/database/data-model/checks";
import { said } from "../../budget/database/data-model/broken-collection";

describe("the catalogue of this platform", () => {
  it("is sound", () => {
    assert.deepEqual(dataModelIssues(CATALOGUE), []);
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
