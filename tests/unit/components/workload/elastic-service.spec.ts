import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";

import { planService } from "../../../../budget/service/plan";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { timeoutChain } from "../../../../budget/timeouts/timeouts";
import { HorizontalAutoscaler } from "../../../../components/autoscaling/horizontal-autoscaler";
import { qualifiedHost } from "../../../../components/load-balancing/proxy/proxy-args";
import { ElasticService, type ElasticServiceArgs } from "../../../../components/workload/elastic-service";
import { judgedObjects } from "../../../helpers/witnesses";
import { record, type RecordedResource, type Recording } from "../../../helpers/pulumi";

const args = {
  configKey: "retrofitlink:services.backend",
  namespace: "retrofitlink",
  image: "registry.example.com/backend:1.4.2",
  port: 3000,
  budget: DEFAULT_BUDGET,
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
  resources: { cpuCores: 1, memoryMiB: 1024 },
  zones: 3,
  timeouts: timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
  health: { live: "/health", ready: "/ready" },
} satisfies ElasticServiceArgs;

const cache = {
  name: "redis-cache",
  host: "redis-cache.retrofitlink.svc",
  port: 6379,
  poolSize: 6,
  passwordSecret: { name: "redis-cache-credentials", key: "password" },
};

const RESOURCES = [
  "kubernetes:apps/v1:Deployment backend-deployment",
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler backend-autoscaler",
  "kubernetes:core/v1:Service backend-pods",
  "kubernetes:core/v1:Service backend-service",
  "kubernetes:core/v1:ServiceAccount backend-service-account",
  "kubernetes:networking.k8s.io/v1:NetworkPolicy backend-network-policy",
  "kubernetes:policy/v1:PodDisruptionBudget backend-disruption-budget",
  "retrofitlink:autoscaling:DisruptionBudget backend-disruption-budget",
  "retrofitlink:autoscaling:HorizontalAutoscaler backend-autoscaler",
  "retrofitlink:workload:ElasticService backend",
];

type Fields = Record<string, unknown>;

interface PodTemplate {
  readonly spec: {
    readonly containers: readonly [Fields & { readonly env: readonly { readonly name: string }[] }];
  };
}

function build(change: Partial<ElasticServiceArgs> = {}, options = {}): Promise<Recording> {
  return record(() => new ElasticService("backend", { ...args, ...change }), options);
}

function specOf(resource: RecordedResource): Fields {
  return resource.inputs["spec"] as Fields;
}

function nameOf(resource: RecordedResource): string {
  return (resource.inputs["metadata"] as { name: string }).name;
}

async function autoscaler(change: Partial<ElasticServiceArgs> = {}): Promise<Fields> {
  return specOf((await build(change)).only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler"));
}

describe("ElasticService", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    assert.deepEqual((await build()).typesAndNames(), RESOURCES);
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), RESOURCES);
  });

  it("gives policies a summary of plain numbers", async () => {
    const { inputs } = (await build({ caches: [cache] })).only("retrofitlink:workload:ElasticService");
    const { numbers, order, proofs, witnesses, ...rest } = inputs;
    const plan = planService({ ...args, service: "backend", cachePools: { "redis-cache": 6 } });
    assert.deepEqual({ numbers, proofs }, plan);
    assert.deepEqual(order, Object.keys(plan.numbers));
    assert.ok((witnesses as unknown[]).length > 10);
    assert.deepEqual(rest, {
      configKey: "retrofitlink:services.backend",
      workload: "backend",
      namespace: "retrofitlink",
      budget: DEFAULT_BUDGET,
      demand: args.demand,
      profile: args.profile,
      replicas: { min: 5, max: 15 },
      zones: 3,
      maxUnavailable: 1,
      maxSurge: 0.25,
      cpuCores: 1,
      memoryMiB: 1024,
      processesPerPod: 1,
      cachePools: { "redis-cache": 6 },
      databasePool: 0,
      timeouts: args.timeouts,
    });
  });

  it("names its objects as operators type them, after the app and not after the component", async () => {
    const names = async (change: Partial<ElasticServiceArgs>): Promise<string[]> =>
      (await build(change)).resources
        .filter((resource) => resource.type.startsWith("kubernetes:"))
        .map((resource) => `${resource.type.split(":")[2] ?? ""} ${nameOf(resource)}`)
        .sort();
    const expected = (app: string): string[] => [
      `Deployment ${app}`,
      `HorizontalPodAutoscaler ${app}`,
      `NetworkPolicy ${app}`,
      `PodDisruptionBudget ${app}`,
      `Service ${app}-pods`,
      `Service ${app}-service`,
      `ServiceAccount ${app}`,
    ];
    assert.deepEqual(await names({}), expected("backend"));
    assert.deepEqual(await names({ app: "api" }), expected("api"));
  });

  it("offers one cluster address, and one name for all pods", async () => {
    const specs = (await build()).ofType("kubernetes:core/v1:Service").map(specOf);
    const ports = [{ name: "http", port: 3000, targetPort: "http" }];
    assert.deepEqual(specs, [
      { type: "ClusterIP", selector: { app: "backend" }, ports },
      { clusterIP: "None", selector: { app: "backend" }, ports },
    ]);
  });

  it("tells where it is, in names that a proxy without search domains can complete", async () => {
    const told: string[] = [];
    await record(() => {
      const { host, podsHost, url, deploymentName, port, replicas } = new ElasticService("backend", args);
      assert.equal(port, 3000);
      assert.deepEqual(replicas, { min: 5, max: 15 });
      pulumi.all([host, podsHost, url, deploymentName]).apply((values) => told.push(...values));
    });
    assert.deepEqual(told, [
      "backend-service.retrofitlink.svc",
      "backend-pods.retrofitlink.svc",
      "http://backend-service.retrofitlink.svc:3000",
      "backend",
    ]);
    assert.deepEqual(
      told.slice(0, 2).map((host) => qualifiedHost(host, "edge", "cluster.local")),
      ["backend-service.retrofitlink.svc.cluster.local", "backend-pods.retrofitlink.svc.cluster.local"],
    );
  });

  it("applies a transform last, as a record or as a function", async () => {
    const recording = await build({
      transform: {
        service: { metadata: { name: "other" } },
        deployment: (given) => ({ ...given, spec: { replicas: 7, selector: {}, template: {} } }),
        autoscaler: (given, _opts, childName) => ({ ...given, metadata: { name: `${childName}-changed` } }),
      },
    });
    assert.deepEqual(recording.ofType("kubernetes:core/v1:Service").map(nameOf), ["other", "backend-pods"]);
    assert.equal(specOf(recording.only("kubernetes:apps/v1:Deployment"))["replicas"], 7);
    assert.equal(
      nameOf(recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")),
      "backend-autoscaler-changed",
    );
  });
});

describe("ElasticService, alone in somebody's program", () => {
  it("is built from an image and what a load test measured", async () => {
    const { image, demand, profile, resources } = args;
    const recording = await record(() => new ElasticService("quotes", { image, demand, profile, resources }));
    const { inputs } = recording.only("retrofitlink:workload:ElasticService");
    assert.deepEqual(
      [inputs["configKey"], inputs["workload"], inputs["namespace"], inputs["zones"]],
      ["quotes", "quotes", "default", 3],
    );
    const deployment = recording.only("kubernetes:apps/v1:Deployment").inputs;
    assert.deepEqual((deployment["metadata"] as Fields)["namespace"], "default");
  });

  it("plans what its replicas follow by itself, from a Prometheus and a clock", async () => {
    const { image, demand, profile, resources } = args;
    const sale = {
      name: "sale",
      timezone: "UTC",
      start: "0 9 * * *",
      end: "0 10 * * *",
      requestsPerSecond: 900,
    };
    const prometheus = { url: "http://prometheus:9090", namespace: "default" };
    const recording = await record(
      () =>
        new ElasticService("quotes", {
          image,
          demand,
          profile,
          resources,
          autoscaling: { prometheus, scaling: { signal: "requests-in-flight", schedule: [sale] } },
        }),
    );
    const { spec } = recording.only("kubernetes:keda.sh/v1alpha1:ScaledObject").inputs as {
      spec: { triggers: { name: string }[] };
    };
    assert.deepEqual(
      spec.triggers.map(({ name }) => name),
      ["requests-in-flight", "cpu", "sale"],
    );
    assert.equal(recording.ofType("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").length, 0);
    assert.deepEqual(judgedObjects(recording).wrong, []);
  });

  it("goes into a namespace that is only known later, and shows its children", async () => {
    const seen: unknown[] = [];
    const recording = await record(() => {
      const namespace = new k8s.core.v1.Namespace("team", { metadata: { name: "team-a" } });
      const { image, demand, profile, resources } = args;
      const service = new ElasticService("quotes", {
        image,
        demand,
        profile,
        resources,
        namespace: namespace.metadata.name,
      });
      service.host.apply((host) => seen.push(host));
      assert.ok(service.autoscaler instanceof HorizontalAutoscaler);
    });
    assert.deepEqual(seen, ["quotes-service.team-a.svc"]);
    const { inputs } = recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler");
    assert.equal((inputs["metadata"] as Fields)["namespace"], "team-a");
  });

  it("says in its own words what is wrong, without a key of a stack file", async () => {
    const { image, demand, profile, resources } = args;
    const wrong = { ...demand, peakRps: 1 };
    await assert.rejects(
      record(() => new ElasticService("quotes", { image, demand: wrong, profile, resources })),
      /ElasticService "quotes" cannot be built:\n {2}- demand\.peakRps: got 1; allowed is at least/,
    );
  });
});

describe("ElasticService, its autoscaler", () => {
  it("owns the number of replicas alone, with the numbers of the budget", async () => {
    const recording = await build();
    assert.equal("replicas" in specOf(recording.only("kubernetes:apps/v1:Deployment")), false);
    const spec = specOf(recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler"));
    assert.deepEqual([spec["minReplicas"], spec["maxReplicas"]], [5, 15]);
    assert.deepEqual(spec["scaleTargetRef"], { apiVersion: "apps/v1", kind: "Deployment", name: "backend" });
    // Up to 42 % CPU nothing is added: 5, 7 or 11 pods, of which 3, 4 or 7 are left, carry that.
    assert.deepEqual(spec["metrics"], [
      {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: "backend",
          target: { type: "Utilization", averageUtilization: 38 },
        },
      },
    ]);
  });

  it("scales up at once and down slowly", async () => {
    assert.deepEqual((await autoscaler())["behavior"], {
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: "Max",
        policies: [
          { type: "Percent", value: 100, periodSeconds: 15 },
          { type: "Pods", value: 4, periodSeconds: 15 },
        ],
      },
      scaleDown: {
        stabilizationWindowSeconds: 300,
        selectPolicy: "Min",
        policies: [
          { type: "Percent", value: 10, periodSeconds: 60 },
          { type: "Pods", value: 2, periodSeconds: 60 },
        ],
      },
    });
  });

  it("scales up faster than doubling where demand does", async () => {
    const behavior = (await autoscaler({ demand: { ...args.demand, growthPerMinute: 2 } }))["behavior"];
    const { scaleUp } = behavior as { scaleUp: { policies: [{ value: number }] } };
    // 2 a minute for 47 s of reaction and two steps of 15 s
    assert.equal(scaleUp.policies[0].value, 257);
  });

  it("plans for a larger margin and a slower cluster when told so", async () => {
    const reaction = { metricsSeconds: 15, autoscalerSyncSeconds: 15, schedulingSeconds: 5, nodeSeconds: 60 };
    const slower = await autoscaler({ margin: 1, reaction });
    const { numbers } = planService({ ...args, service: "backend", margin: 1, reaction });
    assert.deepEqual([slower["minReplicas"], slower["maxReplicas"]], [numbers.min.value, numbers.max.value]);
    assert.ok(numbers.max.value > 15);
    assert.equal(numbers.reaction.value, 107);
  });

  it("survives a drain and a lost zone, whatever the demand and the profile", () => {
    fc.assert(
      fc.property(
        fc.record({
          baseRps: fc.double({ min: 1, max: 5000, noNaN: true }),
          factor: fc.double({ min: 1, max: 5, noNaN: true }),
          growthPerMinute: fc.double({ min: 0, max: 2, noNaN: true }),
        }),
        fc.record({
          serviceTimeSeconds: fc.double({ min: 0.001, max: 0.06, noNaN: true }),
          concurrencyPerPod: fc.integer({ min: 1, max: 64 }),
          maxUtilization: fc.double({ min: 0.3, max: 1, noNaN: true }),
          warmUpSeconds: fc.double({ min: 0, max: 120, noNaN: true }),
        }),
        fc.integer({ min: 1, max: 6 }),
        ({ baseRps, factor, growthPerMinute }, profile, zones) => {
          const demand = { baseRps, peakRps: baseRps * factor, growthPerMinute };
          const { numbers } = planService({ ...args, service: "any", demand, profile, zones });
          const [min, max] = [numbers.min.value, numbers.max.value];
          const lost = Math.max(1, zones > 1 ? Math.ceil(min / zones) : 0);
          assert.ok(min >= 2 && min <= max);
          const { serviceTimeSeconds, concurrencyPerPod, maxUtilization } = profile;
          const carried = (min - lost) * concurrencyPerPod * maxUtilization;
          assert.ok(carried >= baseRps * serviceTimeSeconds);
          assert.ok(numbers.target.value <= 0.7 && numbers.busy.value <= Math.max(maxUtilization, 0.02));
        },
      ),
    );
  });
});

describe("ElasticService, at preview", () => {
  it("is built from an image and a cache that are not known yet, and is proved all the same", async () => {
    const recording = await record(
      () => {
        // At preview nothing has an id.
        const { id } = new k8s.core.v1.ConfigMap("unknown");
        return new ElasticService("backend", {
          ...args,
          image: id,
          environment: { RELEASE: id },
          caches: [{ ...cache, host: id, passwordSecret: { name: id, key: "password" } }],
        });
      },
      { preview: true },
    );
    assert.deepEqual(
      recording.typesAndNames(),
      [...RESOURCES, "kubernetes:core/v1:ConfigMap unknown"].sort(),
    );
    const { template } = specOf(recording.only("kubernetes:apps/v1:Deployment"));
    const { image, env } = (template as PodTemplate).spec.containers[0];
    assert.deepEqual(
      [image, ...env.slice(-5)].map((field) => pulumi.containsUnknowns(field)),
      [true, true, false, false, true, true],
    );
    assert.deepEqual(
      env.slice(-5).map(({ name }) => name),
      ["REDIS_CACHE_HOST", "REDIS_CACHE_PORT", "REDIS_CACHE_POOL_SIZE", "REDIS_CACHE_PASSWORD", "RELEASE"],
    );
    const { inputs } = recording.only("retrofitlink:workload:ElasticService");
    assert.deepEqual(inputs["replicas"], { min: 5, max: 15 });
    assert.equal(pulumi.containsUnknowns(inputs), false);
  });
});
