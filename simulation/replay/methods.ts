/** What the rendered autoscaler is compared with, and how: at the same cost. */
import type { Behavior } from "../autoscaler/behavior";
import type { HpaMetric, HpaObject } from "../autoscaler/hpa-object";
import { readScaledObject, type ScaledObject } from "../autoscaler/scaled-object";
import type { Autoscaler } from "./controller";
import type { ReplayService } from "./service";

type Driven = Exclude<Autoscaler, { kind: "oracle" }>;

/** Looks back as long as a metric of a scraped counter needs to be steady. */
const RATE_WINDOW = "2m";

/** Bounds and behavior are the rendered ones in every method: what is compared is what they steer by. */
function frame(autoscaler: Driven): {
  min: number;
  max: number;
  behavior: Behavior | undefined;
  target: string;
} {
  const { min, max, behavior, target } =
    autoscaler.kind === "hpa" ? autoscaler.object : autoscaler.object.hpa;
  return { min, max, behavior, target };
}

/** A plain autoscaler on the CPU of the service's container. @param target whole percent of the request */
export function hpaOnCpu(autoscaler: Driven, target: number): Driven {
  const { min, max, behavior, target: name } = frame(autoscaler);
  const metric: HpaMetric = {
    kind: "resource",
    resource: "cpu",
    container: name,
    utilization: Math.max(1, Math.round(target)),
    average: undefined,
  };
  const object: HpaObject = { name, target: name, min, max, metrics: [metric], behavior };
  return { kind: "hpa", object, rules: [] };
}

/** KEDA on requests/s, as tuned by hand. @param perPod requests/s of a pod at the target */
export function onRequests(autoscaler: Driven, perPod: number): Driven {
  const { min, max, behavior, target } = frame(autoscaler);
  const object = readScaledObject({
    metadata: { name: target },
    spec: {
      scaleTargetRef: { name: target },
      minReplicaCount: min,
      maxReplicaCount: max,
      triggers: [
        {
          type: "prometheus",
          metadata: {
            query: `sum(rate(http_requests_total{service="${target}"}[${RATE_WINDOW}]))`,
            threshold: perPod.toFixed(3),
            ignoreNullValues: "false",
          },
        },
      ],
    },
  });
  return { kind: "keda", object: { ...object, hpa: { ...object.hpa, behavior } }, rules: [] };
}

/** Knows the next minutes: what it takes to add a pod, and one look of an autoscaler. */
export function oracle(autoscaler: Driven, service: ReplayService, nodeSeconds: number): Autoscaler {
  const { min, max } = frame(autoscaler);
  const leadSeconds = service.schedulingSeconds + service.warmUpSeconds + nodeSeconds + 15;
  return { kind: "oracle", min, max, leadSeconds };
}

/** The same autoscaler with every target so many times as high. Floors of the clock stay. */
export function withTargets(autoscaler: Driven, factor: number): Driven {
  const scale = (metric: HpaMetric): HpaMetric => {
    switch (metric.kind) {
      case "resource":
        return {
          ...metric,
          utilization: times(metric.utilization, factor),
          average: times(metric.average, factor),
        };
      case "pods":
        return { ...metric, average: Math.max(1, Math.round(metric.average * factor)) };
      case "external":
        // A clock asks for replicas, of one each.
        if (metric.name.endsWith("-cron")) return metric;
        return { ...metric, average: times(metric.average, factor), value: times(metric.value, factor) };
    }
  };
  const scaled = (object: HpaObject): HpaObject => ({ ...object, metrics: object.metrics.map(scale) });
  if (autoscaler.kind === "hpa") return { ...autoscaler, object: scaled(autoscaler.object) };
  const { object } = autoscaler;
  const changed: ScaledObject = {
    ...object,
    hpa: scaled(object.hpa),
    triggers: object.triggers.map((trigger) =>
      trigger.kind === "cron" ? trigger : { ...trigger, threshold: trigger.threshold * factor },
    ),
  };
  return { ...autoscaler, object: changed };
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : Math.max(1, Math.round(value * factor));
}

/** Requests/s of a pod with every slot busy. */
export function podSpeed({ slots, time }: ReplayService): number {
  return slots / time.mean;
}

/** CPU of a pod with every slot busy, percent of its request. */
export function busyCpu({ slots, time, cpuSecondsPerRequest, cpuCores, usableCores }: ReplayService): number {
  return (100 * Math.min(usableCores, (slots * cpuSecondsPerRequest) / time.mean)) / cpuCores;
}

/** A method at one of its targets. */
export interface Point {
  /** Share of the slots that the target means. */
  readonly target: number;
  readonly podHours: number;
  readonly violations: number;
}

/** Shares of the slots over which a target is swept. */
export const TARGETS: readonly number[] = [
  0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85,
];

/**
 * Violations of a method at a cost, between the two points around it; undefined where it never costs that.
 *
 * @param points in any order
 */
export function atCost(points: readonly Point[], podHours: number): number | undefined {
  const sorted = [...points].sort((a, b) => a.podHours - b.podHours);
  for (let index = 1; index < sorted.length; index++) {
    const [low, high] = [sorted[index - 1], sorted[index]];
    if (low === undefined || high === undefined || low.podHours > podHours || high.podHours < podHours)
      continue;
    const width = high.podHours - low.podHours;
    const share = width === 0 ? 0 : (podHours - low.podHours) / width;
    return low.violations + share * (high.violations - low.violations);
  }
  return undefined;
}
