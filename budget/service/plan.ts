/** The plan of one service: replicas, autoscaler target, memory, and the promises that they keep. */
import { derived, text, type Derived } from "../core/derived";
import { duration, number, percent, plural, rate } from "../core/format";
import { given } from "../core/plan";
import { wholeUp } from "../core/rounding";
import { DEFAULT_REACTION, concurrentRequests, growthFactor, podsLost, type ReactionTime } from "./capacity";
import { livingPods, paceOf } from "./connections";
import type { ServiceProfile } from "./demand";
import {
  MOST_PODS,
  TOLERANCE,
  busyUntilScaled,
  cheapestFleet,
  cpuUntilScaled,
  meanPods,
  podsAtTarget,
  type Fleet,
  type FleetInputs,
} from "./fleet";
import {
  LOSS_NOTICED_SECONDS,
  LOSS_TOLERATED_SECONDS,
  MAX_SURGE,
  MAX_UNAVAILABLE,
  PEAK_MARGIN,
  carriesZoneLoss,
  type PlannedFleet,
  type ServiceInputs,
  type ServicePlan,
} from "./planned";
import { serviceProofs } from "./proofs";
import { serviceTime } from "./service-time";

export { MAX_SURGE, MAX_UNAVAILABLE, PEAK_MARGIN } from "./planned";
export type { ServiceInputs, ServiceNumbers, ServicePlan } from "./planned";

/**
 * The whole derivation. Target and bounds are chosen together: {@link cheapestFleet} says how.
 *
 * @throws RangeError when no number of pods keeps the percentiles
 */
export function planService(inputs: ServiceInputs): ServicePlan {
  const { demand, profile, budget, resources, margin = PEAK_MARGIN } = inputs;
  const { reaction: pieces = DEFAULT_REACTION } = inputs;
  const reaction = reactionTime(profile, pieces);
  const replaced = replacementTime(profile, pieces);
  const fleet = fleetOf(inputs, reaction.value, replaced.value);
  if (fleet === undefined) {
    throw new RangeError(
      `no number of pods up to ${number(MOST_PODS)} keeps the response time of ${inputs.service}: p95 of a request alone is ` +
        `${duration(serviceTime(profile).p95)}, and p99 ${duration(serviceTime(profile).p99)}`,
    );
  }
  const busyCpu = cpuWhenBusy(inputs);
  const target = targetOf(fleet, busyCpu);
  const busy = busyOf(fleet, busyCpu);
  const peak = demand.peakRps * (1 + margin);
  const atBase = podsFor("Pods at base", demand.baseRps, "demand.baseRps", inputs, fleet, target);
  const atPeak = podsFor(`Pods at peak + ${percent(margin)}`, peak, "demand.peakRps", inputs, fleet, target);
  const min = minOf(fleet, busy);
  const max = derived(
    "maxReplicas",
    fleet.max,
    "pods",
    `what the autoscaler wants at peak + ${percent(margin)}, ${atPeak.value}`,
    ["demand.peakRps"],
  );
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
  const numbers = {
    throughput: given("Throughput", demand.peakRps, "requests/s", "demand.peakRps"),
    spread: spreadOf(profile),
    reaction,
    replaced,
    busyCpu,
    target,
    busy,
    atBase,
    min,
    atPeak,
    max,
    redundancy: redundancyOf(inputs, fleet),
    rollout,
    memory,
    ...poolNumbers(inputs, max),
  };
  return { numbers, proofs: serviceProofs(inputs, fleet, numbers) };
}

/** @returns undefined when there is none */
function fleetOf(
  inputs: ServiceInputs,
  reactionSeconds: number,
  replacedSeconds: number,
): PlannedFleet | undefined {
  const { demand, profile, budget, zones, balancing = "least-connections", margin = PEAK_MARGIN } = inputs;
  const isCarried = carriesZoneLoss(zones, inputs.resilience, replacedSeconds);
  const offered = (rps: number): number => concurrentRequests(rps, profile.serviceTimeSeconds);
  const from: FleetInputs = {
    base: offered(demand.baseRps),
    peak: offered(demand.peakRps * (1 + margin)),
    slots: profile.concurrencyPerPod,
    time: serviceTime(profile),
    balancing,
    budget,
    maxUtilization: profile.maxUtilization,
    growth: growthFactor(demand, reactionSeconds),
    cpuWhenBusy: cpuWhenBusy(inputs).value,
    disruption: { zones: isCarried ? zones : 1, maxUnavailable: MAX_UNAVAILABLE },
  };
  const fleet = cheapestFleet(from);
  return fleet && { ...fleet, inputs: from, carriesZoneLoss: isCarried };
}

function spreadOf(profile: ServiceProfile): Derived<string> {
  const { p95, p99, cv2, isAssumed } = serviceTime(profile);
  return derived(
    "Response time without a queue",
    `p95 ${duration(p95)}, p99 ${duration(p99)}`,
    "",
    isAssumed
      ? `exponential around ${duration(profile.serviceTimeSeconds)}: nothing else was measured`
      : `as measured, around ${duration(profile.serviceTimeSeconds)}; coefficient of variation ${number(Math.sqrt(cv2))}`,
    ["profile.serviceTimeSeconds", "profile.serviceTimeP95Seconds", "profile.serviceTimeP99Seconds"],
  );
}

/** Without a measurement a pod is taken to use all it requests when every slot is busy. */
function cpuWhenBusy({ profile, resources }: ServiceInputs): Derived {
  const { cpuSecondsPerRequest, serviceTimeSeconds, concurrencyPerPod } = profile;
  const keys = ["profile.cpuSecondsPerRequest", "resources.cpuCores"];
  if (cpuSecondsPerRequest === undefined) {
    const formula = "assumed: every slot busy means every requested core busy";
    return derived("CPU with every slot busy", 1, "ratio", formula, keys);
  }
  const cores = (concurrencyPerPod * cpuSecondsPerRequest) / serviceTimeSeconds;
  return derived(
    "CPU with every slot busy",
    cores / resources.cpuCores,
    "ratio",
    `${concurrencyPerPod} · ${duration(cpuSecondsPerRequest)} ÷ ${duration(serviceTimeSeconds)} = ` +
      `${plural(cores, "core")} of ${number(resources.cpuCores)} requested`,
    keys,
  );
}

function targetOf({ target, inputs, ...fleet }: PlannedFleet, busyCpu: Derived): Derived {
  const { disruption, growth, maxUtilization } = inputs;
  const missing =
    disruption.zones > 1 ? `⌈n ÷ ${disruption.zones}⌉ of n pods` : plural(disruption.maxUnavailable, "pod");
  return derived(
    "Autoscaler target",
    target / 100,
    "ratio",
    `of all targets the one with the fewest pods, ${number(meanPods({ target, min: fleet.min }, inputs), 1)} on average from base ` +
      `to peak, of which any n keep p95 and p99 with ${missing} missing until one is added, and stay below ` +
      `${percent(maxUtilization)} while the load grows by ${percent(growth - 1)}; ${text(busyCpu)} CPU when busy`,
    ["profile.maxUtilization", "demand.growthPerMinute", "retrofitlink:cluster.zones"],
  );
}

function busyOf(fleet: PlannedFleet, busyCpu: Derived): Derived {
  const cpu = cpuUntilScaled(fleet.target);
  return derived(
    "Slots busy until a pod is added",
    busyUntilScaled(fleet, fleet.inputs),
    "ratio",
    `(⌊${fleet.target} · ${number(1 + TOLERANCE)}⌋ + 1) % = ${percent(cpu)} CPU ÷ ${text(busyCpu)}: ` +
      `the autoscaler counts whole percents and leaves ${percent(TOLERANCE)} alone`,
  );
}

function minOf({ min, inputs }: PlannedFleet, busy: Derived): Derived {
  const { slots, disruption } = inputs;
  const load = number(Math.min(inputs.peak, min * slots * busy.value));
  const left = min - podsLost(min, disruption);
  return derived(
    "minReplicas",
    min,
    "pods",
    `the fewest from which on each number keeps the percentiles: ${left} of ${min} left carry ` +
      `${min} · ${slots} · ${text(busy)} = ${load} in service`,
    ["demand.baseRps", "retrofitlink:cluster.zones"],
  );
}

function podsFor(
  name: string,
  rps: number,
  key: string,
  { profile }: ServiceInputs,
  fleet: PlannedFleet,
  target: Derived,
): Derived {
  const { serviceTimeSeconds, concurrencyPerPod } = profile;
  const offered = concurrentRequests(rps, serviceTimeSeconds);
  const { cpuWhenBusy: busy } = fleet.inputs;
  return derived(
    name,
    podsAtTarget(offered, fleet, fleet.inputs),
    "pods",
    `λ·S = ${rate(rps)} · ${duration(serviceTimeSeconds)} = ${number(offered)} in service; ` +
      `max(${fleet.min}, ⌈${number(offered)} ÷ (${concurrencyPerPod} · ${text(target)} ÷ ${percent(busy)})⌉)`,
    [key, "profile.serviceTimeSeconds", "profile.concurrencyPerPod"],
  );
}

/** What the promise costs that holds with a zone missing. */
function redundancyOf(inputs: ServiceInputs, fleet: PlannedFleet): Derived {
  const name = "Pods for the loss of a zone";
  const keys = ["resilience.zoneLossSeconds", "retrofitlink:cluster.zones"];
  if (!fleet.carriesZoneLoss) {
    const why = inputs.zones > 1 ? "its loss is accepted until the pods are replaced" : "there is one zone";
    return derived(name, 0, "pods", why, keys);
  }
  const { base, slots, disruption } = fleet.inputs;
  const without = { ...fleet.inputs, disruption: { ...disruption, zones: 1 } };
  const peak = concurrentRequests(inputs.demand.peakRps, inputs.profile.serviceTimeSeconds);
  const pods = (of: Fleet, offered: number): number => podsAtTarget(offered, of, fleet.inputs);
  const plain = cheapestFleet(without) ?? fleet;
  return derived(
    name,
    pods(fleet, peak) - pods(plain, peak),
    "pods",
    `${pods(fleet, peak)} at peak and ${pods(fleet, base)} at base; without it ${pods(plain, peak)} and ${pods(plain, base)}, ` +
      `${plural(slots, "slot")} each`,
    keys,
  );
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

function replacementTime(profile: ServiceProfile, { schedulingSeconds, nodeSeconds }: ReactionTime): Derived {
  const start = schedulingSeconds + nodeSeconds + profile.warmUpSeconds;
  return derived(
    "Until a lost zone is replaced",
    LOSS_NOTICED_SECONDS + LOSS_TOLERATED_SECONDS + start,
    "whole seconds",
    `noticed ${LOSS_NOTICED_SECONDS} s + tolerated ${LOSS_TOLERATED_SECONDS} s + start ${number(start, 1)} s`,
    ["profile.warmUpSeconds"],
  );
}
