import assert from "node:assert/strict";

import fc from "fast-check";

import { text } from "../../../../budget/core/derived";
import { broken } from "../../../../budget/core/plan";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { planService, type ServiceInputs, type ServicePlan } from "../../../../budget/service/plan";

const inputs: ServiceInputs = {
  service: "backend",
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
  budget: DEFAULT_BUDGET,
  zones: 3,
  resources: { cpuCores: 1, memoryMiB: 1024 },
  cachePools: { "redis-cache": 2 },
};

const lines = ({ numbers }: ServicePlan): string[] =>
  Object.values(numbers).map((number) => `${number.name} | ${text(number)} | ${number.formula}`);

const demands = fc
  .record({
    baseRps: fc.integer({ min: 1, max: 2000 }),
    more: fc.integer({ min: 0, max: 3000 }),
    growth: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ baseRps, more, growth }) => ({ baseRps, peakRps: baseRps + more, growthPerMinute: growth / 100 }));

const profiles = fc.record({
  serviceTimeSeconds: fc.integer({ min: 1, max: 60 }).map((milliseconds) => milliseconds / 1000),
  concurrencyPerPod: fc.integer({ min: 1, max: 32 }),
  maxUtilization: fc.integer({ min: 30, max: 90 }).map((percent) => percent / 100),
  warmUpSeconds: fc.integer({ min: 0, max: 60 }),
});

describe("plan of a service", () => {
  it("says each number with the formula that it follows from", () => {
    assert.deepEqual(lines(planService(inputs)), [
      "Throughput | 1,200/s | as given",
      "Reaction time | 47 s | T = metrics 15 s + autoscaler 15 s + scheduling 5 s + warm-up 12 s",
      "Autoscaler target | 62.7 % | u* = min(70 % CPU, 75 % ÷ (1 + 0.25/min · 47 s))",
      "Pods at base | 2 pods | λ·S = 300/s · 30 ms = 9 in service; max(⌈9 ÷ (8 · 62.7 %)⌉ = 2, Erlang C 2)",
      "minReplicas | 3 pods | the fewest with 3 − max(a zone ⌈3 ÷ 3⌉, a drain 1) = 2 ≥ 2",
      "Pods at peak + 20 % | 9 pods | λ·S = 1,440/s · 30 ms = 43.2 in service; max(⌈43.2 ÷ (8 · 62.7 %)⌉ = 9, Erlang C 6)",
      "maxReplicas | 14 pods | the fewest with 14 − max(a zone ⌈14 ÷ 3⌉, a drain 1) = 9 ≥ 9",
      "During a rollout | 18 pods | 14 + ⌈14 · 25 %⌉ = 18: 18 cores, 18,432 MiB at most",
      "Memory of a pod | 819 MiB | 1,024 MiB · 80 % in use at most",
      "Connections to redis-cache | 56 connections | 28 pods in a rollout, with those that are ending · 1 process · 2 at most",
    ]);
  });

  it("proves its promises with the numbers put in, and the keys that would mend them", () => {
    const { proofs } = planService(inputs);
    assert.deepEqual(
      proofs.map(({ statement, inequality }) => `${statement}: ${inequality}`),
      [
        '"backend" is planned for the throughput that it promises: 1,200/s planned ≥ 1,000/s promised',
        '"backend" keeps p95 at base with a zone or a drained pod missing: with 2 of 3 pods left at 300/s: P(t > 200 ms) = 0.1 % ≤ 5 %',
        '"backend" keeps p99 at base with a zone or a drained pod missing: with 2 of 3 pods left at 300/s: P(t > 500 ms) < 0.1 % ≤ 1 %',
        '"backend" keeps p95 at peak with a zone or a drained pod missing: with 9 of 14 pods left at 1,440/s: P(t > 200 ms) = 0.1 % ≤ 5 %',
        '"backend" keeps p99 at peak with a zone or a drained pod missing: with 9 of 14 pods left at 1,440/s: P(t > 500 ms) < 0.1 % ≤ 1 %',
      ],
    );
    assert.deepEqual(proofs[0]?.mend, ["demand.peakRps", "budget.throughputRps.target"]);
    assert.ok(proofs.every(({ holds }) => holds));
  });

  it("keeps every promise of the response time that it can make a plan for", () => {
    fc.assert(
      fc.property(demands, profiles, fc.integer({ min: 1, max: 4 }), (demand, profile, zones) => {
        const budget = { ...DEFAULT_BUDGET, throughputRps: { target: 1, warning: 1, critical: 1 } };
        const plan = planService({ ...inputs, demand, profile, zones, budget });
        assert.deepEqual(broken(plan), []);
        assert.ok(plan.numbers.min.value <= plan.numbers.max.value);
      }),
    );
  });

  it("says what does not hold when less is planned for than is promised", () => {
    const plan = planService({ ...inputs, demand: { ...inputs.demand, peakRps: 900 } });
    assert.deepEqual(
      broken(plan).map(({ inequality }) => inequality),
      ["900/s planned ≥ 1,000/s promised"],
    );
  });

  it("names every piece of a reaction time that is not the usual one", () => {
    const reaction = { metricsSeconds: 30, autoscalerSyncSeconds: 15, schedulingSeconds: 5, nodeSeconds: 40 };
    assert.equal(
      planService({ ...inputs, reaction }).numbers.reaction.formula,
      "T = metrics 30 s + autoscaler 15 s + scheduling 5 s + node 40 s + warm-up 12 s",
    );
  });

  it("refuses to plan what no number of pods keeps", () => {
    const profile = { ...inputs.profile, serviceTimeSeconds: 0.2 };
    assert.throws(
      () => planService({ ...inputs, profile }),
      /with any number of pods; it has to be below 0\.0668 s/,
    );
  });
});
