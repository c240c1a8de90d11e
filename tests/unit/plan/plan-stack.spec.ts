import assert from "node:assert/strict";

import { broken } from "../../../budget/core/plan";
import { planStack, type ServiceInput, type StackInputs } from "../../../plan/plan-stack";
import { shippedConfig } from "../../helpers/preview";

const service: ServiceInput = {
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
  resources: { cpuCores: 1, memoryMiB: 1024 },
  processesPerPod: 1,
  maxRequestSeconds: 10,
  caches: { "redis-cache": { callsPerRequest: 2, callSeconds: 0.001 } },
  database: { queriesPerRequest: 1.5, querySeconds: 0.006 },
  calls: {},
  budget: {},
};

const stack = (services: Readonly<Record<string, ServiceInput>>): StackInputs => ({
  cluster: { cloud: "aws", zones: 3 },
  budget: {},
  services,
  loadBalancer: { service: "backend" },
  cdn: { provider: "cloudfront" },
});

describe("plan of a stack", () => {
  it("has for each service its budget, timeouts, replicas and pools", () => {
    const budget = { errorRatio: { target: 0.02 } };
    const { services } = planStack(stack({ backend: { ...service, budget } }));
    const planned = services["backend"];
    assert.equal(planned?.budget.errorRatio.target, 0.02);
    assert.equal(planned.timeouts.request.application, 10);
    assert.deepEqual([planned.plan.numbers.min.value, planned.plan.numbers.max.value], [3, 14]);
    assert.deepEqual([planned.cachePools, planned.databasePool], [{ "redis-cache": 2 }, 5]);
  });

  it("knows who connects to what at its largest, whatever a name is", () => {
    const calls = { callsPerRequest: 1, callSeconds: 0.001 };
    const plan = planStack(
      stack({
        backend: service,
        constructor: { ...service, caches: { constructor: calls }, database: undefined },
      }),
    );
    assert.deepEqual(
      plan.cacheUsers("constructor").map(({ service: name }) => name),
      ["constructor"],
    );
    assert.deepEqual(plan.cacheUsers("toString"), []);
    assert.deepEqual(
      plan.databaseUsers.map(({ service: name, peakRps, maxReplicas }) => [name, peakRps, maxReplicas]),
      [["backend", 1200, 14]],
    );
  });

  it("proves what services ask each other", () => {
    const slow = {
      ...service,
      profile: { ...service.profile, serviceTimeSeconds: 0.12, concurrencyPerPod: 4 },
      demand: { baseRps: 20, peakRps: 80, growthPerMinute: 0.2 },
      budget: { responseTimeP95Seconds: { target: 0.4 }, responseTimeP99Seconds: { target: 0.8 } },
    };
    const proofsOf = (callsPerRequest: number, maxRequestSeconds: number): string[] => {
      const { services } = planStack(
        stack({
          backend: { ...service, calls: { matching: { callsPerRequest } } },
          matching: { ...slow, maxRequestSeconds },
        }),
      );
      return Object.values(services)
        .flatMap(({ plan }) => plan.proofs)
        .filter(({ policy }) => policy === "calls-are-carried")
        .map(({ inequality, holds }) => `${holds ? "kept" : "broken"}: ${inequality}`);
    };
    // Hardly any queue at its largest: e^(-t / S) = e^(-0.2 / 0.12) = 18.9 %, e^(-0.5 / 0.12) = 1.6 %.
    assert.deepEqual(proofsOf(0.05, 8), [
      "kept: 8 s < 10 s",
      "kept: 5 % of the requests ask it, of which 18.9 % take longer than 200 ms: 0.9 % ≤ 5 %",
      "kept: 5 % of the requests ask it, of which 1.6 % take longer than 500 ms: 0.1 % ≤ 1 %",
      "kept: backend 1,200/s · 0.05 = 60/s ≤ 80/s",
    ]);
    const broken = proofsOf(0.8, 12).filter((line) => line.startsWith("broken"));
    assert.deepEqual(broken, [
      "broken: 12 s < 10 s",
      "broken: 80 % of the requests ask it, of which 18.9 % take longer than 200 ms: 15.1 % ≤ 5 %",
      "broken: 80 % of the requests ask it, of which 1.6 % take longer than 500 ms: 1.2 % ≤ 1 %",
      "broken: backend 1,200/s · 0.8 = 960/s ≤ 80/s",
    ]);
  });

  it("drains a service that only others call without waiting for a load balancer", () => {
    const { services } = planStack(stack({ backend: service, matching: service }));
    assert.equal(services["backend"]?.timeouts.drain.deregistration, 30);
    assert.equal(services["matching"]?.timeouts.drain.deregistration, 0);
    assert.ok((services["matching"]?.timeouts.drain.preStop ?? 99) < 25);
  });

  for (const name of ["production", "staging", "local"]) {
    it(`keeps every promise of the shipped stack ${name}`, () => {
      const { services } = planStack(shippedConfig(name));
      assert.deepEqual(
        Object.values(services).flatMap(({ plan }) => broken(plan)),
        [],
      );
    });
  }
});
