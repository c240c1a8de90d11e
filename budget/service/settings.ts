/** Settings of a service that its plan is made from. */
import { z } from "zod";

import { budgetSettings } from "../core/budget-settings";
import {
  annotationKey,
  cidr,
  image,
  namespaceName,
  port,
  secretKey,
  secretName,
  urlPath,
  variableName,
  workloadName,
} from "../core/leaves";
import { about, choice, flag, group, list, map, number, ratio, retold } from "../core/settings";

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
    /** Seconds for which it may be out of its budget after the loss of a server of a cache. */
    cacheLossSeconds: number(
      { unit: "seconds", atLeast: 0, atMost: 86_400 },
      {
        fix: "Give how long the service may be out of its budget after a cache that it uses lost a server.",
        decides: "whether the loss of a cache is accepted",
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
      { unit: "cores", atLeast: 0.01, atMost: 256, digits: 3 },
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

/** How a service uses a cache. */
export const cacheUseSettings = group(
  {
    /** Calls that one request makes on average. */
    callsPerRequest: number(
      { above: 0, atMost: 10_000 },
      { fix: "Give the calls that one request makes on average.", decides: "pool, `maxclients`" },
    ),
    /** Mean round trip of one call, seconds. */
    callSeconds: number(
      { unit: "seconds", above: 0, atMost: 60 },
      { fix: "Give the mean round trip of one call.", decides: "pool, `maxclients`" },
    ),
  },
  { fix: "Say how the service uses the cache." },
);

/** How a service calls another one of its stack. */
const callSettings = group(
  {
    /** Calls that one request makes on average. */
    callsPerRequest: number(
      { above: 0, atMost: 1000 },
      {
        fix: "Give the calls that one request makes on average; 0.1 means every tenth request makes one.",
        decides: "demand that the other one has to carry",
      },
    ),
  },
  { fix: "Say how often a request calls it." },
);

/** One entry of a Secret in the service's namespace. */
export const secretEntrySettings = group(
  { name: secretName, key: secretKey },
  { fix: "Name a Secret of the namespace and one of its entries." },
);

/** What a service connects to outside the cluster. */
const outsideSettings = group(
  {
    port: retold(port, { fix: "Give the port that the service connects to." }),
    cidr: retold(cidr, { fix: "Leave it out for every address outside the cluster." }).optional(),
  },
  { fix: "Name a port, and the range it is at." },
);

/** Settings of a service by key, but for its use of the database. */
export const serviceSettings = {
  image,
  port: number(
    { atLeast: 1024, atMost: 65_535, whole: true },
    { fix: "Let the application listen above 1023." },
  ),
  demand: demandSettings,
  /** Share added to the peak. */
  margin: number(
    { unit: "share of the peak", atLeast: 0, atMost: 10 },
    { fix: "0.2 means 20 % more.", decides: "maxReplicas" },
  ),
  profile: profileSettings,
  balancing: balancingSetting,
  resilience: resilienceSettings,
  resources: resourceSettings,
  /** Longest request that the application may take, seconds. */
  maxRequestSeconds: number(
    { unit: "seconds", atLeast: 0.1, atMost: 600 },
    {
      fix: "Give the longest request the application may take; give longer work to a queue.",
      decides: "every timeout, drain",
    },
  ),
  health: group(
    { live: urlPath, ready: urlPath },
    { fix: "Give the paths of the probes.", decides: "probes" },
  ),
  environment: map(
    variableName,
    about(z.string(), {
      allowed: "text",
      fix: "Give text; where a number is meant, in quotation marks.",
      // A number under the name of a secret is one as well.
      hidden: true,
    }),
    { allowed: "a map of text", fix: "Give names and values of variables." },
  ),
  annotations: map(
    annotationKey,
    about(z.string(), {
      allowed: "text",
      fix: "Give text; where true or a number is meant, in quotation marks.",
    }),
    {
      allowed: "a map of text",
      fix: "Give what agents of the cluster read of a pod: a mesh, a log collector, a cost report.",
      decides: "annotations of the pods, which a change replaces",
    },
  ),
  secretEnvironment: map(variableName, secretEntrySettings, {
    allowed: "a map of name and key",
    fix: "Name the Secret of each variable.",
  }),
  caches: map(workloadName, cacheUseSettings, {
    allowed: "a map of caches",
    fix: "Name the caches that the service uses.",
  }),
  calls: map(workloadName, callSettings, {
    allowed: "a map of services",
    fix: "Name the services of this stack that it calls, and how often.",
    decides: "NetworkPolicies of both",
  }),
  callerNamespaces: list(namespaceName, {
    allowed: "a list of namespaces",
    fix: "Name the namespaces whose pods may call it, an ingress controller's for example.",
    decides: "NetworkPolicy",
  }),
  egress: list(outsideSettings, {
    allowed: "a list of maps of port and cidr",
    fix: "Name what it connects to outside the cluster.",
    decides: "NetworkPolicy",
  }),
  signsUrls: flag({
    fix: "True for a service that signs URLs for the CDN.",
    decides: "variables with the CDN's key",
  }),
  /** Processes of a pod that open pools of their own and share its memory. */
  processesPerPod: number(
    { atLeast: 1, atMost: 64, whole: true },
    { fix: "Count the processes that open connections.", decides: "connections, heap" },
  ),
  budget: budgetSettings,
};

/** How long a piece of a scale-up takes, seconds. */
export const reactionSetting = number(
  { unit: "seconds", atLeast: 0, atMost: 1800 },
  { fix: "Give what a scale-up in this cluster took.", decides: "autoscaler target" },
);
