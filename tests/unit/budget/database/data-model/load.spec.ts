import assert from "node:assert/strict";

import type { Collection, HotQuery } from "../../../../../budget/database/data-model/collection";
import { indexBytes, modelLoad } from "../../../../../budget/database/data-model/load";
import { CATALOGUE } from "../../../../../product/data-model/catalogue";
import { notes, sharded } from "./broken-collection";

const query = (change: Partial<HotQuery>): HotQuery => ({
  name: "q",
  why: "a test",
  frequency: 1,
  limit: 10,
  equality: ["ownerId"],
  ...change,
});

const of = (collection: Collection, writes: number, ...queries: HotQuery[]): Collection => ({
  ...collection,
  writes,
  queries,
});

describe("load of a data model", () => {
  it("says where operations go, as shares of all of them", () => {
    const named = query({ frequency: 30 });
    const everywhere = query({ frequency: 10, equality: ["size"], asksEveryShard: "A test." });
    const { everyShard, oneShard, writes } = modelLoad([
      of(sharded, 20, named, everywhere),
      of(notes, 0, query({ frequency: 40 })),
    ]);
    assert.deepEqual([everyShard, oneShard, writes], [0.1, 0.4, 0.2]);
  });

  it("counts what queries examine: their limit, what they throw away, and no document of a covered one", () => {
    const one = modelLoad([of(notes, 0, query({ limit: 10 }))]);
    assert.deepEqual([one.keysPerQuery, one.documentsPerQuery], [10, 10]);
    const filtered = modelLoad([of(notes, 0, query({ limit: 10, examines: 200, inDocument: ["size"] }))]);
    assert.deepEqual([filtered.keysPerQuery, filtered.documentsPerQuery], [200, 200]);
    const covered = modelLoad([of(notes, 0, query({ limit: 10, covered: ["updatedAt"] }))]);
    assert.deepEqual([covered.keysPerQuery, covered.documentsPerQuery], [10, 0]);
  });

  it("counts the pages of a write: document, entries, log, oplog", () => {
    // The document and its entry on _id, one index, the log and the oplog.
    assert.equal(modelLoad([of(notes, 1)]).pagesPerWrite, 5);
    const partial = { ...notes, indexes: [{ ...notes.indexes[0], share: 0.5 }] } as Collection;
    assert.equal(modelLoad([of(partial, 1)]).pagesPerWrite, 4.5);
  });

  it("sizes entries by the types of their fields; an array has several", () => {
    // 12 + 12 on _id; 12 + 8 + 12 of the list.
    assert.equal(indexBytes(notes), 24 + 32);
    assert.equal(indexBytes({ ...notes, indexes: [] }), 24);
    const tags = { name: "tags", keys: { tags: 1 }, serves: [] } as const;
    assert.equal(indexBytes({ ...notes, indexes: [tags] }), 24 + 5 * (18 + 12));
  });

  it("is nothing of an empty one", () => {
    const load = modelLoad([]);
    assert.ok(Object.values(load).every((value: number) => value === 0));
  });

  it("does not depend on the unit of frequencies and shares", () => {
    const scaled = CATALOGUE.map((collection) => ({
      ...collection,
      size: { ...collection.size, shareOfData: collection.size.shareOfData * 7 },
      writes: collection.writes * 3,
      queries: collection.queries.map((one) => ({ ...one, frequency: one.frequency * 3 })),
    }));
    const [was, is] = [modelLoad(CATALOGUE), modelLoad(scaled)];
    for (const [key, value] of Object.entries(was)) {
      assert.ok(Math.abs(is[key as keyof typeof is] - value) < 1e-6, key);
    }
  });

  it("of this platform would be larger with the area as the shard key of buildings: most reads know only the id", () => {
    const byArea = CATALOGUE.map((collection) =>
      collection.name === "properties"
        ? ({ ...collection, sharding: { key: { postalCode: 1, _id: 1 }, reason: "As it was." } } as const)
        : collection,
    );
    assert.ok(modelLoad(byArea).everyShard > modelLoad(CATALOGUE).everyShard);
  });
});
