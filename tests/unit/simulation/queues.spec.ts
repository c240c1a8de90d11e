import assert from "node:assert/strict";

import type { Recording } from "../../../simulation/recording";
import type { Scenario } from "../../../simulation/scenario";
import { simulate } from "../../../simulation/simulate";
import { steady } from "../../../simulation/traffic/load";
import type { Spread } from "../../../simulation/traffic/service-times";

/** A single pod with `slots` servers and nothing that changes. */
function queue(slots: number, rate: number, spread: Spread, seconds: number, seed = 1): Recording {
  const scenario: Scenario = {
    seed,
    seconds,
    load: steady(rate),
    replicas: 1,
    zones: 1,
    pod: {
      slots,
      serviceTimeSeconds: 0.1,
      spread,
      cpuSecondsPerRequest: 0.01,
      cpuCores: 1,
      usableCores: 1,
      startSeconds: 1,
    },
    balancing: { kind: "per-connection", answerSeconds: 10 },
    promised: { p95: 1, p99: 1, errors: 0.01 },
  };
  return simulate(scenario);
}

/** Share that waits in an M/M/c queue: the defining sum of Erlang C, for the product has its own formula to be judged. */
function waits(c: number, a: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < c; n++) sum += term *= a / n;
  const last = ((term * a) / c) * (c / (c - a));
  return last / (sum + last);
}

function within(actual: number, expected: number, share: number): void {
  assert.ok(
    Math.abs(actual / expected - 1) <= share,
    `${actual} is not within ${share * 100} % of ${expected}`,
  );
}

describe("queues of the simulation", () => {
  for (const [c, rate] of [
    [1, 6],
    [4, 32],
    [16, 136],
  ] as const) {
    it(`have the mean response time of M/M/${c} at ${(rate * 10) / c} % use`, () => {
      const a = rate * 0.1;
      const mean = 0.1 + (waits(c, a) * 0.1) / (c - a);
      within(queue(c, rate, { kind: "exponential" }, 40_000).meanResponseTime, mean, 0.03);
    });
  }

  it("have the percentiles of M/M/1, which are known exactly", () => {
    // P(T > t) = e^-(mu - lambda)t
    const recording = queue(1, 6, { kind: "exponential" }, 40_000);
    within(recording.quantile(0.95), Math.log(20) / 4, 0.04);
    within(recording.quantile(0.99), Math.log(100) / 4, 0.05);
  });

  it("wait as Pollaczek and Khinchine say, whatever the spread", () => {
    for (const [spread, cv2] of [
      [{ kind: "constant" }, 0],
      [{ kind: "lognormal", cv: 1.5 }, 2.25],
      // Hits of 50 ms and misses of 550 ms: (0.9 * 0.25 + 0.1 * 30.25) - 1
      [{ kind: "two-values", slowShare: 0.1, slow: 5.5 }, 2.25],
      [{ kind: "erlang", stages: 4 }, 0.25],
      // Each kind exponential: 2 * (0.9 * 0.25 + 0.1 * 30.25) - 1
      [{ kind: "mix", slowShare: 0.1, slow: 5.5 }, 5.5],
    ] as const) {
      const wait = ((0.6 / 0.4) * 0.1 * (1 + cv2)) / 2;
      within(queue(1, 6, spread, 60_000, 3).meanResponseTime, 0.1 + wait, 0.06);
    }
  });

  it("give the same for the same seed, and something else for another", () => {
    const run = (seed: number): number => queue(4, 30, { kind: "exponential" }, 200, seed).meanResponseTime;
    assert.equal(run(7), run(7));
    assert.notEqual(run(7), run(8));
  });
});
