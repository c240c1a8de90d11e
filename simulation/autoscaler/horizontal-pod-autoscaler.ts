/**
 * One HorizontalPodAutoscaler as the controller runs it: all its metrics, and what comes of them.
 *
 * Source: Kubernetes, pkg/controller/podautoscaler/horizontal.go (`reconcileAutoscaler`, `computeReplicasForMetrics`), as of
 * 1.36.
 */
import { nothingYet, step, type Memory } from "./behavior";
import type { HpaMetric, HpaObject, MetricSelector } from "./hpa-object";
import {
  CALCULATOR_DEFAULTS,
  byAverage,
  byUtilization,
  byValue,
  byValuePerPod,
  type CalculatorSettings,
  type Groups,
  type Tolerances,
} from "./replica-calculator";

/** The workload as its `scale` says, and its pods. */
export interface Scale {
  /** `spec.replicas` */
  readonly wanted: number;
  /** `status.replicas` */
  readonly there: number;
  /** Pods that run and are ready. */
  readonly ready: number;
}

/** The three metrics APIs. Undefined is an error of theirs, or nothing found. Values are whole thousandths. */
export interface MetricsApis {
  /** @param container undefined: of all containers. With what a pod requests of it. */
  resource(name: string, container: string | undefined): { groups: Groups; request: number } | undefined;
  pods(name: string, selector: MetricSelector): Groups | undefined;
  /** Values of all series found. */
  external(name: string, selector: MetricSelector): readonly number[] | undefined;
}

export interface Decision {
  readonly replicas: number;
  /** Metrics that could not be read. */
  readonly failed: number;
  /** Nothing is done since what can be read asks for less, or nothing can be read. */
  readonly held: boolean;
}

export class HorizontalPodAutoscaler {
  private memory: Memory | undefined;
  private readonly tolerances: Tolerances;

  constructor(
    readonly object: HpaObject,
    settings: CalculatorSettings = CALCULATOR_DEFAULTS,
  ) {
    const { tolerance } = settings;
    const { scaleUp, scaleDown } = object.behavior ?? {};
    this.tolerances = { up: scaleUp?.tolerance ?? tolerance, down: scaleDown?.tolerance ?? tolerance };
  }

  /** One look, every `--horizontal-pod-autoscaler-sync-period`. @param now seconds */
  sync(now: number, scale: Scale, apis: MetricsApis): Decision {
    const { object } = this;
    const { min, max, metrics, behavior } = object;
    const { wanted: current } = scale;
    this.memory ??= nothingYet({ at: now, replicas: current });
    if (current === 0) return { replicas: 0, failed: 0, held: true };
    if (current > max) return this.moved(current, max, now, 0);
    if (current < min) return this.moved(current, min, now, 0);
    let proposed = 0;
    let failed = 0;
    for (const metric of metrics) {
      const proposal = this.proposal(metric, scale, apis);
      if (proposal === undefined) failed++;
      else proposed = Math.max(proposed, proposal);
    }
    const held = failed === metrics.length || (failed > 0 && proposed < current);
    if (held) return { replicas: current, failed, held };
    return { replicas: step(proposed, current, now, this.memory, behavior, object), failed, held };
  }

  /** Bounds come before metrics; the change is remembered all the same. */
  private moved(current: number, replicas: number, now: number, failed: number): Decision {
    const { behavior } = this.object;
    // As a step that nothing limits: only its event is kept.
    if (behavior !== undefined) {
      const changes = replicas > current ? this.memory?.ups : this.memory?.downs;
      changes?.push({ at: now, replicas: Math.abs(replicas - current) });
    }
    return { replicas, failed, held: false };
  }

  private proposal(
    metric: HpaMetric,
    { wanted, there, ready }: Scale,
    apis: MetricsApis,
  ): number | undefined {
    const { tolerances } = this;
    switch (metric.kind) {
      case "resource": {
        const found = apis.resource(metric.resource, metric.container);
        if (found === undefined) return undefined;
        const { average, utilization = 100 } = metric;
        return average === undefined
          ? byUtilization(found.groups, wanted, utilization, found.request, tolerances)
          : byAverage(found.groups, wanted, average, tolerances);
      }
      case "pods": {
        const groups = apis.pods(metric.name, metric.selector);
        return groups && byAverage(groups, wanted, metric.average, tolerances);
      }
      case "external": {
        const values = apis.external(metric.name, metric.selector);
        if (values === undefined || values.length === 0) return undefined;
        let usage = 0;
        for (const value of values) usage += value;
        return metric.average === undefined
          ? byValue(usage, wanted, ready, metric.value ?? NaN, tolerances)
          : byValuePerPod(usage, there, metric.average, tolerances);
      }
    }
  }
}
