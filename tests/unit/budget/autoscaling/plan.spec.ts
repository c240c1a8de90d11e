import assert from "node:assert/strict";

import fc from "fast-check";

import { planAutoscaling } from "../../../../budget/autoscaling/plan";
import type { ServiceScaling } from "../../../../budget/autoscaling/scaling";
import { headroomFor, headroomPercent } from "../../../../budget/autoscaling/headroom";
import { text } from "../../../../budget/core/derived";
import { broken } from "../../../../budget/core/plan";
import { inputs, waiting, type Change } from "./fixture";

const lines = (change: Change = {}): string[] =>
  Object.values(planAutoscaling(inputs(change)).numbers).map(
    (one) => `${one.name} | ${text(one)} | ${one.formula}`,
  );

const sale = {
  name: "sale",
  timezone: "Europe/Berlin",
  start: "50 9 28 11 *",
  end: "0 12 28 11 *",
  requestsPerSecond: 1000,
};

const everything: ServiceScaling = {
  schedule: [sale],
  forecast: { mode: "on", mostRps: 1100 },
  memory: "Off",
  tolerance: { up: 0.05 },
  usualPeakRps: 900,
};

describe("plan of the autoscaling of a service", () => {
  it("says each number with the formula that it follows from", () => {
    assert.deepEqual(lines(), [
      "Replicas follow | CPU, by HPA | 80 % CPU with every slot busy ≥ 70 %: it computes, its CPU runs out first",
      "Slots busy at the target | 37.5 % | 30 % CPU ÷ 80 % with every slot busy",
      "Requests in flight of a pod | 3 requests | 37.5 % · 8 slots",
      "Requests/s of a pod | 100/s | 3 requests ÷ 30 ms",
      "Pods while metrics are missing | 8 pods | max(5, ⌈750/s, midway between base and peak, ÷ 100/s⌉), and what is there if that is more",
    ]);
    assert.deepEqual(
      lines({ scaling: everything, nodeStartSeconds: 90, headroom: "capacity-buffer" }).slice(4),
      [
        "Pods while metrics are missing | 9 pods | max(5, ⌈900/s, the median of the busiest hour, ÷ 100/s⌉), and what is there if that is more",
        "Tolerance up | 5 % | as given",
        'Pods of "sale" | 10 pods | max(5, ⌈1,000/s ÷ 100/s⌉)',
        "Headroom | 40 % | ⌈100 · ((1 + 0.25)^(90 s ÷ 60) − 1)⌉ %: growth while a node starts",
        "Headroom at most | 6 pods | ⌈15 · 40 %⌉: 6 cores, 6,144 MiB",
        "Forecast looks ahead | 137 s | 47 s of reaction + 90 s of a node, a minute at least",
        "Forecast asks for at most | 1,100/s | 15 pods · 100/s, and 1,100/s as given",
        "Memory request at least | 128 MiB | 128 MiB · 1 of its processes",
        "Memory request at most | 1,024 MiB | as given",
      ],
    );
  });

  it("follows CPU where CPU runs out first, and requests in flight where slots do and a Prometheus knows them", () => {
    const steering = (change: Change): unknown => inputs(change).steering;
    const cpu = { kind: "hpa", signal: "cpu" };
    assert.deepEqual(steering({}), { ...cpu, isWaiting: false });
    assert.deepEqual(steering({ profile: waiting }), {
      kind: "keda",
      signal: "requests-in-flight",
      isWaiting: true,
    });
    assert.deepEqual(steering({ profile: waiting, hasPrometheus: false }), { ...cpu, isWaiting: true });
    assert.deepEqual(steering({ profile: waiting, scaling: { kind: "hpa" } }), { ...cpu, isWaiting: true });
    assert.deepEqual(steering({ scaling: { schedule: [sale] } }), { ...cpu, kind: "keda", isWaiting: false });
    assert.deepEqual(steering({ scaling: { forecast: { mode: "preview" } } }), { ...cpu, isWaiting: false });
  });

  it("keeps all its promises for whatever service has a plan of its replicas", () => {
    const services = fc.record({
      baseRps: fc.integer({ min: 1, max: 500 }),
      more: fc.integer({ min: 0, max: 1000 }),
      growthPerMinute: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
      cpuMilliseconds: fc.integer({ min: 1, max: 40 }),
      concurrencyPerPod: fc.integer({ min: 1, max: 32 }),
      nodeStartSeconds: fc.integer({ min: 0, max: 600 }),
      signal: fc.constantFrom("cpu", "requests-in-flight", "requests-per-second"),
      up: fc.integer({ min: 0, max: 10 }).map((percent) => percent / 100),
    });
    fc.assert(
      fc.property(services, (one) => {
        const profile = {
          cpuSecondsPerRequest: Math.min(0.03, one.cpuMilliseconds / 1000) / one.concurrencyPerPod,
          concurrencyPerPod: one.concurrencyPerPod,
        };
        const { baseRps, more, growthPerMinute, nodeStartSeconds, signal, up } = one;
        const given = inputs({
          demand: { baseRps, peakRps: baseRps + more, growthPerMinute },
          profile,
          nodeStartSeconds,
          headroom: "pause-pods",
          scaling: {
            signal: signal as "cpu",
            tolerance: { up },
            forecast: { mode: "on" },
            memory: "InPlaceOrRecreate",
            schedule: [{ ...sale, requestsPerSecond: baseRps + more }],
          },
        });
        // A target of 1 % is the last resort, and may be more than such a pod ever shows.
        if (given.plan.target.value <= 0.01) return;
        assert.deepEqual(broken(planAutoscaling(given)), []);
      }),
    );
  });

  it("refutes what is too late, too much, or never seen", () => {
    const wrong = (change: Change): string[] =>
      broken(planAutoscaling(inputs(change))).map(
        ({ statement, inequality }) => `${statement}: ${inequality}`,
      );
    assert.deepEqual(wrong({ scaling: { schedule: [{ ...sale, requestsPerSecond: 2000 }] } }), [
      '"backend" may run the pods of "sale": 20 pods for 2,000/s ≤ 15 at most',
    ]);
    assert.deepEqual(wrong({ scaling: { forecast: { mode: "on", horizonSeconds: 40 } } }), [
      'the forecast of "backend" looks further ahead than a pod takes to help: 40 s ≥ 47 s',
    ]);
    const { plan } = inputs();
    // Somebody steers to more than a pod ever shows.
    const high = { ...plan, target: { ...plan.target, value: 0.79 } };
    assert.deepEqual(wrong({ plan: high }), [
      'a pod of "backend" with every slot busy shows more than its autoscaler acts at: 87 % < 80 % shown',
      '"backend" gets a pod no later than its response time was proven for: 108.7 % of the slots busy when a pod is added ≤ 42.5 % proven',
    ]);
    const turned = { ...plan, min: { ...plan.min, value: 20 } };
    assert.match(wrong({ plan: turned }).join(), /the bounds of "backend" are the right way up: 1 ≤ 20 ≤ 15/);
  });
});

describe("headroom", () => {
  it("covers compound growth while a node starts, in whole percents and whole pods", () => {
    assert.equal(headroomPercent(0.25, 60), 25);
    assert.equal(headroomPercent(0.25, 180), 96);
    assert.equal(headroomPercent(0, 300), 0);
    const from = { growthPerMinute: 0.25, nodeStartSeconds: 90 };
    const pod = { cpuCores: 0.5, memoryMiB: 512 };
    assert.deepEqual(headroomFor(from, { pods: 10, most: 100 }, pod), {
      percent: 40,
      pods: 4,
      cpuCores: 2,
      memoryMiB: 2048,
    });
    assert.equal(headroomFor(from, { pods: 10, most: 12 }, pod).pods, 2);
  });
});
