import assert from "node:assert/strict";
import * as fc from "fast-check";

import {
  everythingRefused,
  isEverything,
  purgeBatches,
  purgeProblems,
} from "../../../runtime/edge/purge-plan";

const LIMITS = { items: 3, wildcards: 2 };

describe("purge plan", () => {
  it("names each thing once, and leaves out what a wildcard covers", () => {
    assert.deepEqual(
      purgeBatches(
        { paths: ["/b", "/a", "/b", "/offers/1", "/offers/*", "/offers/old/*"], tags: ["Home", "home"] },
        LIMITS,
      ),
      [
        { paths: ["/a", "/b"], tags: ["home"] },
        { paths: ["/offers/*"], tags: [] },
      ],
    );
  });

  it("needs no call for nothing", () => {
    assert.deepEqual(purgeBatches({}, LIMITS), []);
  });

  it("keeps every batch within the limits, loses nothing, and repeats nothing", () => {
    const path = fc.stringMatching(/^\/[a-c/]{0,4}\*?$/);
    fc.assert(
      fc.property(fc.array(path), fc.array(fc.stringMatching(/^[a-f]{1,3}$/)), (paths, tags) => {
        const batches = purgeBatches({ paths, tags }, LIMITS);
        const done = batches.flatMap((batch) => batch.paths);
        for (const batch of batches) {
          assert.ok(batch.paths.length + batch.tags.length <= LIMITS.items);
          assert.ok(batch.paths.filter((given) => given.endsWith("*")).length <= LIMITS.wildcards);
        }
        assert.equal(new Set(done).size, done.length);
        for (const given of paths) {
          const hit = done.some(
            (one) => one === given || (one.endsWith("*") && given.startsWith(one.slice(0, -1))),
          );
          assert.ok(hit, `${given} is lost in ${done.join(" ")}`);
        }
        assert.deepEqual(
          batches.flatMap((batch) => batch.tags),
          [...new Set(tags)].sort(),
        );
      }),
    );
  });

  it("refuses paths and tags that a CDN would take for something else", () => {
    assert.deepEqual(purgeProblems({ paths: ["/", "/a%20b", "/a/*", "/*"], tags: ["product:7"] }), []);
    for (const path of ["", "a", "/a*b", "/a b", "/ä", "/#tag", "/a#b", `/${"x".repeat(4000)}`]) {
      assert.equal(purgeProblems({ paths: [path] }).length, 1, path);
    }
    for (const tag of ["", "a,b", "a b", "ä", "x".repeat(257)]) {
      assert.equal(purgeProblems({ tags: [tag] }).length, 1, tag);
    }
  });

  it("lets everything be purged only as far as the origin can bear it", () => {
    assert.equal(isEverything({ paths: ["/a", "/*"] }), true);
    assert.equal(isEverything({ paths: ["/a/*"] }), false);
    assert.equal(everythingRefused({ requestsPerSecond: 500, originCapacityRps: 500 }), undefined);
    assert.match(
      everythingRefused({ requestsPerSecond: 501, originCapacityRps: 500 }) ?? "",
      /501 requests\/s would reach an origin that serves 500/,
    );
  });
});
