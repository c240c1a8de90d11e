/** Whoever decides the replicas of a replay: the rendered autoscaler, or an oracle to compare with. */
import { HorizontalPodAutoscaler, type MetricsApis } from "../autoscaler/horizontal-pod-autoscaler";
import { ObjectError, type HpaObject } from "../autoscaler/hpa-object";
import { Keda } from "../autoscaler/keda";
import type { PrometheusTrigger, ScaledObject } from "../autoscaler/scaled-object";
import { CALCULATOR_DEFAULTS, type CalculatorSettings, type Groups } from "../autoscaler/replica-calculator";
import type { RuleGroup } from "../promql/rules";
import { isGone, type FaultKind, type ReplayFault } from "./faults";
import type { ReplayFleet, ReplayPod } from "./fleet";
import { checkQueues, type MessageQueue } from "./queue";
import type { ReplayService } from "./service";
import type { Telemetry } from "./telemetry";

/** One owner of the replicas. */
export type Autoscaler =
  | { readonly kind: "hpa"; readonly object: HpaObject; readonly rules: readonly RuleGroup[] }
  | { readonly kind: "keda"; readonly object: ScaledObject; readonly rules: readonly RuleGroup[] }
  /** Knows the load to come, and runs the fewest pods that keep the percentiles. @param lead seconds */
  | { readonly kind: "oracle"; readonly min: number; readonly max: number; readonly leadSeconds: number };

/** `--horizontal-pod-autoscaler-sync-period`, and metrics-server's resolution and the age of what a kubelet says. */
const SYNC_SECONDS = 15;
const RESOLUTION_SECONDS = 15;
const KUBELET_SECONDS = 5;

/** Share of its memory that a pod is taken to use: memory does not follow the load here. */
const MEMORY_SHARE = 0.5;

/** The autoscaler of an object, at work. Seconds since 1970, and since the start of the trace where faults are meant. */
export class Controller implements MetricsApis {
  private readonly hpa: HorizontalPodAutoscaler | undefined;
  private readonly keda: Keda | undefined;
  private nextSync: number;
  private nextPoll: number;
  private nextSample: number;
  private now: number;
  private readonly scale = { wanted: 0, there: 0, ready: 0 };
  /** Busy slot-seconds of a ready pod since the last sample, and what the last sample says, thousandths of a core. */
  private readonly busy = { slotSeconds: 0, seconds: 0 };
  private readonly sample = { milliCores: 0, inFlight: 0, at: -Infinity };
  /** What KEDA last answered: always one value. */
  private readonly answer = [0];
  /** Looks at which no decision could be made. */
  held = 0;

  /** @param phase where its clocks are, share of their periods */
  constructor(
    autoscaler: Exclude<Autoscaler, { kind: "oracle" }>,
    private readonly service: ReplayService,
    private readonly fleet: ReplayFleet,
    private readonly faults: readonly ReplayFault[],
    private readonly telemetry: Telemetry | undefined,
    private readonly queues: readonly MessageQueue[],
    private readonly start: number,
    phase: number,
    private readonly settings: CalculatorSettings = CALCULATOR_DEFAULTS,
  ) {
    this.now = start;
    this.nextSync = start + SYNC_SECONDS * phase;
    this.nextPoll = start;
    this.nextSample = start;
    if (autoscaler.kind === "hpa") {
      checkHpa(autoscaler.object);
      this.hpa = new HorizontalPodAutoscaler(autoscaler.object, settings);
    } else {
      const { object } = autoscaler;
      checkQueues(object, queues);
      this.keda = new Keda(
        object,
        (trigger) => (trigger.kind === "queue" ? this.entries(trigger.name) : this.ask(trigger, object)),
        start,
      );
      // A paused object has no autoscaler.
      if (object.paused === undefined) this.hpa = new HorizontalPodAutoscaler(object.hpa, settings);
    }
  }

  /** A step is over. @param busySlots of each ready pod, on average. @param inFlight of each */
  observe(seconds: number, busySlots: number, inFlight: number): void {
    this.busy.slotSeconds += busySlots * seconds;
    this.busy.seconds += seconds;
    this.sample.inFlight = inFlight;
  }

  act(now: number): void {
    this.now = now;
    const { fleet } = this;
    if (now >= this.nextSample) {
      this.nextSample = now + RESOLUTION_SECONDS;
      const { cpuSecondsPerRequest, time, usableCores } = this.service;
      const slots = this.busy.seconds > 0 ? this.busy.slotSeconds / this.busy.seconds : 0;
      const cores = Math.min(usableCores, (slots * cpuSecondsPerRequest) / time.mean);
      this.sample.milliCores = Math.round(1000 * cores);
      this.sample.at = now - KUBELET_SECONDS;
      this.busy.slotSeconds = 0;
      this.busy.seconds = 0;
    }
    const isPolled = now >= this.nextPoll && this.keda !== undefined;
    const isSynced = now >= this.nextSync && this.hpa !== undefined;
    if (!isPolled && !isSynced) return;
    let ready = 0;
    for (const pod of fleet.pods) if (pod.ready) ready++;
    this.scale.wanted = fleet.wanted;
    this.scale.there = fleet.there;
    this.scale.ready = ready;
    if (isPolled && this.keda !== undefined) {
      this.nextPoll = now + this.keda.object.pollingSeconds;
      if (!this.isGone("keda-gone")) {
        const set = this.keda.poll(now, this.scale);
        if (set !== undefined) {
          fleet.wanted = set;
          this.scale.wanted = set;
        }
      }
    }
    if (isSynced && this.hpa !== undefined) {
      this.nextSync = now + SYNC_SECONDS;
      const { replicas, held } = this.hpa.sync(now, this.scale, this);
      if (held) this.held++;
      fleet.wanted = replicas;
    }
  }

  private isGone(kind: FaultKind): boolean {
    return isGone(this.faults, kind, this.now - this.start);
  }

  private entries(queue: string): readonly number[] {
    return this.queues.filter(({ load }) => load.name === queue).map(({ entries }) => entries);
  }

  /** @throws ObjectError when a query yields several series: KEDA refuses it every time, and the trigger never works */
  private ask({ query, name }: PrometheusTrigger, of: ScaledObject): readonly number[] | "no answer" {
    if (this.telemetry === undefined || this.isGone("prometheus-gone")) return "no answer";
    const values = this.telemetry.query(query, this.now);
    if (values.length > 1) {
      throw new ObjectError(
        `ScaledObject ${of.name}: trigger ${name}: the query yields ${values.length} series, of which KEDA takes none: ` +
          `${query}; aggregate them, as in sum(…)`,
      );
    }
    return values;
  }

  resource(name: string): { groups: Groups; request: number } | undefined {
    if (this.isGone("metrics-server-gone")) return undefined;
    if (name === "cpu") {
      return {
        groups: this.groups(this.sample.milliCores, true),
        request: Math.round(1000 * this.service.cpuCores),
      };
    }
    const request = this.service.memoryMiB * 2 ** 20 * 1000;
    return { groups: this.groups(request * MEMORY_SHARE, false), request };
  }

  pods(name: string): Groups | undefined {
    return name === "http_requests_in_flight" && !this.isGone("prometheus-gone")
      ? this.groups(Math.ceil(1000 * this.sample.inFlight), false)
      : undefined;
  }

  external(name: string): readonly number[] | undefined {
    if (this.keda === undefined || this.isGone("keda-gone")) return undefined;
    const value = this.keda.metric(name, this.now, this.scale);
    if (value === undefined) return undefined;
    this.answer[0] = value;
    return this.answer;
  }

  /** @param each value of every pod that is ready */
  private groups(each: number, isCpu: boolean): Groups {
    let [measured, total, unready, missing] = [0, 0, 0, 0];
    for (const pod of this.fleet.pods) {
      if (pod.runsAt > this.now) unready++;
      else if (pod.lost || this.sample.at < pod.runsAt + RESOLUTION_SECONDS) missing++;
      else if (isCpu && this.isUnready(pod)) unready++;
      else {
        measured++;
        if (pod.ready) total += each;
      }
    }
    return { measured, total, unready, missing };
  }

  /** As in `groupPods`: the CPU of a pod that starts is not that of its work. */
  private isUnready({ runsAt, ready, changedAt }: ReplayPod): boolean {
    const { cpuInitializationSeconds, initialReadinessSeconds, metricsWindowSeconds } = this.settings;
    if (runsAt + cpuInitializationSeconds > this.now) {
      return !ready || this.sample.at < changedAt + metricsWindowSeconds;
    }
    return !ready && runsAt + initialReadinessSeconds > changedAt;
  }
}

/** @throws ObjectError when a metric of the object has no value in a replay */
function checkHpa({ name, metrics }: HpaObject): void {
  for (const metric of metrics) {
    if (metric.kind === "resource" && !["cpu", "memory"].includes(metric.resource)) {
      throw new ObjectError(
        `HorizontalPodAutoscaler ${name}: the resource ${metric.resource} is not simulated`,
      );
    }
    if (metric.kind === "pods" && metric.name !== "http_requests_in_flight") {
      throw new ObjectError(
        `HorizontalPodAutoscaler ${name}: the metric ${metric.name} of pods is not simulated; http_requests_in_flight is`,
      );
    }
    if (metric.kind === "external") {
      throw new ObjectError(
        `HorizontalPodAutoscaler ${name}: nobody serves the external metric ${metric.name}; a ScaledObject brings its own`,
      );
    }
  }
}
