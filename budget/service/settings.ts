/** Settings of a service that its plan is made from. */
import type { z } from "zod";

import { choice, group, number, ratio } from "../core/settings";

/** What the service is expected to meet, at the service, behind the CDN. */
export const demandSettings = group(
  {
    /** Quiet-hour rate, requests/s. */
    baseRps: number(
      { unit: "requests/s", above: 0, atMost: 10_000_000 },
      { fix: "Give the quiet-hour rate.", decides: "minReplicas" },
    ),
    /** Highest rate the platform must serve, requests/s, >= baseRps. */
    peakRps: number(
      { unit: "requests/s", above: 0, atMost: 10_000_000 },
      { fix: "Give the highest rate the platform must serve.", decides: "maxReplicas, connections" },
    ),
    /** Steepest growth seen, relative to the current rate, per minute. 0.2 means 20 % more within a minute. */
    growthPerMinute: number(
      { unit: "share of the rate, per minute", atLeast: 0, atMost: 20 },
      { fix: "0.2 means 20 % more within a minute.", decides: "autoscaler target, speed of scale-up" },
    ),
  },
  { fix: "Say what the service has to serve." },
);

/** What a load test measured on one pod. */
export const profileSettings = group(
  {
    /** Mean time a pod works on one request with no queue in front of it, seconds. */
    serviceTimeSeconds: number(
      { unit: "seconds", above: 0, atMost: 600 },
      { fix: "Give the mean time of one request in an idle pod.", decides: "replicas, pools" },
    ),
    /** Its 95th percentile, seconds: with the 99th, or not at all. */
    serviceTimeP95Seconds: number(
      { unit: "seconds", above: 0, atMost: 600 },
      {
        fix: "Give the 95th percentile in an idle pod, and the 99th.",
        decides: "replicas, autoscaler target",
      },
    ).optional(),
    /** Its 99th percentile, seconds. */
    serviceTimeP99Seconds: number(
      { unit: "seconds", above: 0, atMost: 600 },
      {
        fix: "Give the 99th percentile in an idle pod, and the 95th.",
        decides: "replicas, autoscaler target",
      },
    ).optional(),
    /** CPU that one request takes, core-seconds. */
    cpuSecondsPerRequest: number(
      { unit: "core-seconds", above: 0, atMost: 600 },
      { fix: "Give the CPU that the pod took, divided by the requests.", decides: "autoscaler target" },
    ).optional(),
    /** Requests one pod works on at the same time before they wait for each other. */
    concurrencyPerPod: number(
      { atLeast: 1, atMost: 10_000, whole: true },
      { fix: "Give the requests a pod works on at the same time.", decides: "replicas, pools" },
    ),
    /** Highest utilization at which the p99 budget still held in the load test, 0..1. */
    maxUtilization: ratio({ decides: "replicas, autoscaler target" }),
    /** From container start to the first request at full speed, seconds. */
    warmUpSeconds: number(
      { unit: "seconds", atLeast: 0, atMost: 600 },
      { fix: "Give the time from start to full speed.", decides: "reaction time, probes, rollout" },
    ),
  },
  { fix: "Give what a load test of one pod measured." },
);

/** How requests are spread over the pods. */
export const balancingSetting = choice(["least-connections", "per-connection"], {
  fix: "Leave it out: the proxy's service has the first, all others the second.",
  decides: "replicas",
});

/** What a service need not survive unharmed. */
export const resilienceSettings = group(
  {
    /** Seconds for which it may be out of its budget after the loss of a zone. */
    zoneLossSeconds: number(
      { unit: "seconds", atLeast: 0, atMost: 86_400 },
      {
        fix: "Give how long the service may be out of its budget after the loss of a zone.",
        decides: "replicas, autoscaler target",
      },
    ).optional(),
  },
  { fix: "Say what the service need not survive unharmed." },
);

/** What a pod asks for. */
export const resourceSettings = group(
  {
    /** CPU request of a pod, cores. */
    cpuCores: number(
      { unit: "cores", atLeast: 0.01, atMost: 256 },
      { fix: "Give what a pod needs at maxUtilization; 500m is 0.5.", decides: "CPU request" },
    ),
    /** Memory request and limit of a pod, MiB. */
    memoryMiB: number(
      { unit: "MiB", atLeast: 128, atMost: 1_048_576, whole: true },
      {
        fix: "Give what a load test measured, with a fifth to spare.",
        decides: "memory request and limit, Node.js heap",
      },
    ),
    /** What a pod may write to `/tmp`, MiB. */
    scratchMiB: number(
      { unit: "MiB", atLeast: 1, atMost: 65_536, whole: true },
      { fix: "Give what a pod writes to /tmp at most.", decides: "ephemeral storage" },
    ).default(256),
  },
  { fix: "Give what a pod needs." },
);

export type DemandSettings = z.infer<typeof demandSettings>;
