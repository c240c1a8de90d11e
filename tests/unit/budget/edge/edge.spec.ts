import assert from "node:assert/strict";

import fc from "fast-check";

import {
  LEAST_CLIENT_LIMIT,
  clientRequestsPerMinute,
  edgeLoad,
  type EdgeLoadClass,
  type EdgeLoadInputs,
} from "../../../../budget/edge/edge";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";

const classes: readonly EdgeLoadClass[] = [
  { name: "assets", cached: true, target: "assets" },
  { name: "images", cached: true, target: "service" },
  { name: "api", cached: false, target: "service" },
  { name: "html", cached: true, target: "service" },
];

const inputs: EdgeLoadInputs = {
  traffic: { peakRps: 4000, shares: { assets: 0.5, images: 0.2, api: 0.2, html: 0.1 } },
  classes,
  cacheHitRatio: DEFAULT_BUDGET.cacheHitRatio,
};

const anyInputs = fc
  .record({
    peakRps: fc.double({ min: 1, max: 1e6, noNaN: true }),
    weights: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 4, maxLength: 4 }),
    target: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .filter(({ weights }) => weights.some((weight) => weight > 0))
  .map(({ peakRps, weights, target, drop }): EdgeLoadInputs => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const shares = Object.fromEntries(classes.map(({ name }, i) => [name, (weights[i] ?? 0) / total]));
    const critical = target * (1 - drop);
    return { classes, traffic: { peakRps, shares }, cacheHitRatio: { target, warning: target, critical } };
  });

describe("edgeLoad", () => {
  it("derives the example of the documentation", () => {
    const plan = edgeLoad(inputs);
    // 800 images and 400 pages a second, of which 15 % miss, and 800 calls of the API.
    assert.equal(plan.expectedOriginRps.toFixed(6), "980.000000");
    // At 70 % it is 30 % that miss.
    assert.equal(plan.degradedOriginRps.toFixed(6), "1160.000000");
    assert.equal(plan.collapseOriginRps, 2000);
    assert.equal(plan.hitRatio.toFixed(6), "0.680000");
    assert.deepEqual(
      plan.classes.map(({ name, rps, missRps }) => `${name} ${rps} ${missRps.toFixed(0)}`),
      ["assets 2000 300", "images 800 120", "api 800 800", "html 400 60"],
    );
  });

  it("takes the hit ratio of a class that is known to differ", () => {
    const traffic = { ...inputs.traffic, hitRatios: { html: 0.5, api: 0.9 } };
    const [, , api, html] = edgeLoad({ ...inputs, traffic }).classes;
    assert.deepEqual([html?.missRps, api?.hitRatio], [200, 0]);
  });

  it("gives a class without a share none of the traffic", () => {
    const plan = edgeLoad({ ...inputs, classes: [{ name: "media", cached: true, target: "service" }] });
    assert.deepEqual([plan.collapseOriginRps, plan.hitRatio], [0, 0]);
  });

  it("never sends more to the service than clients ask, and more the worse the cache is", () => {
    fc.assert(
      fc.property(anyInputs, (any) => {
        const { expectedOriginRps, degradedOriginRps, collapseOriginRps, peakRps, hitRatio } = edgeLoad(any);
        const noise = 1e-9 * peakRps;
        assert.ok(expectedOriginRps <= degradedOriginRps + noise);
        assert.ok(degradedOriginRps <= collapseOriginRps + noise);
        assert.ok(collapseOriginRps <= peakRps + noise);
        assert.ok(hitRatio >= 0 && hitRatio <= any.cacheHitRatio.target + 1e-9);
      }),
    );
  });

  it("splits every request of every class into hits and misses", () => {
    fc.assert(
      fc.property(anyInputs, (any) => {
        const plan = edgeLoad(any);
        const misses = plan.classes.reduce((sum, { missRps }) => sum + missRps, 0);
        assert.ok(Math.abs(misses + plan.hitRatio * plan.peakRps - plan.peakRps) <= 1e-6 * plan.peakRps);
      }),
    );
  });
});

describe("clientRequestsPerMinute", () => {
  const plan = { peakRps: 4000, expectedOriginRps: 1000 };

  it("derives the example of the documentation", () => {
    // 60 * 20 + 40 at the proxy, of which a quarter of the requests at the edge arrives
    assert.equal(clientRequestsPerMinute({ requestsPerSecond: 20, burst: 40 }, plan), 4960);
  });

  it("is never below what the CDNs take, even where nothing reaches the service", () => {
    const least = { requestsPerSecond: 0.01, burst: 0 };
    assert.equal(clientRequestsPerMinute(least, plan), LEAST_CLIENT_LIMIT);
    assert.equal(clientRequestsPerMinute(least, { ...plan, expectedOriginRps: 0 }), LEAST_CLIENT_LIMIT);
  });

  it("refuses nobody whom the proxy would let through", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        fc.integer({ min: 0, max: 1000 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (requestsPerSecond, burst, share) => {
          const at = { peakRps: 1000, expectedOriginRps: 1000 * share };
          const limit = clientRequestsPerMinute({ requestsPerSecond, burst }, at);
          assert.ok(limit * share >= (60 * requestsPerSecond + burst) * (1 - 1e-9));
        },
      ),
    );
  });
});
