/**
 * How few pods the autoscaler may leave, and at what CPU it adds one. Units: erlang, pods, shares.
 *
 * Sources: Kubernetes, pkg/controller/podautoscaler/replica_calculator.go: use is taken in whole percents, and a ratio of
 * use to target within 0.9..1.1 changes nothing. So n pods stay as long as their CPU is below floor(1.1 * target) + 1 %.
 */
import type { PerformanceBudget } from "../core/performance-budget";
import { podsLost, type Disruption } from "./capacity";
import type { Balancing } from "./demand";
import { fleetTail } from "./queue";
import type { ServiceTime } from "./service-time";

/** Relative difference from its target that the autoscaler leaves alone (`--horizontal-pod-autoscaler-tolerance`). */
export const TOLERANCE = 0.1;

/** Queues are longer than anybody waits when every slot is busy. */
const BUSIEST = 0.99;

/** Pods of one service beyond which something was mistyped. Kubernetes is tested with 150,000 in a whole cluster. */
export const MOST_PODS = 10_000;

/** Binary noise, relative. The usual way of taking it off goes through text, which is too slow for what is asked so often. */
const NOISE = 1e-12;

function podsFor(share: number): number {
  return Math.ceil(share * (1 - NOISE));
}

/** Loads between base and peak, evenly apart, over which the cost of a plan is compared. */
const LOADS = 11;

/** What a fleet is planned from. */
export interface FleetInputs {
  /** Requests in service at base, and at the highest load that is planned for, erlang. */
  readonly base: number;
  readonly peak: number;
  /** Requests that a pod works on at the same time, whole number >= 1. */
  readonly slots: number;
  readonly time: ServiceTime;
  readonly balancing: Balancing;
  readonly budget: Pick<
    PerformanceBudget,
    "responseTimeP95Seconds" | "responseTimeP99Seconds" | "cpuUtilization"
  >;
  /** Share of the slots that may be busy, 0..1. */
  readonly maxUtilization: number;
  /** How much the load grows until new pods help, factor >= 1. */
  readonly growth: number;
  /** CPU of a pod with every slot busy, share of its request, > 0. */
  readonly cpuWhenBusy: number;
  /** What may be missing while the load is there. */
  readonly disruption: Disruption;
}

/** What is decided. */
export interface Fleet {
  /** The autoscaler's target, whole percents of the requested CPU. */
  readonly target: number;
  readonly min: number;
  readonly max: number;
}

/** CPU at which the autoscaler adds a pod, share of the request: below it everything stays. */
export function cpuUntilScaled(targetPercent: number): number {
  return (Math.floor(targetPercent * (1 + TOLERANCE) + 1e-9) + 1) / 100;
}

/** What decides how a fleet that was chosen does at its worst. */
export type WorstInputs = Pick<
  FleetInputs,
  "peak" | "slots" | "time" | "balancing" | "cpuWhenBusy" | "disruption"
>;

/** Share of the slots that is busy when the autoscaler adds a pod. */
export function busyUntilScaled(
  { target }: Pick<Fleet, "target">,
  { cpuWhenBusy }: Pick<FleetInputs, "cpuWhenBusy">,
): number {
  return cpuUntilScaled(target) / cpuWhenBusy;
}

/** Pods that the autoscaler runs at its target. @param offered erlang */
export function podsAtTarget(offered: number, fleet: Omit<Fleet, "max">, inputs: FleetInputs): number {
  const share = fleet.target / 100 / inputs.cpuWhenBusy;
  return Math.max(fleet.min, podsFor(offered / (inputs.slots * share)));
}

/** The highest load at which n pods are left alone, and at most the peak. Erlang. */
export function heldLoad(
  n: number,
  fleet: Pick<Fleet, "target">,
  inputs: Pick<FleetInputs, "peak" | "slots" | "cpuWhenBusy">,
): number {
  return Math.min(inputs.peak, n * inputs.slots * busyUntilScaled(fleet, inputs));
}

/**
 * The cheapest fleet that keeps the percentiles at every load from base to peak, whatever number of pods the autoscaler
 * has left there, with a zone or a drained pod missing; and, with nothing missing, while the load grows until more pods
 * help. Cheapest by the pods that run on average over loads evenly apart.
 *
 * For each target in whole percents: n pods stay up to {@link heldLoad}; the minimum is the least from which on every n
 * carries that with what is missing. A low target and a low minimum are traded against each other here.
 *
 * @returns undefined when no number of pods does it: the service time alone breaks a percentile, or it takes more than
 *   {@link MOST_PODS}
 */
export function cheapestFleet(inputs: FleetInputs): Fleet | undefined {
  const carries = capacityOf(inputs);
  if (carries === undefined) return undefined;
  const { growth, maxUtilization, budget, disruption, peak } = inputs;
  let best: { fleet: Fleet; pods: number } | undefined;
  for (let target = 99; target >= 1; target--) {
    const busy = busyUntilScaled({ target }, inputs);
    const tooBusy = busy * growth > maxUtilization || cpuUntilScaled(target) > budget.cpuUtilization.target;
    // A target of 1 % is the last resort.
    if (tooBusy && target > 1) continue;
    const keeps = (n: number): boolean =>
      carries(n - podsLost(n, disruption)) >= heldLoad(n, { target }, inputs) * (1 - NOISE);
    const min = leastFrom(keeps, inputs, busy);
    if (min === undefined) continue;
    const max = podsAtTarget(peak, { target, min }, inputs);
    const pods = meanPods({ target, min }, inputs);
    if (max > MOST_PODS || pods >= (best?.pods ?? Infinity)) continue;
    best = { fleet: { target, min, max }, pods };
  }
  return best?.fleet;
}

/**
 * The least number of pods from which on each number keeps the promise, and at least what runs at base.
 *
 * Among equal shares the largest is lost of n = zones * q + 1 pods, the less so the larger q: one such number keeps the
 * promise when a smaller one does, and then all between them do.
 *
 * @returns undefined when it takes more than {@link MOST_PODS}
 */
function leastFrom(
  keeps: (n: number) => boolean,
  { base, peak, slots, disruption: { zones } }: FleetInputs,
  busy: number,
): number | undefined {
  const atBase = Math.max(1, podsFor(base / (slots * busy)));
  const atPeak = Math.max(atBase, podsFor(peak / (slots * busy)));
  if (!keeps(atPeak)) {
    // From here on the load does not grow with the fleet.
    const more = firstOf(atPeak + 1, MOST_PODS + 1, keeps);
    return more > MOST_PODS ? undefined : more;
  }
  const q = firstOf(Math.ceil((atBase - 1) / zones), Math.floor((atPeak - 1) / zones) + 1, (one) =>
    keeps(zones * one + 1),
  );
  let n = Math.min(atPeak, zones * q + 1);
  while (n > atBase && keeps(n - 1)) n--;
  return n;
}

/** The first whole number of low..high for which it is so, where it stays so; `high` when it is never so. */
function firstOf(low: number, high: number, isSo: (n: number) => boolean): number {
  let [from, to] = [low, Math.max(low, high)];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (isSo(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Pods that run on average over loads evenly apart from base to peak. */
export function meanPods(fleet: Omit<Fleet, "max">, inputs: FleetInputs): number {
  const { base, peak } = inputs;
  let sum = 0;
  for (let step = 0; step < LOADS; step++) {
    sum += podsAtTarget(base + ((peak - base) * step) / (LOADS - 1), fleet, inputs);
  }
  return sum / LOADS;
}

/**
 * The most that a number of pods carries, erlang: within maxUtilization, and with both percentiles.
 *
 * By chance each pod carries the same. With one queue for all, more pods carry more each: so what a smaller number carries
 * each is safe for a larger one, and from the number on at which the percentiles hold at maxUtilization only that counts. A
 * large fleet takes hardly longer to plan than a small one.
 *
 * @returns undefined when a percentile does not hold even without a queue
 */
function capacityOf(inputs: FleetInputs): ((pods: number) => number) | undefined {
  const { slots, time, balancing, budget } = inputs;
  const keeps = (pods: number, each: number): boolean =>
    fleetTail(pods, slots, pods * each, time, balancing, budget.responseTimeP95Seconds.target) <= 0.05 &&
    fleetTail(pods, slots, pods * each, time, balancing, budget.responseTimeP99Seconds.target) <= 0.01;
  if (!keeps(1, 0)) return undefined;
  const most = slots * Math.min(inputs.maxUtilization, BUSIEST);
  const known = new Map<number, number>();
  let enough = Infinity;
  const each = (pods: number): number => {
    const before = known.get(pods);
    if (before !== undefined) return before;
    const found = keeps(pods, most) ? most : bisect(pods);
    if (found === most) enough = Math.min(enough, pods);
    known.set(pods, found);
    return found;
  };
  return (pods) => {
    if (pods < 1) return 0;
    if (pods >= enough) return pods * most;
    return pods * each(balancing === "least-connections" ? sample(pods) : 1);
  };

  function bisect(pods: number): number {
    let [low, high] = [0, most];
    for (let halving = 0; halving < 24; halving++) {
      const middle = (low + high) / 2;
      if (keeps(pods, middle)) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The number itself up to 64; the next lower power of the fourth root of two beyond. */
function sample(pods: number): number {
  return pods <= 64 ? pods : Math.floor(2 ** (Math.floor(4 * Math.log2(pods)) / 4));
}

/** A fleet at its worst: with what is missing, at the highest load at which it is left alone. */
export interface WorstCase {
  /** Pods that run, and that are left of them. */
  readonly pods: number;
  readonly left: number;
  /** Erlang. */
  readonly offered: number;
  /** P(response time > t). */
  readonly tail: number;
}

/**
 * The worst case over every number of pods that the autoscaler may leave. With one zone in `zones` more pods the same share
 * is lost of more pods, which wait less; so the smallest few, and the largest, are the worst.
 */
export function worstCase(fleet: Fleet, inputs: WorstInputs, t: number): WorstCase {
  const { slots, time, balancing, disruption } = inputs;
  const largest = Math.max(fleet.min, podsFor(inputs.peak / (slots * busyUntilScaled(fleet, inputs))));
  const few = Math.min(largest, fleet.min + disruption.zones);
  const sizes = Array.from({ length: few - fleet.min + 1 }, (_, more) => fleet.min + more);
  return [...sizes, largest]
    .map((pods) => {
      const left = pods - podsLost(pods, disruption);
      const offered = heldLoad(pods, fleet, inputs);
      return { pods, left, offered, tail: fleetTail(left, slots, offered, time, balancing, t) };
    })
    .reduce((worst, one) => (one.tail > worst.tail ? one : worst));
}
