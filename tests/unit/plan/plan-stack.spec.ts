import assert from "node:assert/strict";

import { broken } from "../../../budget/core/plan";
import { planStack, type ServiceInput, type StackInputs } from "../../../plan/plan-stack";
import { CATALOGUE } from "../../../product/data-model/catalogue";
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

  it("plans the database of either kind from the services that query it", () => {
    const sizes = { shards: 2, readReplicas: 1, dataGiB: 400, workingSetGiB: 24, queriesPerCore: 1000 };
    const backup = { retentionDays: 30 };
    const routers = { cpuCores: 1, queriesPerCore: 2000 };
    const base = stack({ backend: service });
    const percona = planStack({
      ...base,
      database: { kind: "percona", ...sizes, cpuCores: 2, routers, backup },
    });
    assert.ok(percona.database?.kind === "percona");
    // (14 + 4) pods * (5 + 2) connections.
    assert.equal(percona.database.plan.numbers.clients.value, 126);
    assert.equal(percona.database.plan.numbers.backups.value, 30);
    const cluster = { cloud: "aws", zones: 3, region: "eu-central-1" } as const;
    const atlas = planStack({
      ...base,
      cluster,
      database: { kind: "atlas", ...sizes, analyticsNodes: 0, backup },
    });
    assert.ok(atlas.database?.kind === "atlas");
    assert.equal(atlas.database.plan.numbers.smallestTier.value, "M60");
    assert.equal(planStack(base).database, undefined);
  });

  it("backs nothing up from a machine of one's own, and has no Atlas there", () => {
    const database = {
      ...{ shards: 1, readReplicas: 0, dataGiB: 2, workingSetGiB: 1, analyticsNodes: 0 },
      ...{ cpuCores: 2, routers: { cpuCores: 1, queriesPerCore: 2000 }, backup: { retentionDays: 7 } },
    };
    const local = { ...stack({ backend: service }), cluster: { cloud: "local", zones: 1 } as const };
    const { database: planned } = planStack({ ...local, database: { kind: "percona", ...database } });
    assert.equal(planned?.plan.numbers.backups.value, 0);
    assert.throws(() => planStack({ ...local, database: { kind: "atlas", ...database } }), RangeError);
  });

  for (const name of ["production", "staging", "local"]) {
    it(`keeps every promise of the shipped stack ${name}`, () => {
      const { services, database } = planStack({ ...shippedConfig(name), dataModel: CATALOGUE });
      assert.deepEqual(
        Object.values(services).flatMap(({ plan }) => broken(plan)),
        [],
      );
      assert.deepEqual(database === undefined ? ["no database"] : broken(database.plan), []);
    });
  }
});
