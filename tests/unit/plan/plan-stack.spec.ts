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
  budget: {},
};

const stack = (services: Readonly<Record<string, ServiceInput>>): StackInputs => ({
  cluster: { cloud: "aws", zones: 3 },
  budget: {},
  services,
  cdn: { provider: "cloudfront" },
});

describe("plan of a stack", () => {
  it("has for each service its budget, timeouts, replicas and pools", () => {
    const budget = { errorRatio: { target: 0.02 } };
    const { services } = planStack(stack({ backend: { ...service, budget } }));
    const planned = services["backend"];
    assert.equal(planned?.budget.errorRatio.target, 0.02);
    assert.equal(planned.timeouts.request.application, 10);
    assert.deepEqual([planned.plan.numbers.min.value, planned.plan.numbers.max.value], [5, 15]);
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
      [["backend", 1200, 15]],
    );
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
