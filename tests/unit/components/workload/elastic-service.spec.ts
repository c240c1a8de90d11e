import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";

import { DEFAULT_BUDGET } from "../../../../budget/performance-budget";
import { timeoutLadder } from "../../../../budget/timeouts";
import {
  ElasticService,
  elasticServiceProblems,
  servicePlan,
  type ElasticServiceArgs,
} from "../../../../components/workload/elastic-service";
import { record, type Recording } from "../../../helpers/pulumi";

const ARGS: ElasticServiceArgs = {
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

const CACHE = {
  name: "redis-cache",
  host: "redis-cache.retrofitlink.svc",
  port: 6379,
  poolSize: 6,
  passwordSecret: { name: "redis-cache-credentials", key: "password" },
};

const build = (more: Partial<ElasticServiceArgs> = {}, preview = false): Promise<Recording> =>
  record(() => new ElasticService("backend", { ...ARGS, ...more }), { preview });

const deployment = (recording: Recording): any => recording.only("kubernetes:apps/v1:Deployment").inputs;
const container = (recording: Recording): any => deployment(recording).spec.template.spec.containers[0];
const autoscaler = (recording: Recording): any =>
  recording.only("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs;
const variables = (recording: Recording): Record<string, any> =>
  Object.fromEntries(
    container(recording).env.map((entry: any) => [entry.name, entry.value ?? entry.valueFrom]),
  );

describe("ElasticService", () => {
  for (const preview of [false, true]) {
    it(`registers exactly its parts${preview ? " at preview" : ""}`, async () => {
      assert.deepEqual((await build({}, preview)).typesAndNames(), [
        "kubernetes:apps/v1:Deployment backend-deployment",
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler backend-autoscaler",
        "kubernetes:core/v1:Service backend-pods",
        "kubernetes:core/v1:Service backend-service",
        "kubernetes:core/v1:ServiceAccount backend-service-account",
        "kubernetes:policy/v1:PodDisruptionBudget backend-disruption-budget",
        "retrofitlink:workload:ElasticService backend",
      ]);
    });
  }

  it("carries the names that operators type", async () => {
    const recording = await build();
    const names = recording
      .ofType("kubernetes:core/v1:Service")
      .map(({ inputs }: any) => inputs.metadata.name);
    assert.deepEqual(names.sort(), ["backend-pods", "backend-service"]);
    assert.equal(deployment(recording).metadata.name, "backend");
    const [service] = recording.ofType("kubernetes:core/v1:Service").map(({ inputs }: any) => inputs.spec);
    assert.deepEqual(service.ports, [{ name: "http", port: 3000, targetPort: "http" }]);
  });

  it("leaves the number of replicas to the autoscaler, whose numbers are the budget's", async () => {
    const recording = await build();
    const plan = servicePlan(ARGS);
    assert.equal("replicas" in deployment(recording).spec, false);
    const { spec } = autoscaler(recording);
    assert.deepEqual([spec.minReplicas, spec.maxReplicas], [plan.min, plan.max]);
    assert.deepEqual(spec.metrics, [
      {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: "backend",
          target: { type: "Utilization", averageUtilization: Math.floor(plan.targetUtilization * 100) },
        },
      },
    ]);
  });

  it("scales up at once and down slowly", async () => {
    const { behavior } = autoscaler(await build()).spec;
    assert.deepEqual(behavior.scaleUp, {
      stabilizationWindowSeconds: 0,
      selectPolicy: "Max",
      policies: [
        { type: "Percent", value: 100, periodSeconds: 15 },
        { type: "Pods", value: 4, periodSeconds: 15 },
      ],
    });
    assert.equal(behavior.scaleDown.stabilizationWindowSeconds, 300);
    assert.equal(behavior.scaleDown.selectPolicy, "Min");
  });

  it("scales up faster than doubling where demand does", async () => {
    const { behavior } = autoscaler(await build({ demand: { ...ARGS.demand, growthPerMinute: 2 } })).spec;
    assert.ok(behavior.scaleUp.policies[0].value > 100);
  });

  it("rolls out without a pod missing, and counts a pod only when it is warm", async () => {
    const { spec } = deployment(await build());
    assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: "25%", maxUnavailable: 0 });
    assert.equal(spec.minReadySeconds, 12);
    assert.equal(spec.progressDeadlineSeconds, 360);
  });

  it("asks three questions with three probes", async () => {
    const { startupProbe, readinessProbe, livenessProbe } = container(await build());
    assert.deepEqual(
      [startupProbe, readinessProbe, livenessProbe].map((probe: any) => [
        probe.httpGet.path,
        probe.periodSeconds * probe.failureThreshold,
      ]),
      [
        ["/health", 60],
        ["/ready", 15],
        ["/health", 60],
      ],
    );
  });

  it("drains before it stops, within the grace period", async () => {
    const recording = await build();
    const pod = deployment(recording).spec.template.spec;
    const { drain, request } = ARGS.timeouts;
    assert.deepEqual(container(recording).lifecycle, { preStop: { sleep: { seconds: drain.preStop } } });
    assert.equal(pod.terminationGracePeriodSeconds, drain.terminationGrace);
    assert.ok(drain.preStop + request.application < drain.terminationGrace);
  });

  it("passes the restricted Pod Security Standard", async () => {
    const recording = await build();
    const pod = deployment(recording).spec.template.spec;
    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.deepEqual(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
    assert.equal(pod.automountServiceAccountToken, false);
    assert.deepEqual(container(recording).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("bounds memory and leaves CPU unbounded", async () => {
    assert.deepEqual(container(await build()).resources, {
      requests: { cpu: "1", memory: "1024Mi" },
      limits: { memory: "1024Mi" },
    });
  });

  it("tells the application what was derived for it", async () => {
    const found = variables(await build({ caches: [CACHE] }));
    assert.deepEqual(found, {
      NODE_ENV: "production",
      PORT: "3000",
      NODE_OPTIONS: "--max-old-space-size=768",
      REQUEST_TIMEOUT_MS: "10000",
      DATABASE_TIMEOUT_MS: "8000",
      KEEP_ALIVE_TIMEOUT_MS: "75000",
      SHUTDOWN_TIMEOUT_MS: "17000",
      REDIS_CACHE_HOST: "redis-cache.retrofitlink.svc",
      REDIS_CACHE_PORT: "6379",
      REDIS_CACHE_POOL_SIZE: "6",
      REDIS_CACHE_PASSWORD: { secretKeyRef: { name: "redis-cache-credentials", key: "password" } },
    });
  });

  it("lets a variable of the caller win, once", async () => {
    const recording = await build({
      environment: { NODE_ENV: "staging", LOG_LEVEL: pulumi.output("debug") },
    });
    const names = container(recording).env.map(({ name }: any) => name as string);
    assert.equal(names.filter((name: string) => name === "NODE_ENV").length, 1);
    assert.equal(variables(recording)["NODE_ENV"], "staging");
    assert.equal(variables(recording)["LOG_LEVEL"], "debug");
  });

  it("never blocks a drain and keeps the disruption budget's promise", async () => {
    const { spec }: any = (await build()).only("kubernetes:policy/v1:PodDisruptionBudget").inputs;
    assert.deepEqual([spec.maxUnavailable, spec.unhealthyPodEvictionPolicy], [1, "AlwaysAllow"]);
    assert.ok(servicePlan(ARGS).min > spec.maxUnavailable);
  });

  it("gives policies a summary of plain numbers", async () => {
    const { inputs } = (await build({ caches: [CACHE] })).only("retrofitlink:workload:ElasticService");
    assert.deepEqual(inputs, {
      configKey: "retrofitlink:services.backend",
      workload: "backend",
      namespace: "retrofitlink",
      budget: DEFAULT_BUDGET,
      demand: ARGS.demand,
      profile: ARGS.profile,
      replicas: servicePlan(ARGS),
      zones: 3,
      maxUnavailable: 1,
      maxSurge: 0.25,
      cpuCores: 1,
      memoryMiB: 1024,
      processesPerPod: 1,
      cachePools: { "redis-cache": 6 },
      timeouts: ARGS.timeouts,
    });
  });

  it("applies a transform last, as a record or as a function", async () => {
    const recording = await build({
      transform: {
        service: { metadata: { name: "other" } },
        autoscaler: (args, childName) => ({ ...args, metadata: { name: `${childName}-changed` } }),
      },
    });
    const names = recording
      .ofType("kubernetes:core/v1:Service")
      .map(({ inputs }: any) => inputs.metadata.name);
    assert.ok(names.includes("other"));
    assert.equal(autoscaler(recording).metadata.name, "backend-autoscaler-changed");
  });

  it("takes an image that is not known yet", async () => {
    const image = pulumi.output(Promise.resolve("registry.example.com/backend:1"));
    assert.equal(container(await build({ image }, true)).image, "registry.example.com/backend:1");
  });

  it("reports every mistake at once, with the key of the stack file", () => {
    const args: ElasticServiceArgs = {
      ...ARGS,
      image: "registry.example.com:5000/backend",
      port: 80,
      demand: { baseRps: 10, peakRps: 5, growthPerMinute: -1 },
      profile: { serviceTimeSeconds: 0.5, concurrencyPerPod: 0, maxUtilization: 75, warmUpSeconds: -1 },
      resources: { cpuCores: 0, memoryMiB: 64 },
      health: { live: "health", ready: "/ready" },
    };
    assert.throws(() => new ElasticService("backend", args), {
      message: [
        'ElasticService "backend" cannot be built:',
        '  - retrofitlink:services.backend.image: got "registry.example.com:5000/backend"; allowed is an image with a digest, or with a tag other than "latest". Name the version, so that a restarted pod runs the same code as its neighbours.',
        "  - retrofitlink:services.backend.port: got 80; allowed is a whole number from 1024 to 65535. Let the application listen above 1023.",
        "  - retrofitlink:services.backend.demand.peakRps: got 5; allowed is at least demand.baseRps, 10 (requests/s). Give the highest rate the platform must serve.",
        "  - retrofitlink:services.backend.demand.growthPerMinute: got -1; allowed is a number of at least 0 (share of the rate, per minute). 0.2 means 20 % more within a minute.",
        "  - retrofitlink:services.backend.profile.serviceTimeSeconds: got 0.5; allowed is above 0 and below 0.0668 (seconds), or no number of pods keeps the response time. Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.",
        "  - retrofitlink:services.backend.profile.concurrencyPerPod: got 0; allowed is a whole number of at least 1. Give the requests a pod works on at the same time.",
        "  - retrofitlink:services.backend.profile.maxUtilization: got 75; allowed is above 0 and at most 1. Give the utilization up to which p99 held in the load test.",
        "  - retrofitlink:services.backend.profile.warmUpSeconds: got -1; allowed is a number of at least 0 (seconds). Give the time from start to full speed.",
        "  - retrofitlink:services.backend.resources.cpuCores: got 0; allowed is a number above 0 (cores). Give what a pod needs at maxUtilization.",
        "  - retrofitlink:services.backend.resources.memoryMiB: got 64; allowed is at least 128 (MiB), 128 for each process. Give what a load test measured, with a fifth to spare.",
        '  - retrofitlink:services.backend.health.live: got "health"; allowed is a path that begins with "/". Give the path of the endpoint.',
      ].join("\n"),
    });
  });

  it("knows a pinned image from one that moves", () => {
    const problems = (image: string): number => elasticServiceProblems({ ...ARGS, image }).length;
    assert.deepEqual(
      ["a/b:1", "a:5000/b:1", `a/b@sha256:${"0".repeat(64)}`, "a/b", "a/b:latest", "a:5000/b"].map(problems),
      [0, 0, 0, 1, 1, 1],
    );
  });

  it("plans a range that survives a drain, whatever the demand", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 5000, noNaN: true }),
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 3 }),
        (baseRps, factor, growthPerMinute, zones) => {
          const demand = { baseRps, peakRps: baseRps * factor, growthPerMinute };
          const plan = servicePlan({ ...ARGS, demand, zones });
          return (
            plan.min >= 2 && plan.min <= plan.max && plan.targetUtilization <= ARGS.profile.maxUtilization
          );
        },
      ),
    );
  });
});
