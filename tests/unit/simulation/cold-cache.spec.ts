import assert from "node:assert/strict";

import { judge } from "../../../simulation/judge";
import type { Scenario } from "../../../simulation/scenario";
import { simulate } from "../../../simulation/simulate";
import { steady } from "../../../simulation/traffic/load";

/** Twelve pods, of which a half is busy at 1,600 requests/s. */
function emptied(rate: number, factor: number, refillSeconds: number): number {
  const scenario: Scenario = {
    seed: 1,
    seconds: 400,
    load: steady(rate),
    replicas: 12,
    zones: 3,
    pod: {
      slots: 8,
      serviceTimeSeconds: 0.03,
      spread: { kind: "exponential" },
      cpuSecondsPerRequest: 0.003,
      cpuCores: 1,
      usableCores: 1,
      startSeconds: 17,
    },
    balancing: {
      kind: "least-connections",
      proxies: 3,
      maxConnections: 89,
      maxFails: 3,
      failSeconds: 10,
      answerSeconds: 12,
    },
    promised: { p95: 0.2, p99: 0.5, errors: 0.01 },
    faults: [{ kind: "cold-cache", at: 60, factor, refillSeconds }],
  };
  return judge(simulate(scenario), 30).outOfBudget;
}

describe("a cache that is emptied under load", () => {
  it("breaks the promise until it is full enough for the pods that are there", () => {
    const short = emptied(1600, 2.7, 30);
    const long = emptied(1600, 2.7, 120);
    assert.ok(short > 0 && long > 2 * short, `${short} s and ${long} s`);
  });

  it("is borne where requests take hardly longer without it", () => {
    assert.equal(emptied(1600, 1.3, 120), 0);
  });
});
