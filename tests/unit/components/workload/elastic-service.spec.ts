import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";

import { DEFAULT_BUDGET } from "../../../../budget/performance-budget";
import { timeoutLadder } from "../../../../budget/timeouts";
import { qualifiedHost } from "../../../../components/load-balancing/nginx";
import {
  ElasticService,
  servicePlan,
  type ElasticServiceArgs,
} from "../../../../components/workload/elastic-service";
import { record, type RecordedResource } from "../../../helpers/pulumi";

const args: ElasticServiceArgs = {
  configKey: "retrofitlink:services.backend",
  namespace: "retrofitlink",
  image: "registry.example.com/backend:1.4.2",
  port: 3000,
  budget: DEFAULT_BUDGET,
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
  resources: { cpuCores: 1, memoryMiB: 1024 },
  zones: 3,
  timeouts: timeoutLadder({ maxRequestSeconds: 10, cloud: "aws" }),
  health: { live: "/health", ready: "/ready" },
};

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
  "kubernetes:policy/v1:PodDisruptionBudget backend-disruption-budget",
  "retrofitlink:workload:ElasticService backend",
];

type Fields = Record<string, unknown>;

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

interface PodTemplate {
  readonly metadata: { readonly labels: Fields };
  readonly spec: Fields & { readonly containers: readonly [Fields & { readonly env: readonly Variable[] }] };
}

function build(change: Partial<ElasticServiceArgs> = {}, options = {}): ReturnType<typeof record> {
  return record(() => new ElasticService("backend", { ...args, ...change }), options);
}

function specOf(resource: RecordedResource): Fields {
  return resource.inputs["spec"] as Fields;
}

function nameOf(resource: RecordedResource): string {
  return (resource.inputs["metadata"] as { name: string }).name;
}

async function deployment(change: Partial<ElasticServiceArgs> = {}): Promise<Fields> {
  return specOf((await build(change)).only("kubernetes:apps/v1:Deployment"));
}

async function template(change: Partial<ElasticServiceArgs> = {}): Promise<PodTemplate> {
  return (await deployment(change))["template"] as PodTemplate;
}

async function container(change: Partial<ElasticServiceArgs> = {}): Promise<Fields> {
  return (await template(change)).spec.containers[0];
}

async function variables(change: Partial<ElasticServiceArgs> = {}): Promise<Fields> {
  const { env } = (await template(change)).spec.containers[0];
  const entries = env.map(({ name, value, valueFrom }): [string, unknown] => [name, value ?? valueFrom]);
  const found = Object.fromEntries(entries);
  assert.equal(Object.keys(found).length, env.length, "a variable is there twice");
  return found;
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
    assert.deepEqual(
      (await build({ caches: [cache] })).only("retrofitlink:workload:ElasticService").inputs,
      {
        configKey: "retrofitlink:services.backend",
        workload: "backend",
        namespace: "retrofitlink",
        budget: DEFAULT_BUDGET,
        demand: args.demand,
        profile: args.profile,
        replicas: servicePlan(args),
        zones: 3,
        maxUnavailable: 1,
        maxSurge: 0.25,
        cpuCores: 1,
        memoryMiB: 1024,
        processesPerPod: 1,
        cachePools: { "redis-cache": 6 },
        timeouts: args.timeouts,
      },
    );
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
      assert.deepEqual(replicas, servicePlan(args));
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
        autoscaler: (given, childName) => ({ ...given, metadata: { name: `${childName}-changed` } }),
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

describe("ElasticService, its autoscaler", () => {
  it("owns the number of replicas alone, with the numbers of the budget", async () => {
    const plan = servicePlan(args);
    assert.deepEqual([plan.min, plan.max], [3, 14]);
    assert.equal("replicas" in (await deployment()), false);
    const spec = await autoscaler();
    assert.deepEqual([spec["minReplicas"], spec["maxReplicas"]], [3, 14]);
    assert.deepEqual(spec["scaleTargetRef"], { apiVersion: "apps/v1", kind: "Deployment", name: "backend" });
    // 0.75 / (1 + 0.25 * 47 / 60) = 0.627, rounded down
    assert.deepEqual(spec["metrics"], [
      {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: "backend",
          target: { type: "Utilization", averageUtilization: 62 },
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
    const plan = servicePlan({ ...args, margin: 1, reaction });
    assert.deepEqual([slower["minReplicas"], slower["maxReplicas"]], [plan.min, plan.max]);
    assert.ok(plan.max > servicePlan(args).max);
    assert.equal(plan.reactionSeconds, 107);
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
          const plan = servicePlan({ ...args, demand, profile, zones });
          const lost = Math.max(1, zones > 1 ? Math.ceil(plan.min / zones) : 0);
          assert.ok(plan.min >= 2 && plan.min <= plan.max);
          assert.ok(plan.min - lost >= plan.atBase);
          assert.ok(plan.targetUtilization <= Math.min(profile.maxUtilization, 0.7));
        },
      ),
    );
  });
});

describe("ElasticService, its pods", () => {
  it("roll out without a pod missing, and count only when they are warm", async () => {
    const spec = await deployment();
    assert.deepEqual(spec["strategy"], {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 },
    });
    assert.deepEqual(
      [spec["minReadySeconds"], spec["progressDeadlineSeconds"], spec["revisionHistoryLimit"]],
      [12, 360, 5],
    );
  });

  it("answer three questions for three purposes", async () => {
    const { startupProbe, readinessProbe, livenessProbe } = await container();
    const live = { path: "/health", port: "http" };
    assert.deepEqual(startupProbe, {
      httpGet: live,
      periodSeconds: 2,
      timeoutSeconds: 2,
      failureThreshold: 30,
    });
    assert.deepEqual(readinessProbe, {
      httpGet: { path: "/ready", port: "http" },
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 3,
    });
    assert.deepEqual(livenessProbe, {
      httpGet: live,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    });
  });

  it("get three warm-ups of time to start", async () => {
    const { startupProbe } = await container({ profile: { ...args.profile, warmUpSeconds: 45 } });
    const { periodSeconds, failureThreshold } = startupProbe as Record<string, number>;
    assert.deepEqual([periodSeconds, failureThreshold], [2, 68]);
  });

  it("drain before they stop: serve on, answer the last request, and only then be killed", async () => {
    const { spec } = await template();
    const { drain, request } = args.timeouts;
    assert.deepEqual(spec.containers[0]["lifecycle"], { preStop: { sleep: { seconds: 50 } } });
    assert.equal(spec["terminationGracePeriodSeconds"], 67);
    assert.ok(drain.deregistration < drain.preStop);
    assert.ok(drain.preStop + request.proxy < drain.terminationGrace);
  });

  it("may be drained one at a time, and always when they are broken", async () => {
    const budget = (await build()).only("kubernetes:policy/v1:PodDisruptionBudget");
    assert.deepEqual(budget.inputs["spec"], {
      selector: { matchLabels: { app: "backend" } },
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    });
  });

  it('pass the "restricted" Pod Security Standard, without a token', async () => {
    const recording = await build();
    const { spec } = await template();
    assert.deepEqual(spec["securityContext"], {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(spec.containers[0]["securityContext"], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.deepEqual(spec.containers[0]["volumeMounts"], [{ name: "tmp", mountPath: "/tmp" }]);
    assert.deepEqual(spec["volumes"], [{ name: "tmp", emptyDir: {} }]);
    assert.equal(spec["serviceAccountName"], "backend");
    assert.equal(spec["automountServiceAccountToken"], false);
    const account = recording.only("kubernetes:core/v1:ServiceAccount");
    assert.equal(account.inputs["automountServiceAccountToken"], false);
  });

  it("have bounded memory and unbounded CPU", async () => {
    assert.deepEqual((await container())["resources"], {
      requests: { cpu: "1", memory: "1024Mi" },
      limits: { memory: "1024Mi" },
    });
  });

  it("spread over zones and nodes, each rollout by itself", async () => {
    const constraints = (await template()).spec["topologySpreadConstraints"] as Fields[];
    assert.deepEqual(
      constraints.map(({ topologyKey, whenUnsatisfiable, matchLabelKeys }) => [
        topologyKey,
        whenUnsatisfiable,
        matchLabelKeys,
      ]),
      [
        ["topology.kubernetes.io/zone", "ScheduleAnyway", ["pod-template-hash"]],
        ["kubernetes.io/hostname", "ScheduleAnyway", ["pod-template-hash"]],
      ],
    );
  });
});

describe("ElasticService, the variables of its container", () => {
  const DERIVED = {
    NODE_ENV: "production",
    PORT: "3000",
    NODE_OPTIONS: "--max-old-space-size=768",
    REQUEST_TIMEOUT_MS: "10000",
    DATABASE_TIMEOUT_MS: "8000",
    KEEP_ALIVE_TIMEOUT_MS: "75000",
    SHUTDOWN_TIMEOUT_MS: "17000",
  };

  it("tell the application what was derived for it", async () => {
    assert.deepEqual(await variables(), DERIVED);
  });

  it("name each cache, with its password in a Secret", async () => {
    assert.deepEqual(await variables({ caches: [cache] }), {
      ...DERIVED,
      REDIS_CACHE_HOST: "redis-cache.retrofitlink.svc",
      REDIS_CACHE_PORT: "6379",
      REDIS_CACHE_POOL_SIZE: "6",
      REDIS_CACHE_PASSWORD: { secretKeyRef: { name: "redis-cache-credentials", key: "password" } },
    });
  });

  it("divide the heap among the processes of a pod", async () => {
    assert.equal(
      (await variables({ processesPerPod: 3 }))["NODE_OPTIONS"],
      "--max-old-space-size=256",
    );
  });

  it("let those of the caller win, whether they are values or in Secrets", async () => {
    const uri = { name: "mongodb-credentials", key: "uri" };
    assert.deepEqual(
      await variables({
        environment: { NODE_ENV: "staging", LOG_LEVEL: pulumi.output("debug") },
        secretEnvironment: { MONGODB_URI: uri, NODE_OPTIONS: { name: "flags", key: "node" } },
      }),
      {
        ...DERIVED,
        NODE_ENV: "staging",
        LOG_LEVEL: "debug",
        MONGODB_URI: { secretKeyRef: uri },
        NODE_OPTIONS: { secretKeyRef: { name: "flags", key: "node" } },
      },
    );
  });
});

describe("ElasticService, at preview", () => {
  it("is built from an image and a cache that are not known yet", async () => {
    const recording = await record(
      () => {
        const { id } = new k8s.core.v1.ConfigMap("unknown");
        const { podsHost } = new ElasticService("backend", {
          ...args,
          image: pulumi.interpolate`registry.example.com/backend@${id}`,
          environment: { RELEASE: id },
          caches: [{ ...cache, host: id, passwordSecret: { name: id, key: "password" } }],
        });
        podsHost.apply((host) => assert.equal(host, "backend-pods.retrofitlink.svc"));
      },
      { preview: true },
    );
    console.log(JSON.stringify(recording.only("kubernetes:apps/v1:Deployment").inputs));
    assert.deepEqual(recording.typesAndNames(), [...RESOURCES, "kubernetes:core/v1:ConfigMap unknown"].sort());
  });
});
