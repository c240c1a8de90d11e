import assert from "node:assert/strict";

import { pathText } from "../../../../budget/core/issues";
import { resolvedServiceArgs } from "../../../../components/workload/elastic-service-args";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { timeoutChain } from "../../../../budget/timeouts/timeouts";
import { describeIssue } from "../../../../components/shared/issues";
import {
  ElasticService,
  elasticServiceIssues,
  type ElasticServiceArgs,
  type ServiceCache,
} from "../../../../components/workload/elastic-service";
import { record } from "../../../helpers/pulumi";

const timeouts = timeoutChain({ maxRequestSeconds: 10, cloud: "aws" });

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
  timeouts,
  health: { live: "/health", ready: "/ready" },
};

const cache: ServiceCache = {
  name: "redis-cache",
  host: "redis-cache.retrofitlink.svc",
  port: 6379,
  poolSize: 6,
  passwordSecret: { name: "redis-cache-credentials", key: "password" },
};

function messages(change: Partial<ElasticServiceArgs>): string[] {
  return elasticServiceIssues(resolvedServiceArgs("backend", { ...args, ...change })).map((found) =>
    describeIssue(found),
  );
}

/** Properties with an issue, for values that differ in nothing but how they are wrong. */
function properties(change: Partial<ElasticServiceArgs>): string[] {
  return elasticServiceIssues(resolvedServiceArgs("backend", { ...args, ...change })).map(({ path }) =>
    pathText(path),
  );
}

describe("elasticServiceIssues", () => {
  it("finds none in sound arguments, with and without what may be left out", () => {
    assert.deepEqual(messages({}), []);
    assert.deepEqual(
      messages({
        app: "backend",
        caches: [cache, { ...cache, name: "redis-session" }],
        environment: { LOG_LEVEL: "info" },
        secretEnvironment: { MONGODB_URI: { name: "mongodb", key: "uri" } },
        processesPerPod: 8,
        margin: 0,
      }),
      [],
    );
  });

  it("is asked before anything is created, and all its answers come at once with the key to change", async () => {
    const wrong: Partial<ElasticServiceArgs> = {
      app: "Backend",
      namespace: "retrofit_link",
      image: "registry.example.com:5000/backend",
      port: 80,
      demand: { baseRps: 10, peakRps: 5, growthPerMinute: -1 },
      margin: -0.1,
      reaction: { metricsSeconds: 15, autoscalerSyncSeconds: -15, schedulingSeconds: 5, nodeSeconds: 0 },
      profile: { serviceTimeSeconds: 0, concurrencyPerPod: 0, maxUtilization: 75, warmUpSeconds: -1 },
      resources: { cpuCores: 0, memoryMiB: 64 },
      zones: 0,
      processesPerPod: 0,
      health: { live: "health", ready: "" },
    };
    const key = "  - retrofitlink:services.backend";
    const recording = await record(() =>
      assert.throws(() => new ElasticService("backend", { ...args, ...wrong }), {
        message: [
          'ElasticService "backend" cannot be built:',
          `${key}.app: got "Backend"; allowed is a DNS label of at most 52 characters. Use lower-case letters, digits and hyphens, a letter first.`,
          `${key}.namespace: got "retrofit_link"; allowed is a DNS label of at most 63 characters. Use lower-case letters, digits and hyphens, a letter first.`,
          `${key}.image: got "registry.example.com:5000/backend"; allowed is an image with a digest, or with a tag other than "latest". Name the version, so that a restarted pod runs the same code as its neighbours.`,
          `${key}.port: got 80; allowed is a whole number from 1024 to 65,535. Let the application listen above 1023.`,
          `${key}.demand.growthPerMinute: got -1; allowed is a number from 0 to 20 (share of the rate, per minute). 0.2 means 20 % more within a minute.`,
          `${key}.margin: got -0.1; allowed is a number from 0 to 10 (share of the peak). 0.2 means 20 % more.`,
          `${key}.reaction.autoscalerSyncSeconds: got -15; allowed is a number from 0 to 1,800 (seconds). Give what a scale-up in this cluster took.`,
          `${key}.profile.serviceTimeSeconds: got 0; allowed is a number above 0 and at most 600 (seconds). Give the mean time of one request in an idle pod.`,
          `${key}.profile.concurrencyPerPod: got 0; allowed is a whole number from 1 to 10,000. Give the requests a pod works on at the same time.`,
          `${key}.profile.maxUtilization: got 75; allowed is above 0 and at most 1. Give a share: 0.7 is 70 %.`,
          `${key}.profile.warmUpSeconds: got -1; allowed is a number from 0 to 600 (seconds). Give the time from start to full speed.`,
          `${key}.resources.cpuCores: got 0; allowed is a number with 3 digits after the point at most, from 0.01 to 256 (cores). Give what a pod needs at maxUtilization; 500m is 0.5.`,
          `${key}.resources.memoryMiB: got 64; allowed is a whole number from 128 to 1,048,576 (MiB). Give what a load test measured, with a fifth to spare.`,
          `${key}.zones: got 0; allowed is a whole number from 1 to 6. Count the zones of the cluster's nodes.`,
          `${key}.processesPerPod: got 0; allowed is a whole number from 1 to 64. Count the processes that open connections.`,
          `${key}.health.live: got "health"; allowed is a path that begins with "/", without spaces and "#". Give the path of the endpoint.`,
          `${key}.health.ready: got ""; allowed is a path that begins with "/", without spaces and "#". Give the path of the endpoint.`,
        ].join("\n"),
      }),
    );
    assert.deepEqual(recording.typesAndNames(), []);
  });

  it("compares its numbers when each of them is one", () => {
    const demand = { baseRps: 10, peakRps: 5, growthPerMinute: 0 };
    const profile = { ...args.profile, serviceTimeSeconds: 0.5 };
    assert.deepEqual(
      messages({ demand, profile, resources: { cpuCores: 1, memoryMiB: 255 }, processesPerPod: 2 }),
      [
        "demand.peakRps: got 5; allowed is at least demand.baseRps, 10 (requests/s). The peak is the highest rate of the day, and the base the lowest.",
        "resources.memoryMiB: got 255; allowed is at least 256 (MiB), 128 for each process. Give the pod more memory, or let it run fewer processes.",
        "profile.serviceTimeSeconds: got 0.5; allowed is below 0.0668 (seconds), or no number of pods keeps the response time. Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.",
      ],
    );
  });

  it("knows a pinned image from one that moves", () => {
    const wrong = (image: string): boolean => properties({ image }).includes("image");
    const images = [
      "a/b:1",
      "a:5000/b:1",
      `a/b@sha256:${"0".repeat(64)}`,
      "a/b",
      "a/b:latest",
      "a:5000/b",
      "a/b:",
      "",
    ];
    assert.deepEqual(images.map(wrong), [false, false, false, true, true, true, true, true]);
  });

  it("takes infinity and not-a-number for no quantity", () => {
    for (const none of [Infinity, NaN]) {
      assert.deepEqual(
        properties({
          port: none,
          demand: { baseRps: none, peakRps: none, growthPerMinute: none },
          margin: none,
          profile: {
            serviceTimeSeconds: none,
            concurrencyPerPod: none,
            maxUtilization: none,
            warmUpSeconds: none,
          },
          resources: { cpuCores: none, memoryMiB: none },
          zones: none,
          processesPerPod: none,
        }),
        [
          "port",
          "demand.baseRps",
          "demand.peakRps",
          "demand.growthPerMinute",
          "margin",
          "profile.serviceTimeSeconds",
          "profile.concurrencyPerPod",
          "profile.maxUtilization",
          "profile.warmUpSeconds",
          "resources.cpuCores",
          "resources.memoryMiB",
          "zones",
          "processesPerPod",
        ],
      );
    }
  });

  it("asks for memory for the heap of each process, in whole MiB", () => {
    const memory = (memoryMiB: number, processesPerPod: number): string[] =>
      messages({ resources: { cpuCores: 1, memoryMiB }, processesPerPod });
    assert.deepEqual(memory(512, 4), []);
    assert.deepEqual(memory(511, 4), [
      "resources.memoryMiB: got 511; allowed is at least 512 (MiB), 128 for each process. " +
        "Give the pod more memory, or let it run fewer processes.",
    ]);
    assert.deepEqual(memory(700.5, 1), [
      "resources.memoryMiB: got 700.5; allowed is a whole number from 128 to 1,048,576 (MiB). " +
        "Give what a load test measured, with a fifth to spare.",
    ]);
  });

  it("refuses variables that a shell could not name, that are there twice, or that name no entry", () => {
    assert.deepEqual(
      messages({
        environment: { "1ST": "x", LOG_LEVEL: "info" },
        secretEnvironment: {
          LOG_LEVEL: { name: "log", key: "level" },
          "MONGODB-URI": { name: "mongodb", key: "uri" },
          MONGODB_URI: { name: "mongodb", key: "the uri" },
        },
      }),
      [
        'environment.1ST: got "1ST"; allowed is a name of letters, digits and underscores, no digit first. Rename the variable.',
        'secretEnvironment.MONGODB-URI: got "MONGODB-URI"; allowed is a name of letters, digits and underscores, no digit first. Rename the variable.',
        'secretEnvironment.MONGODB_URI.key: got "the uri"; allowed is the key of an entry of the Secret: letters, digits, hyphens, underscores and dots. See `kubectl describe secret`.',
        'secretEnvironment.LOG_LEVEL: got "LOG_LEVEL"; allowed is a variable that environment does not set. Remove it from one of the two.',
      ],
    );
  });

  it("refuses a cache that cannot be reached, or that is named twice", () => {
    const broken: ServiceCache = {
      ...cache,
      name: "Redis",
      port: 0,
      poolSize: 1.5,
      passwordSecret: { name: "redis", key: "" },
    };
    assert.deepEqual(messages({ caches: [cache, broken, cache] }), [
      'caches[1].name: got "Redis"; allowed is a DNS label of at most 52 characters. Use lower-case letters, digits and hyphens, a letter first.',
      "caches[1].port: got 0; allowed is a whole number from 1 to 65,535. Give the port that it listens on.",
      "caches[1].poolSize: got 1.5; allowed is a whole number from 1 to 100,000 (connections). Give the connections that one process keeps.",
      'caches[1].passwordSecret.key: got ""; allowed is the key of an entry of the Secret: letters, digits, hyphens, underscores and dots. See `kubectl describe secret`.',
      'caches[2].name: got "redis-cache"; allowed is a cache that is not in the list yet. Remove one of the two.',
    ]);
  });

  it("reports a key of signed URLs that no Secret can have, and a lifetime that no rule has", () => {
    const keySecret = { name: "signing-key", key: "a key" };
    assert.deepEqual(messages({ urlSigning: { provider: "cloudflare", lifetimeSeconds: 0.5, keySecret } }), [
      'urlSigning.keySecret.key: got "a key"; allowed is the key of an entry of the Secret: letters, digits, hyphens, underscores and dots. See `kubectl describe secret`.',
      "urlSigning.lifetimeSeconds: got 0.5; allowed is a whole number from 1 to 604,800 (seconds). Give the lifetime of the zone's rule.",
    ]);
  });

  it("reports a budget that is wrong, and derives nothing from it", () => {
    const responseTimeP99Seconds = { target: 0, warning: 0.5, critical: 1 };
    assert.deepEqual(messages({ budget: { ...DEFAULT_BUDGET, responseTimeP99Seconds } }), [
      "budget.responseTimeP99Seconds.target: got 0; allowed is a number above 0 and at most 3,600 (seconds). Target, warning and critical go from the promise to the alarm.",
    ]);
  });

  it("reports a timeout chain that does not hold, at the step to change", () => {
    const broken = {
      ...timeouts,
      request: { ...timeouts.request, database: 11 },
      drain: { ...timeouts.drain, terminationGrace: 20 },
    };
    assert.deepEqual(messages({ timeouts: broken }), [
      "timeouts.request.database: got 11; allowed is a timeout chain that holds. request.database is 11 s; it has to be below request.application, 10 s, or the outer hop gives up before the inner one can report what failed.",
      "timeouts.drain.terminationGrace: got 20; allowed is a timeout chain that holds. drain.terminationGrace is 20 s; it has to be above drain.preStop + request.proxy, 62 s, or the last requests are killed.",
    ]);
  });
});
