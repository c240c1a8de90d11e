/** What services of one stack ask each other: demand that is carried, waits that end in order, response times that are left. */
import { duration, number, percent, rate } from "../core/format";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import type { TimeoutChain } from "../timeouts/timeouts";
import { concurrentRequests } from "./capacity";
import type { Balancing, Demand, Resilience, ServiceProfile } from "./demand";
import { worstCase } from "./fleet";
import { MAX_UNAVAILABLE, PEAK_MARGIN, type ServicePlan } from "./plan";
import { carriesZoneLoss } from "./planned";
import { serviceTime } from "./service-time";

/** A service as its callers and callees see it. */
export interface Party {
  readonly service: string;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly budget: PerformanceBudget;
  readonly timeouts: TimeoutChain;
  readonly plan: ServicePlan;
  readonly zones: number;
  /** How calls to it are spread over its pods. @default "per-connection": a Service of Kubernetes chooses */
  readonly balancing?: Balancing | undefined;
  /** @default nothing is accepted */
  readonly resilience?: Resilience | undefined;
}

/** A service that calls another. */
export interface Call {
  readonly caller: Party;
  readonly callee: Party;
  /** Calls that one request of the caller makes on average, > 0. */
  readonly callsPerRequest: number;
}

const POLICY = "calls-are-carried";

/** The callee's promise: Σ peak of a caller · its calls per request ≤ the peak that the callee is planned for. */
export function demandProof(callee: Party, calls: readonly Call[]): Proof {
  const asked = calls.map(({ caller, callsPerRequest }) => caller.demand.peakRps * callsPerRequest);
  const all = asked.reduce((sum, rps) => sum + rps, 0);
  const terms = calls.map(
    ({ caller, callsPerRequest }) =>
      `${caller.service} ${rate(caller.demand.peakRps)} · ${number(callsPerRequest)}`,
  );
  return {
    policy: POLICY,
    statement: `"${callee.service}" is planned for what its callers ask at their peaks`,
    inequality: `${terms.join(" + ")} = ${rate(all)} ≤ ${rate(callee.demand.peakRps)}`,
    holds: all <= callee.demand.peakRps * (1 + 1e-9),
    mend: [
      "demand.peakRps",
      ...calls.map(
        ({ caller }) => `retrofitlink:services.${caller.service}.calls.${callee.service}.callsPerRequest`,
      ),
    ],
  };
}

/** Promises of the caller: it waits longer than the callee takes, and the waits leave it its percentiles. */
export function callProofs(call: Call): Proof[] {
  return [waitsProof(call), ...tailProofs(call)];
}

function waitsProof({ caller, callee }: Call): Proof {
  const [waits, takes] = [caller.timeouts.request.application, callee.timeouts.request.application];
  return {
    policy: POLICY,
    statement: `"${caller.service}" waits longer than "${callee.service}" works on a request`,
    inequality: `${number(takes)} s < ${number(waits)} s`,
    holds: takes < waits,
    mend: [`retrofitlink:services.${callee.service}.maxRequestSeconds`, "maxRequestSeconds"],
  };
}

function tailProofs({ caller, callee, callsPerRequest }: Call): Proof[] {
  const share = Math.min(1, callsPerRequest);
  const percentiles = [
    ["p95", caller.budget.responseTimeP95Seconds.target, 0.05, "responseTimeP95Seconds"],
    ["p99", caller.budget.responseTimeP99Seconds.target, 0.01, "responseTimeP99Seconds"],
  ] as const;
  return percentiles.map(([name, seconds, allowed, metric]) => {
    const slower = tailAtWorst(callee, seconds);
    return {
      policy: POLICY,
      statement: `"${callee.service}" leaves "${caller.service}" its ${name}`,
      inequality:
        `${percent(share)} of the requests ask it, of which ${percent(slower)} take longer than ${duration(seconds)}: ` +
        `${percent(share * slower)} ≤ ${percent(allowed)}`,
      holds: share * slower <= allowed,
      mend: [
        `calls.${callee.service}.callsPerRequest`,
        `retrofitlink:services.${callee.service}.profile.serviceTimeSeconds`,
        `budget.${metric}.target`,
      ],
      assumes: [
        serviceTime(callee.profile).isAssumed
          ? "exponential service times of the callee"
          : "service times of the callee as measured",
        "connections spread over its pods by chance",
      ],
    };
  });
}

/** Share of the callee's answers that take longer, 0..1, at its worst load with a zone or a drained pod missing. */
function tailAtWorst(
  { plan, profile, demand, zones, resilience, balancing = "per-connection" }: Party,
  seconds: number,
): number {
  const { target, min, max, busyCpu, replaced } = plan.numbers;
  const fleet = { target: Math.round(target.value * 100), min: min.value, max: max.value };
  const inputs = {
    peak: concurrentRequests(demand.peakRps * (1 + PEAK_MARGIN), profile.serviceTimeSeconds),
    slots: profile.concurrencyPerPod,
    time: serviceTime(profile),
    balancing,
    cpuWhenBusy: busyCpu.value,
    disruption: {
      zones: carriesZoneLoss(zones, resilience, replaced.value) ? zones : 1,
      maxUnavailable: MAX_UNAVAILABLE,
    },
  };
  return worstCase(fleet, inputs, seconds).tail;
}
