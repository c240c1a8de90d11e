/** Settings of autoscaling: of one service, and of the cluster. */
import { z } from "zod";

import { secretName, workloadName } from "../core/leaves";
import { about, choice, flag, group, list, number, retold, ruled, text } from "../core/settings";
import { TIMEZONE, isTimezone } from "../core/timezone";
import { CRON, OVER_AT_ONCE, isCron } from "./cron";

/** Kubernetes: the longest key of Redis that anybody writes into a file. */
const redisKey = text(/^[^\s]{1,250}$/, {
  allowed: "a key of Redis, without spaces",
  fix: "Give the key as the service writes it.",
});

const cron = ruled(text(/\S/, CRON), isCron, CRON);

const timezone = ruled(text(/^[A-Za-z][A-Za-z0-9_+/-]*$/, TIMEZONE), isTimezone, TIMEZONE);

/** Rate of requests that pods have to be there for. */
const rps = number(
  { unit: "requests/s", above: 0, atMost: 10_000_000 },
  { fix: "Give the highest rate that is expected while it lasts.", decides: "pods while it lasts" },
);

const scheduled = ruled(
  group(
    { name: workloadName, timezone, start: cron, end: cron, requestsPerSecond: rps },
    { fix: "Say when it is and how much is expected." },
  ),
  ({ start, end }) => start.trim() !== end.trim(),
  OVER_AT_ONCE,
  ["end"],
);

const queueCommon = {
  name: workloadName,
  cache: retold(workloadName, { fix: "Name a cache of this stack." }),
  entriesPerPod: number(
    { atLeast: 1, atMost: 1_000_000, whole: true },
    { fix: "Give how many entries may wait for one pod.", decides: "pods" },
  ),
};

const queue = about(
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("redis-list"), ...queueCommon, list: redisKey }),
    z.strictObject({
      kind: z.literal("redis-stream"),
      ...queueCommon,
      stream: redisKey,
      consumerGroup: redisKey,
    }),
  ]),
  {
    allowed: '"redis-list" or "redis-stream"',
    fix: "Say where the work waits; the other keys depend on it.",
  },
);

/** How far beyond its target a metric may be before pods are added or taken away. */
const tolerance = (most: number): ReturnType<typeof number> =>
  number(
    { unit: "share of the target", atLeast: 0, atMost: most },
    { fix: "Leave it out for Kubernetes's own 0.1.", decides: "when pods are added and taken away" },
  );

/** Autoscaling of one service. */
export const serviceScalingSettings = group(
  {
    kind: choice(["hpa", "keda"], {
      fix: "Leave it out: what is asked for decides.",
      decides: "who owns the replicas",
    }).optional(),
    signal: choice(["cpu", "requests-in-flight", "requests-per-second"], {
      fix: "Leave it out: a service whose slots run out before its CPU follows requests in flight.",
      decides: "what the replicas follow",
    }).optional(),
    usualPeakRps: retold(rps, {
      fix: "Give the median rate of the busiest hour.",
      decides: "pods while metrics are missing",
    }).optional(),
    schedule: list(scheduled, {
      allowed: "a list of loads that are known beforehand",
      fix: "Give name, timezone, start, end and requestsPerSecond of each.",
      decides: "cron triggers",
    }).optional(),
    queues: list(queue, {
      allowed: "a list of queues in caches of this stack",
      fix: "Give name, kind, cache and entriesPerPod of each.",
      decides: "queue triggers",
    }).optional(),
    forecast: group(
      {
        mode: choice(["off", "preview", "on"], {
          fix: "Begin with preview, which only publishes what it would ask for.",
          decides: "rules in Prometheus, a second trigger",
        }),
        horizonSeconds: number(
          { unit: "seconds", atLeast: 60, atMost: 7200 },
          {
            fix: "Leave it out: from a rise in load to a pod that helps.",
            decides: "how far it looks ahead",
          },
        ).optional(),
        mostRps: retold(rps, {
          fix: "Give the rate that the forecast may ask for at most.",
          decides: "cost envelope",
        }).optional(),
      },
      { fix: "Say whether pods are there before the load is." },
    ).optional(),
    memory: choice(["none", "Off", "InPlaceOrRecreate"], {
      fix: "Begin with Off, which only recommends.",
      decides: "VerticalPodAutoscaler",
    }).optional(),
    tolerance: group(
      // A wider one upwards would add pods later than the plan has proven.
      { up: tolerance(0.1).optional(), down: tolerance(1).optional() },
      { fix: "Leave it out for Kubernetes's own." },
    ).optional(),
  },
  { fix: "Leave it out: it follows from the profile." },
);

const operator = (name: string): ReturnType<typeof choice<["install", "existing"]>> =>
  choice(["install", "existing"], {
    fix: `Say existing where the cluster has ${name} already.`,
    decides: "Helm Release",
  });

/** The Prometheus that KEDA asks. */
export const prometheusSettings = group(
  {
    url: text(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, {
      allowed: "an address like http://prometheus-operated.monitoring.svc:9090",
      fix: "Give the address that a pod of the cluster reaches it by, without user and password.",
      otherwise: "the one that monitoring installs",
      decides: "triggers of KEDA",
    }).optional(),
    authentication: choice(["none", "bearer", "basic", "tls"], {
      fix: "Say how KEDA proves who it is.",
      decides: "TriggerAuthentication",
    }).optional(),
    secretName: retold(secretName, {
      fix: "Name the Secret with token; username and password; or ca.crt, tls.crt and tls.key.",
    }).optional(),
    rules: choice(["object", "file"], {
      fix: "Say file where there is no Prometheus operator: the rules are printed, and somebody loads them.",
      decides: "PrometheusRule",
    }).optional(),
  },
  { fix: "Say where Prometheus is." },
);

/** How pods are there while nodes start. */
export const headroomSetting = choice(["none", "capacity-buffer", "pause-pods"], {
  fix: "Choose capacity-buffer where the node autoscaler knows it, pause-pods elsewhere.",
  decides: "room for pods while a node starts",
});

/** Operators of the cluster. */
export const operatorSettings = {
  keda: operator("KEDA"),
  verticalPodAutoscaler: operator("the VerticalPodAutoscaler"),
  metricsServer: operator("metrics-server"),
};

/** The cluster knows `tolerance` of an HPA: Kubernetes 1.37, or earlier where the feature is switched on. */
export const toleranceSetting = flag({
  fix: "True from Kubernetes 1.37 on, or where the API server has HPAConfigurableTolerance.",
  decides: "services.<name>.autoscaling.tolerance",
});
