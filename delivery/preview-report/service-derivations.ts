/** How the numbers of a service follow from its budget, its demand and its profile. */
import {
  DEFAULT_REACTION,
  autoscalerTarget,
  concurrentRequests,
  longestServiceTimeSeconds,
  podsLost,
  reactionSeconds,
  replicasForLoad,
  resilientReplicas,
  responseTimeTail,
  type ReactionTime,
} from "../../budget/service/capacity";
import { expectedClients } from "../../budget/service/connections";
import { MONITORS_PER_HOST, clientsPerRouter } from "../../budget/database/mongodb";
import { wholeUp } from "../../budget/core/rounding";
import type { ServiceSummary } from "../../budget/service/summary";
import { same, type Derivation } from "../../report/derivation";
import { duration, isShare, mebibytes, number, percent, plural, rate } from "../../budget/core/format";

/** Share that `replicaPlan` adds to the peak when nobody says otherwise. */
export const PEAK_MARGIN = 0.2;

/** Everything derived for one service, in the order in which one number follows from the other. */
export function serviceDerivations(summary: ServiceSummary): Derivation[] {
  const { demand, replicas } = summary;
  const before = [throughput(summary), reaction(summary), target(summary)];
  const after = [rollout(summary), ...pools(summary), memory(summary)];
  if (summary.profile.serviceTimeSeconds >= longestServiceTimeSeconds(summary.budget)) {
    return [tooSlow(summary), ...before, ...after];
  }
  const peakRps = demand.peakRps * (1 + PEAK_MARGIN);
  const [base, peak] = [["demand.baseRps"], ["demand.peakRps"]];
  return [
    ...before,
    load("Pods at base", demand.baseRps, replicas.atBase, summary, base),
    bound("Fewest pods", replicas.atBase, replicas.min, summary),
    responseTime("Response at base", demand.baseRps, replicas.min, summary, base),
    load(`Pods at peak + ${percent(PEAK_MARGIN)}`, peakRps, replicas.atPeak, summary, peak),
    bound("Most pods", replicas.atPeak, replicas.max, summary),
    responseTime("Response at peak", peakRps, replicas.max, summary, peak),
    ...after,
  ];
}

function tooSlow({ profile, budget }: ServiceSummary): Derivation {
  const { responseTimeP95Seconds: p95, responseTimeP99Seconds: p99 } = budget;
  return {
    name: "Service time",
    value: duration(profile.serviceTimeSeconds),
    formula:
      `no number of pods keeps the percentiles: ${duration(profile.serviceTimeSeconds)} < ` +
      `min(${duration(p95.target)} ÷ ln 20, ${duration(p99.target)} ÷ ln 100) = ${duration(longestServiceTimeSeconds(budget))}`,
    from: ["profile.serviceTimeSeconds", "budget.responseTimeP95Seconds.target"],
    holds: false,
  };
}

function throughput({ demand, budget }: ServiceSummary): Derivation {
  return {
    name: "Throughput",
    value: rate(demand.peakRps),
    formula: `${rate(demand.peakRps)} planned ≥ ${rate(budget.throughputRps.target)} promised`,
    from: ["demand.peakRps", "budget.throughputRps.target"],
    holds: demand.peakRps >= budget.throughputRps.target,
  };
}

/** What of the reaction does not depend on the service, seconds. */
function commonReaction({ profile, replicas }: ServiceSummary): number {
  return replicas.reactionSeconds - profile.warmUpSeconds;
}

function reaction(summary: ServiceSummary): Derivation {
  const { profile, replicas } = summary;
  const common = commonReaction(summary);
  const named: readonly (readonly [string, number])[] = [
    ["metrics", DEFAULT_REACTION.metricsSeconds],
    ["autoscaler", DEFAULT_REACTION.autoscalerSyncSeconds],
    ["scheduling", DEFAULT_REACTION.schedulingSeconds],
    ["node", DEFAULT_REACTION.nodeSeconds],
  ];
  // A service with a reaction time of its own says only the sum.
  const usual = same(common, reactionSeconds({ ...profile, warmUpSeconds: 0 }));
  const terms = [
    ...(usual ? named : [["metrics, autoscaler, scheduling, node", common] as const]),
    ["warm-up", profile.warmUpSeconds] as const,
  ].filter(([, seconds]) => seconds > 0);
  return {
    name: "Reaction time",
    value: `${number(replicas.reactionSeconds, 1)} s`,
    formula: `T = ${terms.map(([name, seconds]) => `${name} ${number(seconds, 1)} s`).join(" + ")} = ${number(common + profile.warmUpSeconds, 1)} s`,
    from: ["profile.warmUpSeconds"],
    holds: common >= 0,
  };
}

function target(summary: ServiceSummary): Derivation {
  const { demand, profile, budget, replicas } = summary;
  const reactionTime: ReactionTime = {
    metricsSeconds: commonReaction(summary),
    autoscalerSyncSeconds: 0,
    schedulingSeconds: 0,
    nodeSeconds: 0,
  };
  const derived = autoscalerTarget(demand, profile, budget, reactionTime);
  return {
    name: "Autoscaler target",
    value: percent(replicas.targetUtilization),
    formula:
      `u* = min(${percent(budget.cpuUtilization.target)} CPU, ${percent(profile.maxUtilization)} ÷ ` +
      `(1 + ${number(demand.growthPerMinute)}/min · ${number(replicas.reactionSeconds, 1)} s)) = ${percent(derived)}`,
    from: ["profile.maxUtilization", "demand.growthPerMinute", "budget.cpuUtilization.target"],
    holds: same(replicas.targetUtilization, derived),
  };
}

function load(
  name: string,
  rps: number,
  planned: number,
  summary: ServiceSummary,
  from: readonly string[],
): Derivation {
  const { profile, budget, replicas } = summary;
  const { serviceTimeSeconds, concurrencyPerPod } = profile;
  const steered = { ...profile, maxUtilization: replicas.targetUtilization };
  const offered = concurrentRequests(rps, serviceTimeSeconds);
  const byUtilization = wholeUp(offered / (concurrencyPerPod * steered.maxUtilization));
  const byWaiting = replicasForLoad(rps, { ...profile, maxUtilization: 1 }, budget);
  const derived = replicasForLoad(rps, steered, budget);
  return {
    name,
    value: plural(planned, "pod"),
    formula:
      `λ·S = ${rate(rps)} · ${duration(serviceTimeSeconds)} = ${number(offered)} in service; ` +
      `max(⌈${number(offered)} ÷ (${concurrencyPerPod} · ${percent(steered.maxUtilization)})⌉ = ${byUtilization}, ` +
      `Erlang C ${byWaiting}) = ${derived}`,
    from: [...from, "profile.serviceTimeSeconds", "profile.concurrencyPerPod"],
    holds: planned === derived,
  };
}

function bound(name: string, needed: number, planned: number, summary: ServiceSummary): Derivation {
  const { zones, maxUnavailable } = summary;
  const lost = podsLost(planned, { zones, maxUnavailable });
  const zone =
    zones > 1
      ? `max(a zone ⌈${planned} ÷ ${zones}⌉, a drain ${maxUnavailable})`
      : `a drain ${maxUnavailable}`;
  return {
    name,
    value: plural(planned, "pod"),
    formula: `${planned} − ${zone} = ${planned - lost} ≥ ${needed}; the smallest is ${resilientReplicas(needed, { zones, maxUnavailable })}`,
    from: ["retrofitlink:cluster.zones"],
    holds: planned - lost >= needed,
  };
}

function responseTime(
  name: string,
  rps: number,
  planned: number,
  summary: ServiceSummary,
  from: readonly string[],
): Derivation {
  const { profile, budget } = summary;
  const left = planned - podsLost(planned, summary);
  const offered = concurrentRequests(rps, profile.serviceTimeSeconds);
  const slower = (seconds: number): number =>
    responseTimeTail(left * profile.concurrencyPerPod, offered, profile.serviceTimeSeconds, seconds);
  const { target: p95 } = budget.responseTimeP95Seconds;
  const { target: p99 } = budget.responseTimeP99Seconds;
  const holds = slower(p95) <= 0.05 && slower(p99) <= 0.01;
  return {
    name,
    value: holds ? "p95, p99 kept" : "broken",
    formula:
      `with ${left} of ${plural(planned, "pod")} left at ${rate(rps)}: ` +
      `P(t > ${duration(p95)}) ${isShare(slower(p95))}, 5 % allowed; P(t > ${duration(p99)}) ${isShare(slower(p99))}, 1 % allowed`,
    from: [...from, "budget.responseTimeP95Seconds.target", "budget.responseTimeP99Seconds.target"],
    holds,
  };
}

/** Pods of a service at its largest, while it rolls out. */
function largestFleet({ replicas, maxSurge }: ServiceSummary): number {
  return replicas.max + wholeUp(replicas.max * maxSurge);
}

function rollout(summary: ServiceSummary): Derivation {
  const { replicas, maxSurge, cpuCores, memoryMiB } = summary;
  const pods = largestFleet(summary);
  return {
    name: "During a rollout",
    value: plural(pods, "pod"),
    formula: `${replicas.max} + ⌈${replicas.max} · ${percent(maxSurge)}⌉ = ${pods}: ${plural(pods * cpuCores, "core")}, ${mebibytes(pods * memoryMiB)} at most`,
    from: ["resources.cpuCores", "resources.memoryMiB"],
    holds: true,
  };
}

function pools(summary: ServiceSummary): Derivation[] {
  const { replicas, maxSurge, processesPerPod, cachePools } = summary;
  const ofCaches = Object.entries(cachePools).map(([cache, poolSize]) => {
    const open = expectedClients([{ maxReplicas: replicas.max, maxSurge, processesPerPod, poolSize }]);
    return {
      name: `Pool to ${cache}`,
      value: `${poolSize} a process`,
      formula: `${plural(largestFleet(summary), "pod")} · ${plural(processesPerPod, "process")} · ${poolSize} = ${plural(open, "connection")} at most`,
      from: [`caches.${cache}`],
      holds: true,
    };
  });
  return [...ofCaches, ...databasePool(summary)];
}

/** A driver keeps a pool to every router, and watches each. */
function databasePool(summary: ServiceSummary): Derivation[] {
  const { replicas, maxSurge, processesPerPod, databasePool: poolSize } = summary;
  if (poolSize === 0) return [];
  const open = clientsPerRouter([{ maxReplicas: replicas.max, maxSurge, processesPerPod, poolSize }]);
  return [
    {
      name: "Pool to the database",
      value: `${poolSize} a process`,
      formula: `${plural(largestFleet(summary), "pod")} · ${plural(processesPerPod, "process")} · (${poolSize} + ${MONITORS_PER_HOST} monitors) = ${plural(open, "connection")} to each router at most`,
      from: ["database"],
      holds: true,
    },
  ];
}

function memory({ memoryMiB, budget }: ServiceSummary): Derivation {
  const { target: share } = budget.memoryUtilization;
  return {
    name: "Memory of a pod",
    value: mebibytes(memoryMiB),
    formula: `${mebibytes(memoryMiB)} · ${percent(share)} = ${mebibytes(memoryMiB * share)} in use at most`,
    from: ["resources.memoryMiB", "budget.memoryUtilization.target"],
    holds: true,
  };
}
