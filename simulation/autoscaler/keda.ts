/**
 * KEDA at work: its operator polls the triggers, its metrics server answers the HorizontalPodAutoscaler.
 *
 * Source: kedacore/keda, pkg/scaling/scale_handler.go, pkg/scaling/executor/scale_scaledobjects.go, pkg/fallback/fallback.go,
 * as of 2.20. Failures are counted wherever a trigger is asked, at each poll and at each look of the autoscaler, as there.
 */
import {
  metricName,
  type CronTrigger,
  type PrometheusTrigger,
  type QueueTrigger,
  type ScaledObject,
  type Trigger,
} from "./scaled-object";

/** What a trigger asks elsewhere: values of the series found, the length of a queue, or that there is no answer at all. */
export type Query = (trigger: PrometheusTrigger | QueueTrigger) => readonly number[] | "no answer";

/** The workload. */
export interface Workload {
  /** `spec.replicas` */
  readonly wanted: number;
  readonly ready: number;
}

/** A trigger's value, thousandths, and whether it is above its activation; undefined is an error. */
interface Reading {
  milli: number;
  isActive: boolean;
}

export class Keda {
  private readonly failures: number[];
  /** The last answer to each trigger, in one object that is changed. */
  private readonly readings: readonly Reading[];
  private readonly cache: (Reading | undefined | "nothing")[];
  private readonly next = new Map<CronTrigger, { start: number; end: number }>();
  private lastActive: number | undefined;
  private readonly createdAt: number;
  /** Where a trigger stands among them, by the name of its metric. */
  private readonly places: ReadonlyMap<string, number>;

  /** @param now seconds since 1970 */
  constructor(
    readonly object: ScaledObject,
    private readonly query: Query,
    now: number,
  ) {
    this.failures = object.triggers.map(() => 0);
    this.readings = object.triggers.map(() => ({ milli: 0, isActive: false }));
    this.cache = object.triggers.map(() => "nothing" as const);
    this.createdAt = now;
    this.places = new Map(object.triggers.map((trigger, place) => [metricName(place, trigger), place]));
  }

  /** One round of the operator, each `pollingInterval`. @returns the replicas that it sets itself, undefined: none */
  poll(now: number, workload: Workload): number | undefined {
    const { object } = this;
    const { wanted } = workload;
    const { triggers, min, idle, fallback, paused, forcedActivation } = object;
    if (paused !== undefined) return paused.replicas;
    // Of CPU and memory alone it can not tell whether anything is to do.
    let [isActive, isError] = [triggers.length === 0, false];
    for (let index = 0; index < triggers.length; index++) {
      const trigger = triggers[index] as Trigger;
      const raw = this.read(index, trigger, now);
      if (trigger.cached) this.cache[index] = raw;
      const value = this.withFallback(index, trigger, raw, workload);
      if (value === undefined) isError = true;
      // Without an answer of its own it is the fallback's.
      else if (raw === undefined || raw.isActive) isActive = true;
    }
    if (isActive || forcedActivation) {
      this.lastActive = now;
      const isBelow = (idle !== undefined && wanted < min) || wanted === 0;
      return isBelow && !object.pausedScaleOut ? Math.max(1, min) : undefined;
    }
    if (isError && (fallback === undefined || fallback.replicas !== 0)) return undefined;
    if ((idle !== undefined && wanted > idle) || (wanted > 0 && min === 0)) {
      const since = this.lastActive === undefined ? this.createdAt : this.lastActive + object.cooldownSeconds;
      return since < now && !object.pausedScaleIn ? (idle ?? 0) : undefined;
    }
    return idle === undefined && wanted < min ? min : undefined;
  }

  /** What the metrics server answers, thousandths; undefined is an error. */
  metric(name: string, now: number, workload: Workload): number | undefined {
    const index = this.places.get(name) ?? -1;
    const trigger = this.object.triggers[index];
    if (trigger === undefined) return undefined;
    const cached = trigger.cached ? (this.cache[index] ?? "nothing") : "nothing";
    const raw = cached === "nothing" ? this.read(index, trigger, now) : cached;
    return this.withFallback(index, trigger, raw, workload);
  }

  private read(index: number, trigger: Trigger, now: number): Reading | undefined {
    const reading = this.readings[index] as Reading;
    if (trigger.kind === "cron") {
      reading.isActive = this.isWithin(trigger, now);
      reading.milli = reading.isActive ? 1000 * trigger.desiredReplicas : 0;
      return reading;
    }
    const answer = this.query(trigger);
    if (answer === "no answer" || answer.length > 1) return undefined;
    const value = answer.length === 0 ? NaN : (answer[0] as number);
    // No series, no number, and what is infinite are one thing here.
    const isNothing = !Number.isFinite(value);
    if (isNothing && !(trigger.kind === "prometheus" && trigger.ignoreNullValues)) return undefined;
    reading.milli = isNothing ? 0 : Math.round(Math.max(0, value) * 1000);
    reading.isActive = !isNothing && value > trigger.activationThreshold;
    return reading;
  }

  /** Within, when the end comes before the next start. */
  private isWithin(trigger: CronTrigger, now: number): boolean {
    const at = 1000 * now;
    let next = this.next.get(trigger);
    if (next === undefined || next.start <= at || next.end <= at) {
      next = { start: trigger.start.next(at), end: trigger.end.next(at) };
      this.next.set(trigger, next);
    }
    return next.end <= next.start;
  }

  private withFallback(
    index: number,
    trigger: Trigger,
    raw: Reading | undefined,
    { wanted, ready }: Workload,
  ): number | undefined {
    if (raw !== undefined) {
      this.failures[index] = 0;
      return raw.milli;
    }
    const { fallback } = this.object;
    if (fallback === undefined) return undefined;
    const failures = (this.failures[index] ?? 0) + 1;
    this.failures[index] = failures;
    if (failures <= fallback.failureThreshold) return undefined;
    let replicas = fallback.replicas;
    if (fallback.behavior === "currentReplicas") replicas = wanted;
    else if (fallback.behavior === "currentReplicasIfHigher") replicas = Math.max(wanted, replicas);
    else if (fallback.behavior === "currentReplicasIfLower") replicas = Math.min(wanted, replicas);
    const { threshold, isValue } = trigger.kind === "cron" ? { threshold: 1, isValue: false } : trigger;
    if (isValue && ready === 0) return undefined;
    const share = isValue ? replicas / ready : replicas;
    return Math.trunc(threshold * 1000 * share);
  }
}
