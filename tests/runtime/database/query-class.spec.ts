import assert from "node:assert/strict";
import fc from "fast-check";

import { QUERY_CLASSES, parseTags, readPreferenceOf } from "../../../runtime/database/query-class";

const TAGS = { role: "read-replica" };

describe("query classes", () => {
  it("decide who is asked, with read replicas first and without them anybody", () => {
    const preferences = QUERY_CLASSES.map((queryClass) => [
      queryClass,
      readPreferenceOf(queryClass, TAGS).toJSON(),
    ]);
    assert.deepEqual(Object.fromEntries(preferences), {
      transactional: { mode: "primary" },
      "read-your-writes": { mode: "primaryPreferred" },
      catalogue: { mode: "secondaryPreferred", tags: [TAGS, {}], maxStalenessSeconds: 90 },
      report: { mode: "secondary", tags: [TAGS, {}] },
    });
  });

  it("name no tags where there are no read replicas", () => {
    assert.deepEqual(readPreferenceOf("catalogue", {}).toJSON(), {
      mode: "secondaryPreferred",
      maxStalenessSeconds: 90,
    });
    assert.deepEqual(readPreferenceOf("report", {}).toJSON(), { mode: "secondary" });
  });
});

describe("tags", () => {
  it("are read as connection strings spell them", () => {
    assert.deepEqual(parseTags(""), {});
    assert.deepEqual(parseTags("role:read-replica"), { role: "read-replica" });
    assert.deepEqual(parseTags("role:read-replica, region:eu-central-1"), {
      role: "read-replica",
      region: "eu-central-1",
    });
  });

  it("refuse what is none", () => {
    const allowed = 'tags like "role:read-replica", separated by commas, or nothing';
    for (const text of ["role", "role:", ":x", "a:b:c", "a:b,", ",", "a b:c"]) {
      assert.throws(() => parseTags(text), { name: "RangeError", message: allowed }, text);
    }
  });

  it("come back as they were written", () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,12}$/).filter((text) => text !== "__proto__");
    fc.assert(
      fc.property(fc.dictionary(word, word, { minKeys: 1, noNullPrototype: true }), (tags) => {
        const text = Object.entries(tags)
          .map(([key, value]) => `${key}:${value}`)
          .join(",");
        assert.deepEqual(parseTags(text), tags);
      }),
    );
  });
});
