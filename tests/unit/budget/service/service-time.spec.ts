import assert from "node:assert/strict";

import fc from "fast-check";

import { longerThan, serviceTime, type ServiceTime } from "../../../../budget/service/service-time";
import { Random } from "../../../../simulation/traffic/random";
import { serviceTimes, type Spread } from "../../../../simulation/traffic/service-times";

/** Mean and percentiles of samples, as a load test would measure them. */
function measured(spread: Spread, samples = 200_000): { time: ServiceTime; cv2: number } {
  const random = new Random(5);
  const sample = serviceTimes(1, spread);
  const values = Array.from({ length: samples }, () => sample(random)).sort((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / samples;
  const square = values.reduce((sum, value) => sum + value * value, 0) / samples;
  const time = serviceTime({
    serviceTimeSeconds: mean,
    serviceTimeP95Seconds: values[Math.floor(0.95 * samples)] ?? NaN,
    serviceTimeP99Seconds: values[Math.floor(0.99 * samples)] ?? NaN,
  });
  return { time, cv2: square / mean ** 2 - 1 };
}

/** Mean of the distribution: the area below its tail. */
function meanOf(time: ServiceTime): number {
  return time.pieces.reduce((sum, { from, to, share, rate }) => {
    const end = to === Infinity ? 0 : Math.exp(-rate * (to - from));
    return sum + (rate === 0 ? share * (to - from) : (share * (1 - end)) / rate);
  }, 0);
}

describe("serviceTime", () => {
  it("is exponential when nothing but the mean was measured", () => {
    const time = serviceTime({ serviceTimeSeconds: 0.03 });
    assert.ok(time.isAssumed);
    assert.ok(Math.abs(time.cv2 - 1) < 1e-9);
    for (const t of [0, 0.01, 0.05, 0.1, 0.2, 1]) {
      assert.ok(Math.abs(longerThan(time, t) - Math.exp(-t / 0.03)) < 1e-9, `${t}`);
    }
  });

  it("has the mean and the percentiles that were measured", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 6, noNaN: true }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (p95, more) => {
          const time = serviceTime({
            serviceTimeSeconds: 1,
            serviceTimeP95Seconds: p95,
            serviceTimeP99Seconds: p95 + more,
          });
          assert.ok(Math.abs(meanOf(time) - 1) < 1e-3, `mean ${meanOf(time)}`);
          // Where both percentiles are next to each other, a ten-thousandth is a good part of the way between them.
          assert.ok(Math.abs(longerThan(time, p95 * 1.0001) - 0.05) < 2e-3 || more < 0.01 * p95);
          assert.ok(longerThan(time, (p95 + more) * 1.0001) <= 0.01 + 1e-6);
        },
      ),
    );
  });

  it("spreads about as much as what was measured", () => {
    for (const spread of [
      { kind: "lognormal", cv: 0.5 },
      { kind: "lognormal", cv: 1 },
      { kind: "erlang", stages: 4 },
      { kind: "two-values", slowShare: 0.1, slow: 5.5 },
      { kind: "mix", slowShare: 0.1, slow: 5.5 },
    ] as const) {
      const { time, cv2 } = measured(spread);
      assert.ok(Math.abs(time.cv2 / cv2 - 1) < 0.25, `${spread.kind}: ${time.cv2} for ${cv2}`);
    }
  });

  it("takes equal service times as such", () => {
    const time = serviceTime({
      serviceTimeSeconds: 0.1,
      serviceTimeP95Seconds: 0.1,
      serviceTimeP99Seconds: 0.1,
    });
    assert.ok(time.cv2 < 0.01, `${time.cv2}`);
    assert.equal(longerThan(time, 0.09), 1);
    assert.ok(longerThan(time, 0.101) < 0.01);
  });
});
