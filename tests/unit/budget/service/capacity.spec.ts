import assert from "node:assert/strict";
import fc from "fast-check";
import { autoscalerTarget, podsLost, resilientReplicas } from "../../../../budget/service/capacity";
import type { ServiceProfile } from "../../../../budget/service/demand";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";

const profile: ServiceProfile = {
  serviceTimeSeconds: 0.04,
  concurrencyPerPod: 8,
  maxUtilization: 0.75,
  warmUpSeconds: 15,
};

describe("resilientReplicas", () => {
  it("counts the pods that the larger fleet itself loses with a zone", () => {
    assert.equal(resilientReplicas(5, { zones: 3, maxUnavailable: 1 }), 8);
    assert.equal(resilientReplicas(1, { zones: 1, maxUnavailable: 1 }), 2);
    assert.equal(resilientReplicas(1, { zones: 1, maxUnavailable: 0 }), 1);
  });

  it("leaves what is needed, and one pod fewer would not", () => {
    const disruption = fc.record({
      zones: fc.integer({ min: 1, max: 6 }),
      maxUnavailable: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), disruption, (needed, d) => {
        const replicas = resilientReplicas(needed, d);
        assert.ok(replicas - podsLost(replicas, d) >= needed);
        assert.ok(replicas === needed || replicas - 1 - podsLost(replicas - 1, d) < needed);
      }),
    );
  });
});

describe("autoscalerTarget", () => {
  it("leaves room for the growth of one reaction time", () => {
    // 15 + 15 + 5 + 15 s = 50 s; 30 %/min -> 1.25; 0.75 / 1.25 = 0.6
    const target = autoscalerTarget({ growthPerMinute: 0.3 }, profile, DEFAULT_BUDGET);
    assert.ok(Math.abs(target - 0.6) < 1e-12);
  });

  it("never exceeds the budget's CPU target", () => {
    assert.equal(
      autoscalerTarget({ growthPerMinute: 0 }, { ...profile, maxUtilization: 0.95 }, DEFAULT_BUDGET),
      0.7,
    );
  });
});
