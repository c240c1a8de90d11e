import assert from "node:assert/strict";

import {
  FAIL_OVER_SECONDS,
  RENTED_FAIL_OVER_SECONDS,
  RETURN_SECONDS,
  cacheLoss,
} from "../../../../budget/caching/loss";
import { DOWN_AFTER_MS } from "../../../../components/caching/redis/sentinel-conf";

describe("loss of a server of a cache", () => {
  const cache = { purpose: "cache", workingSetMiB: 64 } as const;

  it("empties a server that is alone: as many entries as its working set has", () => {
    assert.deepEqual(cacheLoss(cache), { awaySeconds: RETURN_SECONDS, entries: 16_384 });
    assert.equal(cacheLoss({ ...cache, entryKiB: 64 }).entries, 1024);
  });

  it("takes nothing from several members but the seconds of a fail-over", () => {
    const kept = { awaySeconds: FAIL_OVER_SECONDS, entries: 0 };
    assert.deepEqual(cacheLoss({ ...cache, standby: true }), kept);
    assert.deepEqual(cacheLoss({ ...cache, purpose: "session" }), kept);
    for (const kind of ["elasticache", "memorystore"] as const) {
      assert.deepEqual(cacheLoss({ ...cache, kind }), { awaySeconds: RENTED_FAIL_OVER_SECONDS, entries: 0 });
    }
  });

  it("is no shorter than Sentinels take to notice it", () => {
    assert.ok(FAIL_OVER_SECONDS * 1000 > DOWN_AFTER_MS);
  });
});
