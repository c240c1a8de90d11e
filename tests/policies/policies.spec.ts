import assert from "node:assert/strict";

import { planService, type ServicePlan } from "../../budget/service/plan";
import { planElastiCache } from "../../budget/caching/plan-managed";
import { planRedis, type RedisInputs } from "../../budget/caching/plan-redis";
import { plannedPart } from "../../budget/core/summary";
import { DEFAULT_BUDGET } from "../../budget/core/performance-budget";
import type { ManagedCacheSummary, RedisSummary } from "../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { ServiceSummary } from "../../budget/service/summary";
import { timeoutChain } from "../../budget/timeouts/timeouts";
import type { Waiver } from "../../budget/core/waivers";
import type { Witness } from "../../budget/core/witness";
import { PolicyPackProcess, UNKNOWN, urnOf, type TestResource, type Verdict } from "../helpers/policy-pack";

const DEMAND = { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 };
const PROFILE = { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 };

const planOf = (demand: typeof DEMAND): ServicePlan =>
  planService({
    service: "backend",
    demand,
    profile: PROFILE,
    budget: DEFAULT_BUDGET,
    zones: 3,
    resources: { cpuCores: 1, memoryMiB: 1024 },
  });

const SERVICE: ServiceSummary = {
  ...plannedPart(planOf(DEMAND), []),
  configKey: "retrofitlink:services.backend",
  workload: "backend",
  namespace: "retrofitlink",
  budget: DEFAULT_BUDGET,
  demand: DEMAND,
  profile: PROFILE,
  replicas: { min: 3, max: 14 },
  zones: 3,
  maxUnavailable: 1,
  maxSurge: 0.25,
  cpuCores: 1,
  memoryMiB: 1024,
  processesPerPod: 1,
  cachePools: { "redis-cache": 6 },
  databasePool: 0,
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
};

/** 14 pods, and as many that are ending. */
const USERS = [{ service: "backend", maxReplicas: 14, maxSurge: 0.25, processesPerPod: 1, poolSize: 6 }];

const cacheOf = (change: Partial<RedisInputs>): RedisSummary => ({
  kind: "in-cluster",
  configKey: "retrofitlink:caches.redis-cache",
  workload: "redis-cache",
  namespace: "retrofitlink",
  purpose: "cache",
  ...plannedPart(
    planRedis({ cache: "redis-cache", purpose: "cache", workingSetMiB: 512, users: USERS, ...change }),
    [],
  ),
});

const CACHE = cacheOf({});

const MANAGED: ManagedCacheSummary = {
  ...CACHE,
  kind: "elasticache",
  ...plannedPart(
    planElastiCache({ cache: "redis-cache", purpose: "cache", workingSetMiB: 512, users: USERS }),
    [],
  ),
};

function container(resources: object): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "backend" },
    spec: { template: { spec: { containers: [{ name: "backend", image: "x", resources }] } } },
  };
}

const BOUNDED = { requests: { cpu: "1", memory: "1Gi" }, limits: { memory: "1Gi" } };

interface StackParts {
  readonly waivers?: readonly Waiver[];
  readonly service?: ServiceSummary | Record<string, unknown>;
  readonly cache?: RedisSummary | ManagedCacheSummary | undefined;
  readonly deployment?: object;
}

/** A small stack in the order in which the engine registers it. */
function stack({
  waivers = [],
  service = SERVICE,
  cache = CACHE,
  deployment = container(BOUNDED),
}: StackParts): TestResource[] {
  const platform = { type: COMPONENT_TYPES.platform, name: "platform" };
  const backend = { type: COMPONENT_TYPES.elasticService, name: "backend" };
  const parent = urnOf(platform);
  return [
    { ...platform, props: { environment: "test", zones: 3, exposedService: "backend", waivers } },
    {
      type: cache.kind === "in-cluster" ? COMPONENT_TYPES.redis : COMPONENT_TYPES.elastiCache,
      name: "redis-cache",
      parent,
      props: cache,
    },
    { ...backend, parent, props: service },
    {
      type: "kubernetes:apps/v1:Deployment",
      name: "backend-deployment",
      parent: urnOf(backend),
      props: deployment,
    },
  ];
}

/** A plan that keeps all it promises but the throughput. */
const TOO_FEW: ServiceSummary = { ...SERVICE, ...planOf({ ...DEMAND, peakRps: 900 }) };

const waiver = (policy: string, expires: string): Waiver => ({
  policy,
  resource: "backend",
  reason: "load test runs on Friday",
  expires,
});

describe("policy pack", function () {
  this.timeout(90_000);
  let pack: PolicyPackProcess;

  // A process for each stack, as the engine starts one for each run.
  beforeEach(async () => {
    pack = await PolicyPackProcess.start();
  });

  afterEach(() => pack.stop());

  const review = (parts: StackParts): Promise<Verdict[]> => pack.review(stack(parts));

  it("has nothing against a stack that keeps its promise", async () => {
    assert.deepEqual(await review({}), []);
  });

  it("refuses a container without bounds and names the key of the component it belongs to", async () => {
    const [verdict, ...more] = await review({ deployment: container({ requests: { cpu: "1" } }) });
    assert.deepEqual(more, []);
    assert.deepEqual([verdict?.policy, verdict?.level], ["container-resources-bounded", "mandatory"]);
    assert.match(
      verdict?.message ?? "",
      /container "backend" of "backend" has no resources\.requests\.memory \(.*\), no resources\.limits\.memory \(.*\)\nchange: retrofitlink:services\.backend\.resources$/,
    );
  });

  it("says that bounds are not provable when they are not known yet", async () => {
    const verdicts = await review({
      deployment: container({ requests: { cpu: UNKNOWN, memory: "1Gi" }, limits: { memory: "1Gi" } }),
    });
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [["not-provable", "advisory"]],
    );
    assert.match(
      verdicts[0]?.message ?? "",
      /not provable at preview: container-resources-bounded\nstring value at \.spec\.template/,
    );
  });

  it("refuses a plan of which a proof does not hold, with its inequality and the keys that mend it", async () => {
    const [verdict, ...more] = await review({ service: TOO_FEW });
    assert.deepEqual(more, []);
    assert.deepEqual([verdict?.policy, verdict?.level], ["replicas-keep-response-time", "mandatory"]);
    assert.match(
      verdict?.message ?? "",
      /"backend" is planned for the throughput that it promises: not kept\n900\/s planned ≥ 1,000\/s promised does not hold\nchange: retrofitlink:services\.backend\.demand\.peakRps, or retrofitlink:services\.backend\.budget\.throughputRps\.target$/,
    );
  });

  it("refuses an object that is not what the plan says, and one that is not there", async () => {
    const witness = (name: string, at: readonly string[], is: string | number): Witness => ({
      type: "kubernetes:apps/v1:Deployment",
      name,
      at,
      is,
    });
    const container = ["spec", "template", "spec", "containers", "backend", "resources", "limits", "memory"];
    const witnesses = [
      witness("backend-deployment", container, "1Gi"),
      witness("backend-deployment", ["spec", "minReadySeconds"], 12),
      witness("gone", ["spec", "replicas"], 1),
    ];
    const verdicts = await review({ service: { ...SERVICE, witnesses } });
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [
        ["objects-equal-plan", "mandatory"],
        ["planned-objects-exist", "mandatory"],
      ],
    );
    assert.match(
      verdicts[0]?.message ?? "",
      /^Deployment "backend-deployment" is not what was proven\nspec\.minReadySeconds is not there; the plan has 12\nchange: .*: retrofitlink:services\.backend$/m,
    );
    assert.match(verdicts[1]?.message ?? "", /Deployment "gone" is in the plan and not in the program/);
  });

  it("refuses a cache that was planned for fewer connections than the services open", async () => {
    const [verdict, ...more] = await review({ cache: cacheOf({ users: [{ ...USERS[0]!, poolSize: 4 }] }) });
    assert.deepEqual(more, []);
    assert.deepEqual([verdict?.policy, verdict?.level], ["cache-connections-within-limits", "mandatory"]);
    assert.match(
      verdict?.message ?? "",
      /112 planned >= 168 = backend 168 does not hold\nchange: retrofitlink:caches\.redis-cache$/,
    );
  });

  it("refuses a cache whose limit or memory breaks its own plan", async () => {
    const tooMany = { ...USERS[0]!, poolSize: 3000 };
    const verdicts = await review({ cache: cacheOf({ users: [tooMany], memoryLimitMiB: 512 }) });
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [
        ["memory-within-limits", "mandatory"],
        ["connections-within-limits", "mandatory"],
      ],
    );
    assert.match(
      verdicts[1]?.message ?? "",
      /maxclients 65,000 ≥ 100,832 = ⌈84,000 · 1\.2⌉ \+ 32 in reserve/,
    );
  });

  it("finds a managed cache among those of the stack, and judges it alike", async () => {
    assert.deepEqual(await review({ cache: MANAGED }), []);
    await pack.stop();
    pack = await PolicyPackProcess.start();
    const few = planElastiCache({ cache: "redis-cache", purpose: "cache", workingSetMiB: 512 });
    const [verdict] = await review({ cache: { ...MANAGED, ...few } });
    assert.match(verdict?.message ?? "", /0 planned >= 168 = backend 168 does not hold/);
  });

  it("refuses a cache that is not in the stack", async () => {
    const [verdict] = await review({ service: { ...SERVICE, cachePools: { other: 2 } } });
    assert.match(
      verdict?.message ?? "",
      /"backend" connects to "other", which is not in the stack\nchange: retrofitlink:services\.backend\.caches\.other$/,
    );
  });

  it("lets a waived violation pass and keeps it in the report", async () => {
    const verdicts = await review({
      service: TOO_FEW,
      waivers: [waiver("replicas-keep-response-time", "2999-12-31")],
    });
    assert.deepEqual(
      verdicts.map(({ policy, level }) => [policy, level]),
      [["waivers-in-use", "advisory"]],
    );
    assert.match(
      verdicts[0]?.message ?? "",
      /waived until 2999-12-31: replicas-keep-response-time\nreason: load test runs on Friday\n"backend" is planned for/,
    );
  });

  it("does not let a waiver of another policy or workload help", async () => {
    const waivers = [
      waiver("container-resources-bounded", "2999-12-31"),
      { ...waiver("replicas-keep-response-time", "2999-12-31"), resource: "matching" },
    ];
    const verdicts = await review({ service: TOO_FEW, waivers });
    assert.deepEqual(
      verdicts.map(({ level }) => level),
      ["mandatory"],
    );
  });

  it("takes an expired waiver for none and says so", async () => {
    const [verdict] = await review({
      service: TOO_FEW,
      waivers: [waiver("replicas-keep-response-time", "2020-01-31")],
    });
    assert.equal(verdict?.level, "mandatory");
    assert.match(verdict?.message ?? "", /\nwaiver: expired on 2020-01-31 \("load test runs on Friday"\)$/);
  });
});
