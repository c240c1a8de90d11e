import assert from "node:assert/strict";

import { judge } from "../../../simulation/judge";
import { Recording } from "../../../simulation/recording";
import type { Scenario } from "../../../simulation/scenario";
import { simulate } from "../../../simulation/simulate";
import { fits, spreadsAsMeasured } from "../../../simulation/traffic/quantiles";
import { Random } from "../../../simulation/traffic/random";
import { serviceTimes } from "../../../simulation/traffic/service-times";
import { rateAt, ramp, steady } from "../../../simulation/traffic/load";

const PROMISED = { p95: 0.2, p99: 0.5, errors: 0.01 };

/** 100 requests a second, of which some are slow or fail in some seconds. */
function recorded(
  seconds: number,
  change: (second: number) => { slow?: number; failed?: number },
): Recording {
  const recording = new Recording(seconds, PROMISED);
  for (let second = 0; second < seconds; second++) {
    const { slow = 0, failed = 0 } = change(second);
    for (let request = 0; request < 100; request++) {
      if (request < failed) recording.failed(second + 0.5);
      else recording.answered(second + 0.5, request < failed + slow ? 0.3 : 0.05);
    }
  }
  return recording;
}

describe("judge of a simulation", () => {
  it("finds nothing where as many are slow and fail as is promised", () => {
    assert.equal(
      judge(
        recorded(300, () => ({ slow: 5, failed: 1 })),
        0,
      ).outOfBudget,
      0,
    );
  });

  it("counts the seconds whose window has more slow requests than promised", () => {
    const verdict = judge(
      recorded(300, (second) => ({ slow: second >= 100 && second < 160 ? 50 : 0 })),
      0,
    );
    // 5 % of 3,000 and what chance may add are 186 slow ones: four seconds of them are in the windows of 60 + 30 - 7.
    assert.deepEqual([verdict.p95, verdict.p99, verdict.errors], [83, 0, 0]);
  });

  it("finds a little too much for long, which half a minute does not show", () => {
    const { p95, p99 } = judge(
      recorded(400, () => ({ slow: 6 })),
      0,
    );
    // 6 % are beyond 5 % and three standard deviations from 43 seconds of 100 requests on; of 30 seconds, 6.2 % would be.
    assert.deepEqual([p95, p99], [358, 0]);
  });

  it("counts errors over a minute", () => {
    const failed = (second: number): { failed: number } => ({ failed: second === 100 ? 100 : 0 });
    // 100 of 6,000 are more than 60 and three standard deviations.
    assert.equal(judge(recorded(300, failed), 0).errors, 60);
    assert.equal(judge(recorded(300, failed), 0, [{ from: 90, to: 101 }]).errors, 0);
  });

  it("does not take for broken what comes of a few requests by chance", () => {
    const scenario: Scenario = {
      seed: 1,
      seconds: 2000,
      load: steady(2),
      replicas: 1,
      zones: 1,
      pod: {
        slots: 100,
        // 4 % take longer than the promised p95.
        serviceTimeSeconds: 0.2 / Math.log(25),
        spread: { kind: "exponential" },
        cpuSecondsPerRequest: 0.001,
        cpuCores: 1,
        usableCores: 1,
        startSeconds: 1,
      },
      balancing: { kind: "per-connection", answerSeconds: 10 },
      promised: PROMISED,
    };
    assert.equal(judge(simulate(scenario), 0).outOfBudget, 0);
  });
});

describe("spreads as measured", () => {
  it("have the mean, and percentiles no larger than measured", () => {
    for (const measured of [
      { p95: 2.67, p99: 5 },
      { p95: 2.2, p99: 3.4 },
      { p95: Math.log(20), p99: Math.log(100) },
    ]) {
      const spreads = spreadsAsMeasured(measured);
      assert.equal(spreads.length, 4);
      for (const spread of spreads) {
        assert.ok(fits(spread, measured));
        const random = new Random(3);
        const sample = serviceTimes(1, spread);
        const values = Array.from({ length: 100_000 }, () => sample(random)).sort((a, b) => a - b);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        assert.ok(Math.abs(mean - 1) < 0.02, `${spread.kind}: ${mean}`);
        assert.ok((values[95_000] ?? 0) <= measured.p95 * 1.03, `${spread.kind}: p95 ${values[95_000]}`);
        assert.ok((values[99_000] ?? 0) <= measured.p99 * 1.05, `${spread.kind}: p99 ${values[99_000]}`);
      }
    }
  });
});

describe("load", () => {
  it("is linear between its points", () => {
    const load = ramp(100, 300, 10, 20);
    assert.deepEqual(
      [0, 10, 15, 20, 99].map((at) => rateAt(load, at)),
      [100, 100, 200, 300, 300],
    );
    assert.equal(rateAt(steady(7), 3), 7);
  });
});
