import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { longestServiceTimeSeconds, type ReactionTime } from "../../budget/capacity";
import type { Demand, ServiceProfile } from "../../budget/demand";
import { budgetProblems, type PerformanceBudget } from "../../budget/performance-budget";
import { ladderProblems, type TimeoutLadder } from "../../budget/timeouts";
import { isPinnedImage } from "../shared/images";
import type { Problem } from "../shared/problems";
import type { Transform } from "../shared/transform";

/** A cache that the service calls. */
export interface ServiceCache {
  /** Workload name of the cache. The variables are called after it: `redis-cache` gives `REDIS_CACHE_HOST`. */
  readonly name: string;
  readonly host: pulumi.Input<string>;
  readonly port: number;
  /** Connections one process keeps, whole number >= 1. */
  readonly poolSize: number;
  /** Where the password is. */
  readonly passwordSecret: { readonly name: pulumi.Input<string>; readonly key: string };
}

/** Arguments of `ElasticService`. */
export interface ElasticServiceArgs {
  /** Path in the stack file that the arguments come from: `retrofitlink:services.backend`. */
  readonly configKey: string;
  readonly namespace: string;
  /** Name of the Deployment and of the `app` label; the Service is `<app>-service`. @default the component's name */
  readonly app?: string;
  /** Image with a tag other than `latest`, or a digest. */
  readonly image: pulumi.Input<string>;
  /** Port of the container and of the Service, 1024..65535: the container's user may not open lower ones. */
  readonly port: number;
  readonly budget: PerformanceBudget;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly resources: {
    /** CPU request of a pod, cores, > 0. There is no limit: a throttled pod breaks the percentiles first. */
    readonly cpuCores: number;
    /** Memory request and limit of a pod, MiB, >= 128. */
    readonly memoryMiB: number;
  };
  /** Zones the pods are spread over, whole number >= 1. */
  readonly zones: number;
  readonly timeouts: TimeoutLadder;
  /** Paths of the probes: `live` answers while the process works at all, `ready` while it can take requests. */
  readonly health: { readonly live: string; readonly ready: string };
  /** Variables of the container. They win over those that the platform derives. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** @default none */
  readonly caches?: readonly ServiceCache[];
  /** Processes of a pod that open pools of their own and share its memory, whole number >= 1. @default 1 */
  readonly processesPerPod?: number;
  /** @default DEFAULT_REACTION */
  readonly reaction?: ReactionTime;
  readonly transform?: {
    readonly serviceAccount?: Transform<k8s.core.v1.ServiceAccountArgs>;
    readonly deployment?: Transform<k8s.apps.v1.DeploymentArgs>;
    readonly service?: Transform<k8s.core.v1.ServiceArgs>;
    readonly pods?: Transform<k8s.core.v1.ServiceArgs>;
    readonly disruptionBudget?: Transform<k8s.policy.v1.PodDisruptionBudgetArgs>;
    readonly autoscaler?: Transform<k8s.autoscaling.v2.HorizontalPodAutoscalerArgs>;
  };
}

const APP = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Everything that makes a service impossible to build or to prove. An empty list means it is sound. */
export function elasticServiceProblems(args: ElasticServiceArgs): Problem[] {
  const problems: Problem[] = [];
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const { app, image, port, demand, profile, resources, zones, health, processesPerPod = 1 } = args;

  const validApp = app === undefined || APP.test(app);
  check(
    validApp,
    "app",
    app,
    "a DNS label of at most 52 characters",
    "Use lower-case letters, digits and hyphens.",
  );
  if (typeof image === "string") {
    check(
      isPinnedImage(image),
      "image",
      image,
      'an image with a digest, or with a tag other than "latest"',
      "Name the version, so that a restarted pod runs the same code as its neighbours.",
    );
  }
  const validPort = Number.isInteger(port) && port >= 1024 && port <= 65535;
  check(
    validPort,
    "port",
    port,
    "a whole number from 1024 to 65535",
    "Let the application listen above 1023.",
  );

  check(
    demand.baseRps > 0,
    "demand.baseRps",
    demand.baseRps,
    "a number above 0 (requests/s)",
    "Give the quiet-hour rate.",
  );
  check(
    demand.peakRps >= demand.baseRps,
    "demand.peakRps",
    demand.peakRps,
    `at least demand.baseRps, ${demand.baseRps} (requests/s)`,
    "Give the highest rate the platform must serve.",
  );
  check(
    demand.growthPerMinute >= 0,
    "demand.growthPerMinute",
    demand.growthPerMinute,
    "a number of at least 0 (share of the rate, per minute)",
    "0.2 means 20 % more within a minute.",
  );
  problems.push(...profileProblems(profile, args.budget));
  check(
    resources.cpuCores > 0,
    "resources.cpuCores",
    resources.cpuCores,
    "a number above 0 (cores)",
    "Give what a pod needs at maxUtilization.",
  );
  check(
    resources.memoryMiB >= 128 * processesPerPod,
    "resources.memoryMiB",
    resources.memoryMiB,
    `at least ${128 * processesPerPod} (MiB), 128 for each process`,
    "Give what a load test measured, with a fifth to spare.",
  );
  check(
    Number.isInteger(zones) && zones >= 1,
    "zones",
    zones,
    "a whole number of at least 1",
    "Count the zones of the cluster's nodes.",
  );
  const wholeProcesses = Number.isInteger(processesPerPod) && processesPerPod >= 1;
  check(
    wholeProcesses,
    "processesPerPod",
    processesPerPod,
    "a whole number of at least 1",
    "Count the processes that open connections.",
  );
  for (const probe of ["live", "ready"] as const) {
    check(
      health[probe].startsWith("/"),
      `health.${probe}`,
      health[probe],
      'a path that begins with "/"',
      "Give the path of the endpoint.",
    );
  }
  for (const name of Object.keys(args.environment ?? {})) {
    check(
      VARIABLE.test(name),
      `environment.${name}`,
      name,
      "letters, digits and underscores, no digit first",
      "Rename the variable.",
    );
  }
  for (const [index, cache] of (args.caches ?? []).entries()) {
    const whole = Number.isInteger(cache.poolSize) && cache.poolSize >= 1;
    check(
      whole,
      `caches[${index}].poolSize`,
      cache.poolSize,
      "a whole number of at least 1",
      `Correct the use of ${cache.name}.`,
    );
  }
  for (const { metric, step, message } of budgetProblems(args.budget)) {
    const [got = "", allowed = ""] = message.replace(/^is /, "").split("; allowed is ");
    problems.push({
      property: `budget.${metric}.${step}`,
      got: Number(got),
      allowed,
      fix: "Correct the budget.",
    });
  }
  for (const { inner, message } of ladderProblems(args.timeouts)) {
    problems.push({
      property: `timeouts.${inner}`,
      got: message,
      allowed: "a ladder without gaps",
      fix: "Derive it with timeoutLadder.",
    });
  }
  return problems;
}

function profileProblems(profile: ServiceProfile, budget: PerformanceBudget): Problem[] {
  const problems: Problem[] = [];
  const { serviceTimeSeconds, concurrencyPerPod, maxUtilization, warmUpSeconds } = profile;
  const longest = longestServiceTimeSeconds(budget);
  if (!(serviceTimeSeconds > 0 && serviceTimeSeconds < longest)) {
    problems.push({
      property: "profile.serviceTimeSeconds",
      got: serviceTimeSeconds,
      allowed: `above 0 and below ${longest.toFixed(4)} (seconds), or no number of pods keeps the response time`,
      fix: "Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.",
    });
  }
  if (!(Number.isInteger(concurrencyPerPod) && concurrencyPerPod >= 1)) {
    problems.push({
      property: "profile.concurrencyPerPod",
      got: concurrencyPerPod,
      allowed: "a whole number of at least 1",
      fix: "Give the requests a pod works on at the same time.",
    });
  }
  if (!(maxUtilization > 0 && maxUtilization <= 1)) {
    problems.push({
      property: "profile.maxUtilization",
      got: maxUtilization,
      allowed: "above 0 and at most 1",
      fix: "Give the utilization up to which p99 held in the load test.",
    });
  }
  if (!(warmUpSeconds >= 0)) {
    problems.push({
      property: "profile.warmUpSeconds",
      got: warmUpSeconds,
      allowed: "a number of at least 0 (seconds)",
      fix: "Give the time from start to full speed.",
    });
  }
  return problems;
}
