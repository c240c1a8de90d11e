import assert from "node:assert/strict";

import { mapValues } from "../../../budget/core/own";
import { broken } from "../../../budget/core/plan";
import { DEFAULT_RATE_LIMIT } from "../../../budget/load-balancing/proxy-limits";
import { planStack, type ServiceInput, type StackInputs } from "../../../plan/plan-stack";
import type { CdnInput, LoadBalancerInput } from "../../../plan/stack-inputs";
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
  calls: {},
  budget: {},
};

const LOAD_BALANCER: LoadBalancerInput = {
  proxy: "nginx",
  service: "backend",
  clientConnections: 20_000,
  cpuCores: 2,
  maxBodyMiB: 10,
  rateLimit: DEFAULT_RATE_LIMIT,
  public: { firewall: { mode: "block", requestsPerFiveMinutes: 6000 }, accessLogDays: 30 },
};

const CDN: CdnInput = {
  provider: "cloudfront",
  traffic: { peakRps: 4000, shares: { assets: 0.5, images: 0.2, api: 0.2, html: 0.1 } },
  behaviors: {},
  images: {},
};

const stack = (
  services: Readonly<Record<string, ServiceInput>>,
  caches: StackInputs["caches"] = {},
): StackInputs => ({
  cluster: { cloud: "aws", zones: 3 },
  budget: {},
  services,
  loadBalancer: LOAD_BALANCER,
  caches,
  cdn: CDN,
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
      stack(
        {
          backend: service,
          constructor: { ...service, caches: { constructor: calls }, database: undefined },
        },
        {
          constructor: { purpose: "session", workingSetMiB: 64 },
          toString: { purpose: "cache", workingSetMiB: 64 },
        } as const,
      ),
    );
    const users = (cache: string): string[] | undefined =>
      plan.caches[cache]?.users.map(({ service: name }) => name);
    assert.deepEqual([users("constructor"), users("toString")], [["constructor"], []]);
    assert.deepEqual(
      plan.databaseUsers.map(({ service: name, peakRps, maxReplicas }) => [name, peakRps, maxReplicas]),
      [["backend", 1200, 15]],
    );
  });

  it("plans the way to the public service with that service's numbers and timeouts", () => {
    const { proxy, publicLoadBalancer, cdn, images, services } = planStack(stack({ backend: service }));
    assert.ok(proxy && publicLoadBalancer && cdn && images);
    const { timeouts } = services["backend"] ?? {};
    assert.equal(publicLoadBalancer.numbers.responseTimeout.value, timeouts?.request.loadBalancer);
    assert.equal(cdn.numbers.responseTimeout.value, timeouts?.request.edge);
    // A connection for each of 14 pods is less than what a worker keeps anyway.
    assert.equal(proxy.numbers.upstreamKeepAlive.value, 128);
    assert.deepEqual([proxy.numbers.minReplicas.value, proxy.numbers.maxReplicas.value], [3, 4]);
    // 1200/s over the 2 pods that a lost zone leaves
    assert.equal(publicLoadBalancer.numbers.ratePerPod.value, 600);
    // 800 images/s, 15 % of them missed, 1.5 s each, 70 % busy
    assert.equal(images.numbers.concurrency.value, 258);
    assert.deepEqual([proxy, publicLoadBalancer, cdn, images].flatMap(broken), []);
  });

  it("promises that the service carries what the CDN passes on, and names its key where it does not", () => {
    const busy = {
      ...stack({ backend: service }),
      cdn: { ...CDN, traffic: { ...CDN.traffic, peakRps: 40_000 } },
    };
    const { cdn } = planStack(busy);
    assert.deepEqual(
      broken(cdn ?? { proofs: [] }).map(({ policy, inequality, mend }) => [policy, inequality, mend[0]]),
      [
        [
          "origin-carries-misses",
          "8,600/s reach it ≤ 1,200/s planned",
          "retrofitlink:services.backend.demand.peakRps",
        ],
        [
          "origin-carries-misses",
          "9,200/s reach it ≤ 1,200/s planned",
          "retrofitlink:services.backend.demand.peakRps",
        ],
      ],
    );
  });

  it("plans no way where none is asked for, or where the service is not there", () => {
    const { proxy, cdn } = planStack({ ...stack({ backend: service }), loadBalancer: undefined });
    assert.deepEqual([proxy, cdn], [undefined, undefined]);
    const other = { ...LOAD_BALANCER, service: "constructor" };
    assert.equal(planStack({ ...stack({ backend: service }), loadBalancer: other }).proxy, undefined);
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
    // 15 pods and as many that are ending, (5 + 2) connections each.
    assert.equal(percona.database.plan.numbers.clients.value, 210);
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
    // Without any queue e^(-t / S): 18.9 % and 1.6 %; any pod by chance adds what waits behind others.
    assert.deepEqual(proofsOf(0.05, 8), [
      "kept: 8 s < 10 s",
      "kept: 5 % of the requests ask it, of which 24.4 % take longer than 200 ms: 1.2 % ≤ 5 %",
      "kept: 5 % of the requests ask it, of which 2.2 % take longer than 500 ms: 0.1 % ≤ 1 %",
      "kept: backend 1,200/s · 0.05 = 60/s ≤ 80/s",
    ]);
    const broken = proofsOf(0.8, 12).filter((line) => line.startsWith("broken"));
    assert.deepEqual(broken, [
      "broken: 12 s < 10 s",
      "broken: 80 % of the requests ask it, of which 24.4 % take longer than 200 ms: 19.5 % ≤ 5 %",
      "broken: 80 % of the requests ask it, of which 2.2 % take longer than 500 ms: 1.8 % ≤ 1 %",
      "broken: backend 1,200/s · 0.8 = 960/s ≤ 80/s",
    ]);
  });

  it("drains a service that only others call without waiting for a load balancer", () => {
    const { services } = planStack(stack({ backend: service, matching: service }));
    assert.equal(services["backend"]?.timeouts.drain.deregistration, 30);
    assert.equal(services["matching"]?.timeouts.drain.deregistration, 0);
    assert.ok((services["matching"]?.timeouts.drain.preStop ?? 99) < 25);
  });

  it("plans each kind of cache for its users, with those of their pods that are ending", () => {
    const cache = { purpose: "cache", workingSetMiB: 512 } as const;
    const plan = planStack(
      stack(
        { backend: service },
        {
          "redis-cache": cache,
          rented: { ...cache, kind: "elasticache" },
          google: { ...cache, kind: "memorystore" },
        },
      ),
    );
    const numbers = Object.values(plan.caches).map(({ plan: { numbers: of } }) => [
      of.clients.value,
      of.maxClients.value,
      of.maxMemory.value,
    ]);
    // 15 pods and as many that are ending, 2 connections each
    assert.deepEqual(numbers, [
      [60, 104, 656],
      [0, 65_000, 4902],
      [0, 65_000, 819],
    ]);
  });

  describe("with cold caches", () => {
    const unkept = (change: (config: ReturnType<typeof shippedConfig>) => Partial<StackInputs>): string[] => {
      const config = shippedConfig("production");
      const { services, database } = planStack({ ...config, dataModel: CATALOGUE, ...change(config) });
      return [
        ...Object.values(services).map(({ plan }) => plan),
        ...(database === undefined ? [] : [database.plan]),
      ]
        .flatMap((plan) => broken(plan))
        .map(({ policy, mend }) => `${policy}: ${mend[0] ?? ""}`);
    };
    const backend = (
      { services }: ReturnType<typeof shippedConfig>,
      of: Partial<ServiceInput>,
    ): Pick<StackInputs, "services"> => ({
      services: {
        ...services,
        ...mapValues({ backend: services["backend"] as ServiceInput }, (one) => ({ ...one, ...of })),
      },
    });

    it("refuses a cache whose loss nobody accepts, at the service and at the database", () => {
      assert.deepEqual(
        unkept((config) => backend(config, { resilience: {} })),
        [
          "lost-caches-are-carried: resilience.cacheLossSeconds",
          "lost-caches-are-carried: retrofitlink:services.backend.resilience.cacheLossSeconds",
        ],
      );
    });

    it("refuses a single server where seconds of a fail-over are accepted", () => {
      const alone = unkept(({ caches }) => ({
        caches: mapValues(caches, (cache) => ({ ...cache, standby: false })),
      }));
      assert.deepEqual(alone, [
        "lost-caches-are-carried: resilience.cacheLossSeconds",
        "lost-caches-are-carried: retrofitlink:services.backend.resilience.cacheLossSeconds",
      ]);
    });

    it("takes every query for a miss where nobody says otherwise, and names the members that are short of it", () => {
      const database = { queriesPerRequest: 1.5, querySeconds: 0.006 };
      assert.ok(
        unkept((config) => backend(config, { database })).includes("lost-caches-are-carried: cpuCores"),
      );
    });

    it("counts the smallest tier of Atlas, which does not grow within minutes", () => {
      // M60: 2 shards · 16 cores · 1,000/s · 85 % ÷ 1.2
      const config = shippedConfig("production");
      const planned = planStack({
        ...config,
        database: {
          kind: "atlas",
          shards: 2,
          readReplicas: 0,
          analyticsNodes: 0,
          dataGiB: 400,
          workingSetGiB: 24,
          backup: { retentionDays: 7 },
        },
      });
      const cold =
        planned.database?.plan.proofs.filter(({ policy }) => policy === "lost-caches-are-carried") ?? [];
      assert.deepEqual(
        cold.map(({ inequality }) => inequality),
        ["2,400/s ≤ 22,666.67/s; 1,800/s as planned", "5,200/s ≤ 22,666.67/s"],
      );
    });

    it("asks nothing of a service that has a session store alone, and says nothing of one without a database", () => {
      const proofs = ({ plan }: { plan: { proofs: readonly { policy: string }[] } }): string[] =>
        plan.proofs.filter(({ policy }) => policy === "lost-caches-are-carried").map(({ policy }) => policy);
      const only = { store: { callsPerRequest: 1, callSeconds: 0.001 } };
      const { services } = planStack(
        stack(
          {
            backend: { ...service, caches: only },
            other: { ...service, caches: { cache: only.store }, database: undefined },
          },
          {
            store: { purpose: "session", workingSetMiB: 64 },
            cache: { purpose: "cache", workingSetMiB: 64 },
          } as const,
        ),
      );
      assert.deepEqual(Object.values(services).flatMap(proofs), []);
    });
  });

  for (const name of ["production", "staging", "local"]) {
    it(`keeps every promise of the shipped stack ${name}`, () => {
      const { services, caches, database, proxy, publicLoadBalancer, cdn, images } = planStack({
        ...shippedConfig(name),
        dataModel: CATALOGUE,
      });
      const way = [proxy, publicLoadBalancer, cdn, images].filter((plan) => plan !== undefined);
      const plans = [...Object.values(services), ...Object.values(caches)].map(({ plan }) => plan);
      assert.deepEqual(
        [...plans, ...way].flatMap((plan) => broken(plan)),
        [],
      );
      assert.deepEqual(database === undefined ? ["no database"] : broken(database.plan), []);
    });
  }
});
