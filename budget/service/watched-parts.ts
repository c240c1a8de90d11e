/** What the alerts of a service have in common. */
import type { BudgetMetric, PerformanceBudget } from "../core/performance-budget";
import type { Alert, Tier } from "../monitoring/alert";
import type { Workload } from "../monitoring/series";
import type { PodOfService } from "./recording-rules";

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
  /** Key of the service: `retrofitlink:services.backend`. */
  readonly key: string;
}

/** Seconds of the window of most figures: enough scrapes that one may be lost, and little enough to wake somebody in time. */
export const FIVE_MINUTES = 300;

/** What all alerts about a figure of the budget have. */
export function about(
  { key }: Pick<WatchedService, "key">,
  metrics: readonly BudgetMetric[],
  summary: string,
  impact: string,
): Pick<Alert, "noun" | "summary" | "impact" | "dashboard" | "keys"> {
  const keys = metrics.map((metric) => `${key}.budget.${metric}`);
  return { noun: "service", summary, impact, dashboard: "performance", keys };
}

/** The two steps of a figure that somebody is told of: the critical one sooner, and somebody who can be woken. */
export function steps(
  of: Pick<WatchedService, "budget">,
  metric: BudgetMetric,
  tiers: { readonly warning: Tier; readonly critical: Tier },
): readonly { readonly step: "warning" | "critical"; readonly bound: number; readonly tier: Tier }[] {
  const { warning, critical } = of.budget[metric];
  const all = [
    { step: "warning", bound: warning, tier: tiers.warning },
    { step: "critical", bound: critical, tier: tiers.critical },
  ] as const;
  // Where both are one number the second says it all.
  return warning === critical ? all.slice(1) : all;
}

/** How long it has to last: a warning may wait for the rollout or the peak that explains it. */
export const FOR_SECONDS = { warning: 600, critical: 120 } as const;
