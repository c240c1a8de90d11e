import assert from "node:assert/strict";

import { dateOf, isExpired, waiverFor, type Waiver } from "../../../../budget/core/waivers";

const waiver = (expires: string, resource?: string): Waiver => ({
  policy: "p",
  resource,
  reason: "because of that",
  expires,
});

describe("waivers", () => {
  it("hold on their last day and not after", () => {
    assert.deepEqual(
      ["2026-01-30", "2026-01-31", "2026-02-01"].map((today) => isExpired(waiver("2026-01-31"), today)),
      [false, false, true],
    );
  });

  it("cover a workload, or all of them", () => {
    const [one, all] = [waiver("2026-01-01", "backend"), waiver("2026-01-02")];
    assert.equal(waiverFor([one], "p", "backend"), one);
    assert.equal(waiverFor([one], "p", "matching"), undefined);
    assert.equal(waiverFor([all], "p", "matching"), all);
    assert.equal(waiverFor([all], "q", "matching"), undefined);
  });

  it("count by the one that holds longest", () => {
    const [early, late] = [waiver("2026-01-01"), waiver("2026-06-01")];
    assert.equal(waiverFor([early, late], "p", "x"), late);
    assert.equal(waiverFor([late, early], "p", "x"), late);
  });

  it("are dated in UTC", () => assert.equal(dateOf(new Date("2026-01-31T23:59:59Z")), "2026-01-31"));
});
