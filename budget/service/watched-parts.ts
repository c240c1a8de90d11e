/** What the alerts of a service have in common. */
import type { BudgetMetric, PerformanceBudget } from "../core/performance-budget";
import type { Alert, ThresholdCondition, Tier } from "../monitoring/alert";
import type { Workload } from "../monitoring/series";
import { SERVICE, told, type Format } from "../monitoring/told";
import { targetSeries } from "../monitoring/watched";
import { nodeHeap } from "./node-heap";
import {
  BY_SERVICE,
  perService,
  plannedFigure,
  type PlannedFigure,
  type PodOfService,
} from "./recording-rules";

/** What is watched of a service follows from it. */
export interface WatchedService extends Workload {
  readonly budget: PerformanceBudget;
  readonly pod: PodOfService;
  /** Node.js processes of a pod, whole number >= 1. */
  readonly processesPerPod: number;
  /** Share of the slots up to which the percentiles were kept in the load test. */
  readonly maxUtilization: number;
  /** Requests/s of quiet hours. */
  readonly baseRps: number;
}

/** Services of one namespace, which have rules and alerts in common. */
export interface WatchedServices {
  readonly namespace: string;
  /** At least one; tests follow from the first. */
  readonly services: readonly [WatchedService, ...WatchedService[]];
}

/** Seconds of the window of most figures: enough scrapes that one may be lost, and little enough to wake somebody in time. */
export const FIVE_MINUTES = 300;

/** Key of the stack file that each service has. */
const KEY = "retrofitlink:services.<name>";

/** A key of each service, by its path below the service. */
export function keyOf(path: string): string {
  return `${KEY}.${path}`;
}

/** What the budget of the service says, in an alert's text. */
export function toldTarget(metric: BudgetMetric, step: Step, format: Format): string {
  return told({ metric, step }, format);
}

/** What the plan of the service says, in an alert's text. */
export function toldFigure(metric: PlannedFigure, format: Format): string {
  return told({ metric }, format);
}

/** What all alerts about services have. @param metrics of the budget from which the bound follows */
export function about(
  metrics: readonly BudgetMetric[],
  summary: string,
  impact: string,
): Pick<Alert, "noun" | "subject" | "summary" | "impact" | "dashboard" | "keys"> {
  const keys = metrics.map((metric) => keyOf(`budget.${metric}`));
  return { noun: "service", subject: SERVICE, summary, impact, dashboard: "performance", keys };
}

/** Steps of a figure of the budget. */
export const STEPS = ["target", "warning", "critical"] as const;
export type Step = (typeof STEPS)[number];

/** The two steps of a figure that somebody is told of: the critical one sooner, and somebody who can be woken. */
export function steps(tiers: { readonly warning: Tier; readonly critical: Tier }): readonly {
  readonly step: "warning" | "critical";
  readonly tier: Tier;
}[] {
  return (["warning", "critical"] as const).map((step) => ({ step, tier: tiers[step] }));
}

type Beyond = Pick<ThresholdCondition, "bounds" | "threshold" | "by">;

/** A step of each service's budget as a bound. */
export function stepOf(
  { namespace, services: [first] }: WatchedServices,
  metric: BudgetMetric,
  step: Step,
): Beyond {
  return {
    bounds: targetSeries({ namespace, metric, step }),
    threshold: first.budget[metric][step],
    by: BY_SERVICE,
  };
}

/** A figure of each service's plan as a bound. */
export function figureOf({ namespace, services: [first] }: WatchedServices, metric: PlannedFigure): Beyond {
  return {
    bounds: plannedFigure(namespace, metric),
    threshold: plannedFigures(first)[metric],
    by: BY_SERVICE,
  };
}

/** Figures of the plan of one service. */
export function plannedFigures(of: WatchedService): Record<PlannedFigure, number> {
  const { pod, baseRps, maxUtilization, processesPerPod } = of;
  return {
    baseRps,
    cpuCores: pod.cpuCores,
    heapBytes: nodeHeap(pod.memoryMiB, processesPerPod).oldSpaceMiB * 2 ** 20,
    maxUtilization,
    memoryBytes: pod.memoryMiB * 2 ** 20,
    slots: pod.slots,
  };
}

/** Only of services of the plan: each has slots. @param expr PromQL of a value for each workload */
export function ofPlan(namespace: string, expr: string): string {
  return perService(expr, "and", plannedFigure(namespace, "slots"));
}

/** How long it has to last: a warning may wait for the rollout or the peak that explains it. */
export const FOR_SECONDS = { warning: 600, critical: 120 } as const;
