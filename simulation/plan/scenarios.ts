/** What has to be true of a planned service: scenarios over loads, spreads, faults and seeds. */
import { publicServices } from "../../plan/public-services";
import { own } from "../../budget/core/own";
import { admission } from "../../budget/load-balancing/proxy-limits";
import { DEFAULT_REACTION } from "../../budget/service/capacity";
import { MAX_SURGE, MAX_UNAVAILABLE } from "../../budget/service/plan";
import { scalingBehavior } from "../../components/autoscaling/scaling-behavior";
import { averageUtilization } from "../../components/autoscaling/horizontal-autoscaler";
import { planStack, type PlannedService, type StackInputs, type StackPlan } from "../../plan/plan-stack";
import { cachedUse } from "./cached-use";
import type { Behavior } from "../autoscaler/behavior";
import { CALCULATOR_DEFAULTS } from "../autoscaler/replica-calculator";
import type { CacheLossModel } from "../caching/cold-cache";
import type { Excused } from "../judge";
import type { AutoscalerModel, Fault, PodModel, Scenario } from "../scenario";
import type { Balancing } from "../traffic/balancer";
import { steady } from "../traffic/load";
import { spreadsAsMeasured } from "../traffic/quantiles";
import type { Spread } from "../traffic/service-times";

/** Pods of the proxy in front of a service: the fewest there are. */
const PROXIES = 3;

/** First judged second, and the moment of the fault: the queues have filled by then. */
export const JUDGED_FROM = 30;
export const FAULT_AT = 60;

/** How long each fault is watched, seconds: until everything is as before, but for a large cache that fills slowly. */
const WATCHED: Readonly<Record<FaultKind, number>> = {
  "zone-loss": 500,
  drain: 300,
  rollout: 300,
  "cold-cache": 500,
  "zone-with-cache": 500,
};

/** The last is a lost zone that takes the cache along. */
export type FaultKind = "zone-loss" | "drain" | "rollout" | "cold-cache" | "zone-with-cache";

const ALL_FAULTS: readonly FaultKind[] = ["zone-loss", "drain", "rollout", "cold-cache", "zone-with-cache"];

/** What can happen to a service: with one zone there is nothing left to promise, and not every service has a cache. */
export function faultsOf({ scenario, cacheLoss }: ServiceModel): FaultKind[] {
  const takesZone: readonly FaultKind[] = ["zone-loss", "zone-with-cache"];
  const takesCache: readonly FaultKind[] = ["cold-cache", "zone-with-cache"];
  return ALL_FAULTS.filter(
    (fault) =>
      (scenario.zones > 1 || !takesZone.includes(fault)) &&
      (cacheLoss !== undefined || !takesCache.includes(fault)),
  );
}

/** A service as it is simulated. */
export interface ServiceModel {
  readonly name: string;
  readonly base: number;
  readonly peak: number;
  readonly spreads: readonly Spread[];
  /** Seconds after the loss of a zone, and of a server of a cache, for which the plan says that it does not promise. */
  readonly acceptedSeconds: number;
  readonly acceptedCacheSeconds: number;
  /** What the loss of a server of its cache does. @default it has none whose loss the database makes up for */
  readonly cacheLoss?: CacheLossModel;
  readonly scenario: Omit<Scenario, "seed" | "load" | "replicas" | "seconds" | "pod"> & {
    readonly autoscaler: AutoscalerModel;
  };
  readonly pod: Omit<PodModel, "spread">;
}

/** The services of a stack, as planned. */
export function serviceModels(inputs: StackInputs): ServiceModel[] {
  const { services, database } = planStack(inputs);
  return Object.entries(services).map(([name, planned]) => serviceModel(inputs, name, planned, database));
}

function serviceModel(
  inputs: StackInputs,
  name: string,
  planned: PlannedService,
  database: StackPlan["database"],
): ServiceModel {
  const service = own(inputs.services, name);
  if (service === undefined) throw new RangeError(`there is no service ${name}`);
  const { demand, profile, resources, processesPerPod } = service;
  const { numbers } = planned.plan;
  const cached = cachedUse(inputs, name, service, planned.budget.cacheHitRatio.target, database);
  const mean = profile.serviceTimeSeconds;
  const { serviceTimeP95Seconds = mean * Math.log(20), serviceTimeP99Seconds = mean * Math.log(100) } =
    profile;
  const isProxied = (service.balancing ?? "per-connection") === "least-connections";
  const proxied = service.balancing === undefined ? publicServices(inputs).includes(name) : isProxied;
  return {
    name,
    base: demand.baseRps,
    peak: demand.peakRps,
    spreads: spreadsAsMeasured({ p95: serviceTimeP95Seconds / mean, p99: serviceTimeP99Seconds / mean }),
    acceptedSeconds: service.resilience?.zoneLossSeconds ?? 0,
    acceptedCacheSeconds: service.resilience?.cacheLossSeconds ?? 0,
    ...(cached === undefined ? {} : { cacheLoss: cached.loss }),
    pod: {
      slots: profile.concurrencyPerPod,
      serviceTimeSeconds: mean,
      cpuSecondsPerRequest:
        profile.cpuSecondsPerRequest ?? (resources.cpuCores * mean) / profile.concurrencyPerPod,
      cpuCores: resources.cpuCores,
      usableCores: processesPerPod,
      startSeconds: DEFAULT_REACTION.schedulingSeconds + profile.warmUpSeconds,
    },
    scenario: {
      ...(cached === undefined ? {} : { cache: cached.model }),
      zones: inputs.cluster.zones,
      balancing: proxied ? proxies(planned, service.profile) : callers(planned),
      promised: {
        p95: planned.budget.responseTimeP95Seconds.target,
        p99: planned.budget.responseTimeP99Seconds.target,
        errors: planned.budget.errorRatio.target,
      },
      autoscaler: {
        min: numbers.min.value,
        max: numbers.max.value,
        target: averageUtilization(numbers.target.value),
        // Plain values, though Pulumi's type would allow others.
        behavior: scalingBehavior(demand, numbers.max.value, numbers.reaction.value) as unknown as Behavior,
      },
      maxSurge: MAX_SURGE,
      maxUnavailable: MAX_UNAVAILABLE,
      minReadySeconds: Math.ceil(profile.warmUpSeconds),
    },
  };
}

/** nginx as it is rendered. */
function proxies(
  { budget, timeouts }: PlannedService,
  profile: StackInputs["services"][string]["profile"],
): Balancing {
  const { maxConnections } = admission({ profile, budget, addresses: 1, proxyPods: PROXIES });
  const answerSeconds = timeouts.request.proxy;
  return {
    kind: "least-connections",
    proxies: PROXIES,
    maxConnections,
    maxFails: 3,
    failSeconds: 10,
    answerSeconds,
  };
}

function callers({ timeouts }: PlannedService): Balancing {
  return { kind: "per-connection", answerSeconds: timeouts.request.proxy };
}

/**
 * The fewest pods that the autoscaler leaves at a load: the worst there is when the fault comes. Found as the controller
 * would, without the plan's formula.
 */
export function restingReplicas(rate: number, { pod, scenario: { autoscaler } }: ServiceModel): number {
  const { min, max, target } = autoscaler;
  const { tolerance } = CALCULATOR_DEFAULTS;
  for (let pods = min; pods < max; pods++) {
    const used = Math.trunc((100 * rate * pod.cpuSecondsPerRequest) / (pods * pod.cpuCores));
    if (used / target <= 1 + tolerance) return pods;
  }
  return max;
}

export function faultScenario(
  service: ServiceModel,
  { rate, spread, fault, seed }: { rate: number; spread: Spread; fault: FaultKind; seed: number },
): Scenario {
  const { autoscaler, ...still } = service.scenario;
  const isCold = fault === "cold-cache" || fault === "zone-with-cache";
  return {
    ...still,
    // A request that waits for the database takes no more CPU than before: the autoscaler would see nothing.
    ...(isCold ? {} : { autoscaler }),
    seed,
    seconds: FAULT_AT + WATCHED[fault],
    load: steady(rate),
    replicas: restingReplicas(rate, service),
    pod: { ...service.pod, spread },
    faults: faultsAt(service, fault),
  };
}

function faultsAt({ cacheLoss }: ServiceModel, fault: FaultKind): Fault[] {
  const at = FAULT_AT;
  const cold: Fault[] = cacheLoss === undefined ? [] : [{ kind: "cold-cache", at, ...cacheLoss }];
  if (fault === "cold-cache") return cold;
  return fault === "zone-with-cache" ? [{ kind: "zone-loss", at }, ...cold] : [{ kind: fault, at }];
}

/** When the plan does not promise. */
export function excusedOf(
  { acceptedSeconds, acceptedCacheSeconds }: ServiceModel,
  fault: FaultKind,
): Excused[] {
  const accepted = {
    "zone-loss": acceptedSeconds,
    drain: 0,
    rollout: 0,
    "cold-cache": acceptedCacheSeconds,
    "zone-with-cache": Math.max(acceptedSeconds, acceptedCacheSeconds),
  }[fault];
  return accepted > 0 ? [{ from: FAULT_AT, to: FAULT_AT + accepted }] : [];
}

/** Loads evenly apart from base to peak. @param count whole number >= 2 */
export function loadsOf({ base, peak }: ServiceModel, count: number): number[] {
  return Array.from({ length: count }, (_, step) => base + ((peak - base) * step) / (count - 1));
}
