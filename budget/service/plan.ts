/** The plan of one service: replicas, autoscaler target, memory, and the promises that they keep. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { duration, isShare, number, percent, plural, rate } from "../core/format";
import { given, type Plan } from "../core/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import { wholeUp } from "../core/rounding";
import {
  DEFAULT_REACTION,
  autoscalerTarget,
  concurrentRequests,
  longestServiceTimeSeconds,
  podsLost,
  replicasForLoad,
  resilientReplicas,
  responseTimeTail,
  type Disruption,
  type ReactionTime,
} from "./capacity";
import { livingPods, paceOf } from "./connections";
import type { Demand, ServiceProfile } from "./demand";

/** Pods a rollout may add, share of the replicas. None may be missing, so capacity never drops below the plan. */
export const MAX_SURGE = 0.25;

/** Pods that a drain may take at once. */
export const MAX_UNAVAILABLE = 1;

/** Share added to the peak when nobody says otherwise. */
export const PEAK_MARGIN = 0.2;

/** What a service is planned from. */
export interface ServiceInputs {
  /** As messages call it. */
  readonly service: string;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly budget: PerformanceBudget;
  /** Zones the pods are spread over, whole number >= 1. */
  readonly zones: number;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  /** Processes of a pod that open pools of their own, whole number >= 1. @default 1 */
  readonly processesPerPod?: number;
  /** Connections one process keeps to each cache, by the cache's name. @default none */
  readonly cachePools?: Readonly<Record<string, number>>;
  /** Connections one process keeps to each router of the database. @default 0: there is none */
  readonly databasePool?: number;
  /** How long a pod that was told to stop may take, seconds. @default unknown: in a rollout every pod may be there twice */
  readonly terminationSeconds?: number;
  /** @default PEAK_MARGIN */
  readonly margin?: number;
  /** @default DEFAULT_REACTION */
  readonly reaction?: ReactionTime;
}

/** Numbers of a service. */
export interface ServiceNumbers extends Numbers {
  /** Requests/s it is planned for. */
  readonly throughput: Derived;
  /** Seconds from a rise in load to a pod that helps. */
  readonly reaction: Derived;
  /** Utilization the autoscaler steers to, 0..1. */
  readonly target: Derived;
  /** Pods that serve the base load, and the peak with its margin, with nothing missing. */
  readonly atBase: Derived;
  readonly atPeak: Derived;
  /** Bounds of the autoscaler, pods. */
  readonly min: Derived;
  readonly max: Derived;
  /** Pods at most while a rollout runs at the upper bound. */
  readonly rollout: Derived;
  /** What a pod may use of its memory limit, MiB. */
  readonly memory: Derived;
}

export type ServicePlan = Plan<ServiceNumbers>;

/**
 * The whole derivation.
 *
 * At the target utilization the autoscaler asks for more pods than the queue needs, so both bounds take the larger of
 * the two: a maximum below what the autoscaler wants at peak would pin it, and its headroom for growth would be gone.
 *
 * @throws RangeError when no number of pods keeps the percentiles
 */
export function planService(inputs: ServiceInputs): ServicePlan {
  const { service, demand, profile, budget, zones, resources, margin = PEAK_MARGIN } = inputs;
  const { reaction: pieces = DEFAULT_REACTION } = inputs;
  const disruption = { zones, maxUnavailable: MAX_UNAVAILABLE };
  const reaction = reactionTime(profile, pieces);
  const target = targetOf(inputs, reaction);
  const peakRps = demand.peakRps * (1 + margin);
  const atBase = podsFor("Pods at base", demand.baseRps, "demand.baseRps", inputs, target);
  const atPeak = podsFor(`Pods at peak + ${percent(margin)}`, peakRps, "demand.peakRps", inputs, target);
  const min = bound("minReplicas", atBase, disruption);
  const max = bound("maxReplicas", atPeak, disruption);
  const surge = wholeUp(max.value * MAX_SURGE);
  const rollout = derived(
    "During a rollout",
    max.value + surge,
    "pods",
    `${max.value} + ⌈${max.value} · ${percent(MAX_SURGE)}⌉ = ${max.value + surge}: ` +
      `${plural((max.value + surge) * resources.cpuCores, "core")}, ${number((max.value + surge) * resources.memoryMiB, 0)} MiB at most`,
    ["resources.cpuCores", "resources.memoryMiB"],
  );
  const share = budget.memoryUtilization.target;
  const memory = derived(
    "Memory of a pod",
    resources.memoryMiB * share,
    "MiB",
    `${number(resources.memoryMiB, 0)} MiB · ${percent(share)} in use at most`,
    ["resources.memoryMiB", "budget.memoryUtilization.target"],
  );
  const pools = poolNumbers(inputs, max);
  const throughput = given("Throughput", demand.peakRps, "requests/s", "demand.peakRps");
  return {
    numbers: { throughput, reaction, target, atBase, min, atPeak, max, rollout, memory, ...pools },
    proofs: [
      throughputProof(service, inputs),
      ...responseTimeProofs(service, "at base", demand.baseRps, min.value, inputs, disruption),
      ...responseTimeProofs(service, "at peak", peakRps, max.value, inputs, disruption),
    ],
  };
}

/** What the pools of all pods come to, under `pool:` and the name of what they lead to. */
function poolNumbers(
  { cachePools = {}, databasePool = 0, processesPerPod = 1, terminationSeconds, profile }: ServiceInputs,
  max: Derived,
): Record<string, Derived> {
  const pace = terminationSeconds === undefined ? {} : { pace: paceOf(terminationSeconds, profile) };
  const living = livingPods({ maxReplicas: max.value, maxSurge: MAX_SURGE, processesPerPod, ...pace });
  const pool = (what: string, size: number, key: string): [string, Derived] => [
    `pool:${what}`,
    derived(
      `Connections to ${what}`,
      living * processesPerPod * size,
      "connections",
      `${plural(living, "pod")} in a rollout, with those that are ending · ${plural(processesPerPod, "process")} · ${size} at most`,
      [key],
    ),
  ];
  return Object.fromEntries([
    ...Object.entries(cachePools).map(([cache, size]) => pool(cache, size, `caches.${cache}`)),
    ...(databasePool === 0 ? [] : [pool("each router of the database", databasePool, "database")]),
  ]);
}

function reactionTime(profile: ServiceProfile, pieces: ReactionTime): Derived {
  const named: readonly (readonly [string, number])[] = [
    ["metrics", pieces.metricsSeconds],
    ["autoscaler", pieces.autoscalerSyncSeconds],
    ["scheduling", pieces.schedulingSeconds],
    ["node", pieces.nodeSeconds],
    ["warm-up", profile.warmUpSeconds],
  ];
  const seconds = named.reduce((sum, [, piece]) => sum + piece, 0);
  const terms = named
    .filter(([, piece]) => piece > 0)
    .map(([name, piece]) => `${name} ${number(piece, 1)} s`);
  return derived("Reaction time", seconds, "whole seconds", `T = ${terms.join(" + ")}`, [
    "profile.warmUpSeconds",
  ]);
}

function targetOf({ demand, profile, budget, reaction }: ServiceInputs, time: Derived): Derived {
  return derived(
    "Autoscaler target",
    autoscalerTarget(demand, profile, budget, reaction),
    "ratio",
    `u* = min(${percent(budget.cpuUtilization.target)} CPU, ${percent(profile.maxUtilization)} ÷ ` +
      `(1 + ${number(demand.growthPerMinute)}/min · ${text(time)}))`,
    ["profile.maxUtilization", "demand.growthPerMinute", "budget.cpuUtilization.target"],
  );
}

function podsFor(
  name: string,
  rps: number,
  key: string,
  { profile, budget }: ServiceInputs,
  target: Derived,
): Derived {
  const { serviceTimeSeconds, concurrencyPerPod } = profile;
  const offered = concurrentRequests(rps, serviceTimeSeconds);
  const byUtilization = wholeUp(offered / (concurrencyPerPod * target.value));
  const byWaiting = replicasForLoad(rps, { ...profile, maxUtilization: 1 }, budget);
  const pods = replicasForLoad(rps, { ...profile, maxUtilization: target.value }, budget);
  return derived(
    name,
    pods,
    "pods",
    `λ·S = ${rate(rps)} · ${duration(serviceTimeSeconds)} = ${number(offered)} in service; ` +
      `max(⌈${number(offered)} ÷ (${concurrencyPerPod} · ${text(target)})⌉ = ${byUtilization}, Erlang C ${byWaiting})`,
    [key, "profile.serviceTimeSeconds", "profile.concurrencyPerPod"],
  );
}

function bound(name: string, needed: Derived, disruption: Disruption): Derived {
  const { zones, maxUnavailable } = disruption;
  const pods = resilientReplicas(needed.value, disruption);
  const lost = podsLost(pods, disruption);
  const worst =
    zones > 1 ? `max(a zone ⌈${pods} ÷ ${zones}⌉, a drain ${maxUnavailable})` : `a drain ${maxUnavailable}`;
  return derived(
    name,
    pods,
    "pods",
    `the fewest with ${pods} − ${worst} = ${pods - lost} ≥ ${needed.value}`,
    [...needed.from.slice(0, 1), "retrofitlink:cluster.zones"],
  );
}

function throughputProof(service: string, { demand, budget }: ServiceInputs): Proof {
  return {
    policy: "replicas-keep-response-time",
    statement: `"${service}" is planned for the throughput that it promises`,
    inequality: `${rate(demand.peakRps)} planned ≥ ${rate(budget.throughputRps.target)} promised`,
    holds: demand.peakRps >= budget.throughputRps.target,
    mend: ["demand.peakRps", "budget.throughputRps.target"],
  };
}

function responseTimeProofs(
  service: string,
  when: string,
  rps: number,
  planned: number,
  { profile, budget }: ServiceInputs,
  disruption: Disruption,
): Proof[] {
  const left = planned - podsLost(planned, disruption);
  const offered = concurrentRequests(rps, profile.serviceTimeSeconds);
  const percentiles = [
    ["p95", budget.responseTimeP95Seconds.target, 0.05, "responseTimeP95Seconds"],
    ["p99", budget.responseTimeP99Seconds.target, 0.01, "responseTimeP99Seconds"],
  ] as const;
  return percentiles.map(([name, seconds, allowed, metric]) => {
    const slower = responseTimeTail(
      left * profile.concurrencyPerPod,
      offered,
      profile.serviceTimeSeconds,
      seconds,
    );
    return {
      policy: "replicas-keep-response-time",
      statement: `"${service}" keeps ${name} ${when} with a zone or a drained pod missing`,
      inequality:
        `with ${left} of ${plural(planned, "pod")} left at ${rate(rps)}: ` +
        `P(t > ${duration(seconds)}) ${isShare(slower)} ≤ ${percent(allowed)}`,
      holds: slower <= allowed,
      mend: [
        "profile.serviceTimeSeconds",
        "profile.concurrencyPerPod",
        `budget.${metric}.target`,
        when === "at base" ? "demand.baseRps" : "demand.peakRps",
      ],
      assumes: [
        "exponential service times",
        "even balancing over the pods",
        "pods spread evenly over the zones",
      ],
    };
  });
}

/** Whether any number of pods can keep the percentiles, so that there is a plan at all. */
export function canBePlanned({ profile, budget }: Pick<ServiceInputs, "profile" | "budget">): boolean {
  return profile.serviceTimeSeconds < longestServiceTimeSeconds(budget);
}
