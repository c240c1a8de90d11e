import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { planCdn } from "../../../budget/edge/plan";
import { hitRatioAt, watchEdge, type EdgeWatch } from "../../../budget/edge/watched";
import { timeoutChain } from "../../../budget/timeouts/timeouts";
import { describeAlerts } from "../../helpers/alert-tests";

const watch: EdgeWatch = {
  namespace: "retrofitlink",
  budget: DEFAULT_BUDGET,
  plan: planCdn({
    traffic: { peakRps: 4000, shares: { assets: 0.5, images: 0.2, api: 0.3 }, hitRatios: { images: 0.6 } },
    classes: [
      { name: "assets", cached: true, target: "assets" },
      { name: "images", cached: true, target: "images" },
      { name: "api", cached: false, target: "service" },
    ],
    budget: DEFAULT_BUDGET,
    rateLimit: { requestsPerSecond: 20, burst: 40 },
    timeouts: timeoutChain({ maxRequestSeconds: 30, cloud: "aws" }),
  }),
};

describeAlerts("alerts of the CDN", watchEdge(watch));

describe("the watch of the CDN", () => {
  it("takes a class that is planned with less than the budget's ratio for what it is", () => {
    const { target, critical } = DEFAULT_BUDGET.cacheHitRatio;
    assert.ok(Math.abs(hitRatioAt("target", watch) - (0.5 * target + 0.2 * 0.6)) < 1e-9);
    assert.ok(Math.abs(hitRatioAt("critical", watch) - (0.5 * critical + 0.2 * 0.6)) < 1e-9);
    assert.ok(Math.abs(hitRatioAt("target", watch) - watch.plan.numbers.hitRatio.value) < 1e-9);
  });
});
