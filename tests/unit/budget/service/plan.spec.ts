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
      "Response time without a queue | p95 89.9 ms, p99 138.2 ms | exponential around 30 ms: nothing else was measured",
      "Reaction time | 47 s | T = metrics 15 s + autoscaler 15 s + scheduling 5 s + warm-up 12 s",
      "Until a lost zone is replaced | 377 s | noticed 60 s + tolerated 300 s + start 17 s",
      "CPU with every slot busy | 100 % | assumed: every slot busy means every requested core busy",
      "Autoscaler target | 38 % | of all targets the one with the fewest pods, 9.3 on average from base to peak, of which any n keep p95 and p99 with ⌈n ÷ 3⌉ of n pods missing until one is added, and stay below 75 % while the load grows by 19.6 %; 100 % CPU when busy",
      "Slots busy until a pod is added | 42 % | (⌊38 · 1.1⌋ + 1) % = 42 % CPU ÷ 100 %: the autoscaler counts whole percents and leaves 10 % alone",
      "Pods at base | 5 pods | λ·S = 300/s · 30 ms = 9 in service; max(5, ⌈9 ÷ (8 · 38 % ÷ 100 %)⌉)",
      "minReplicas | 5 pods | the fewest from which on each number keeps the percentiles: 3 of 5 left carry 5 · 8 · 42 % = 16.8 in service",
      "Pods at peak + 20 % | 15 pods | λ·S = 1,440/s · 30 ms = 43.2 in service; max(5, ⌈43.2 ÷ (8 · 38 % ÷ 100 %)⌉)",
      "maxReplicas | 15 pods | what the autoscaler wants at peak + 20 %, 15",
      "Pods for the loss of a zone | 3 pods | 12 at peak and 5 at base; without it 9 and 5, 8 slots each",
      "During a rollout | 19 pods | 15 + ⌈15 · 25 %⌉ = 19: 19 cores, 19,456 MiB at most",
      "Memory of a pod | 819 MiB | 1,024 MiB · 80 % in use at most",
      "Connections to redis-cache | 60 connections | 30 pods in a rollout, with those that are ending · 1 process · 2 at most",
    ]);
  });

  it("proves its promises with the numbers put in, and the keys that would mend them", () => {
    const { proofs } = planService(inputs);
    assert.deepEqual(
      proofs.map(({ statement, inequality }) => `${statement}: ${inequality}`),
      [
        '"backend" is planned for the throughput that it promises: 1,200/s planned ≥ 1,000/s promised',
        '"backend" keeps p95 at every load from base to peak with a zone or a drained pod missing: at worst 3 of 5 pods left at 560/s: P(t > 200 ms) = 0.1 % ≤ 5 %',
        '"backend" keeps p99 at every load from base to peak with a zone or a drained pod missing: at worst 3 of 5 pods left at 560/s: P(t > 500 ms) < 0.1 % ≤ 1 %',
        '"backend" stays within maxUtilization while its load grows and new pods start: 42 % of the slots busy · 1.2 = 50.2 % ≤ 75 %',
        '"backend" is out of its budget after the loss of a zone no longer than accepted: 0 s proxies leave out at once what does not answer ≤ 0 s accepted',
        '"backend" can use the CPU at which its autoscaler acts: 1 core requested, which every slot busy is taken to use, ≤ 1 core of 1 process',
      ],
    );
    assert.deepEqual(proofs[0]?.mend, ["demand.peakRps", "budget.throughputRps.target"]);
    assert.ok(proofs.every(({ holds }) => holds));
  });

  it("names what it takes for granted", () => {
    const profile = { ...inputs.profile, serviceTimeP95Seconds: 0.08, serviceTimeP99Seconds: 0.15 };
    const assumed = (change: Partial<ServiceInputs>): readonly string[] =>
      planService({ ...inputs, ...change }).proofs.find(({ statement }) => statement.includes("p95"))
        ?.assumes ?? [];
    assert.deepEqual(assumed({}), [
      "exponential service times, for no percentile of them is given",
      "proxies that know how many requests each pod has",
      "pods spread evenly over the zones",
      "no growth of the load while something is missing",
      "nodes with room for new pods",
    ]);
    assert.deepEqual(assumed({ profile, zones: 1, balancing: "per-connection" }), [
      "service times as measured, and waits after Allen and Cunneen",
      "connections spread over the pods by chance",
      "no growth of the load while something is missing",
      "nodes with room for new pods",
    ]);
  });

  it("steers by the CPU that requests really take", () => {
    const target = (cpuSecondsPerRequest: number): number =>
      planService({ ...inputs, profile: { ...inputs.profile, cpuSecondsPerRequest } }).numbers.target.value;
    // Eight at a time in 30 ms each are 267/s: at 3.75 ms a request that is one core.
    assert.equal(target(0.00375), planService(inputs).numbers.target.value);
    assert.ok(target(0.001875) <= target(0.00375) / 2);
  });

  it("refuses an autoscaler that waits for CPU which the processes cannot use", () => {
    const resources = { ...inputs.resources, cpuCores: 2 };
    const inequalities = (change: Partial<ServiceInputs>): string[] =>
      broken(planService({ ...inputs, resources, ...change })).map(({ inequality }) => inequality);
    assert.deepEqual(inequalities({}), [
      "2 cores requested, which every slot busy is taken to use, ≤ 1 core of 1 process",
    ]);
    assert.deepEqual(inequalities({ processesPerPod: 2 }), []);
    // Half of the request is used at most, and the target follows.
    assert.deepEqual(inequalities({ profile: { ...inputs.profile, cpuSecondsPerRequest: 0.00375 } }), []);
  });

  it("carries the loss of a zone, or says for how long it is out of its budget", () => {
    const of = (change: Partial<ServiceInputs>): ServicePlan => planService({ ...inputs, ...change });
    const said = (plan: ServicePlan): string[] =>
      plan.proofs.flatMap(({ statement, inequality }) =>
        statement.includes("accepted") ? [inequality] : [],
      );
    assert.deepEqual(said(of({})), ["0 s proxies leave out at once what does not answer ≤ 0 s accepted"]);
    const accepted = of({ resilience: { zoneLossSeconds: 400 } });
    assert.deepEqual(said(accepted), ["377 s until the pods are replaced in other zones ≤ 400 s accepted"]);
    assert.deepEqual(broken(accepted), []);
    assert.equal(accepted.numbers.redundancy.value, 0);
    assert.ok(accepted.numbers.target.value > of({}).numbers.target.value);
    // Too short to wait for the replacement: the pods that are left have to carry it.
    assert.equal(
      of({ resilience: { zoneLossSeconds: 376 } }).numbers.redundancy.value,
      of({}).numbers.redundancy.value,
    );
    assert.deepEqual(
      broken(of({ balancing: "per-connection" })).map(({ inequality }) => inequality),
      ["60 s until a lost pod gets no more connections ≤ 0 s accepted"],
    );
    assert.deepEqual(said(of({ zones: 1 })), []);
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
      /no number of pods up to 10,000 keeps the response time of backend: p95 of a request alone is 599\.1 ms/,
    );
  });
});
