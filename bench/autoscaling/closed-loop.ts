/**
 * A service under a trace, minute by minute: what a HorizontalPodAutoscaler asks for by several triggers, when its pods are
 * usable, and how full they are. Deliberately plain: the same for every method, so that only the triggers differ.
 */

/** What is replayed. */
export interface Loop {
  /** Load of each minute. */
  readonly load: Float64Array;
  /** Load that one pod takes at a utilization of 1, in the same unit. */
  readonly capacity: number;
  /** From the order for a pod until it is usable, whole minutes >= 1. */
  readonly leadMinutes: number;
  /** First minute that is counted. */
  readonly from: number;
}

/** Triggers of one autoscaler; it takes the largest answer. */
export interface Triggers {
  /** Utilization that the autoscaler keeps. */
  readonly target: number;
  /** What the first trigger reads; a share of CPU cannot rise above what the usable pods have. */
  readonly reactive: "requests" | "cpu";
  /** What the second trigger reads, in the unit of the load; NaN is no answer. */
  readonly second: Float64Array | undefined;
}

export interface LoopResult {
  /** Minutes with pods fuller than the limit, percent. */
  readonly violations: number;
  /** Mean number of pods, those that start included. */
  readonly pods: number;
}

/** A pod that is fuller breaks the promise. */
const LIMIT = 0.85;
/** The HorizontalPodAutoscaler's own defaults: nothing is done within 10 %, and five minutes pass before a descent. */
const TOLERANCE = 0.1;
const DOWN_MINUTES = 5;

/** Pods for which the 99.9th percentile of the load is 70 % of their capacity. */
const PEAK_PODS = 40;
const PEAK_UTILIZATION = 0.7;

/** Capacity of a pod that makes the peak of the load `40` pods at 70 %. */
export function capacityFor(load: Float64Array): number {
  const sorted = Float64Array.from(load).sort();
  const rank = 0.999 * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] as number;
  const high = sorted[Math.ceil(rank)] as number;
  return (low + (high - low) * (rank % 1)) / (PEAK_PODS * PEAK_UTILIZATION);
}

export function runLoop(
  { load, capacity, leadMinutes, from }: Loop,
  { target, reactive, second }: Triggers,
): LoopResult {
  const perPod = capacity * target;
  const recommended = new Int32Array(DOWN_MINUTES + 1);
  // Pods by the minute in which they become usable.
  const starting = new Int32Array(leadMinutes + 1);
  let pods = 1;
  let usable = 1;
  let full = 0;
  let paid = 0;
  const wanted = (metric: number): number =>
    Math.abs(metric / (pods * perPod) - 1) <= TOLERANCE ? pods : Math.ceil(metric / perPod);
  for (let minute = 0; minute < load.length; minute++) {
    const slot = minute % starting.length;
    usable += starting[slot] as number;
    starting[slot] = 0;
    const now = load[minute] as number;
    if (minute >= from) {
      paid += pods;
      if (now > LIMIT * capacity * usable) full++;
    }
    const recent = (now + (load[Math.max(0, minute - 1)] as number)) / 2;
    let desired = wanted(reactive === "cpu" ? Math.min(recent, usable * capacity) : recent);
    const more = second?.[minute];
    if (more !== undefined && !Number.isNaN(more)) desired = Math.max(desired, wanted(more));
    desired = Math.max(desired, 1);
    recommended[minute % recommended.length] = desired;
    if (desired < pods) {
      let stay = desired;
      for (const one of recommended) stay = Math.max(stay, one);
      desired = Math.min(stay, pods);
    }
    if (desired > pods) starting[(minute + leadMinutes) % starting.length]! += desired - pods;
    let drop = pods - desired;
    // The youngest go first.
    for (let ahead = leadMinutes; ahead > 0 && drop > 0; ahead--) {
      const at = (minute + ahead) % starting.length;
      const gone = Math.min(drop, starting[at] as number);
      starting[at]! -= gone;
      drop -= gone;
    }
    if (drop > 0) usable -= drop;
    pods = desired;
  }
  const counted = load.length - from;
  return { violations: (100 * full) / counted, pods: paid / counted };
}
