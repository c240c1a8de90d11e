import assert from "node:assert/strict";
import fc from "fast-check";

import { podsLost } from "../../../../budget/service/capacity";
import { ratePerPod } from "../../../../budget/load-balancing/public-load-balancer";

describe("ratePerPod", () => {
  it("is the peak over what a lost zone leaves of the smallest fleet", () => {
    assert.equal(ratePerPod({ peakRps: 1200 }, 3, { zones: 3, maxUnavailable: 1 }), 600);
    assert.equal(ratePerPod({ peakRps: 1000 }, 7, { zones: 3, maxUnavailable: 1 }), 250);
  });

  it("is the whole peak for the last pod", () => {
    assert.equal(ratePerPod({ peakRps: 50.5 }, 1, { zones: 1, maxUnavailable: 1 }), 51);
  });

  it("lets what is left carry the peak, whatever is lost", () => {
    const whole = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        whole,
        fc.integer({ min: 1, max: 6 }),
        (peakRps, minReplicas, zones) => {
          const disruption = { zones, maxUnavailable: 1 };
          const left = Math.max(1, minReplicas - podsLost(minReplicas, disruption));
          const rate = ratePerPod({ peakRps }, minReplicas, disruption);
          assert.ok(Number.isInteger(rate) && rate >= 1 && rate * left >= peakRps);
        },
      ),
    );
  });
});
