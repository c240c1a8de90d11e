/** The performance budget as settings, and what is wrong with one. */
import type { z } from "zod";

import { mapValues } from "./own";
import { show, type Issue } from "./issues";
import {
  BUDGET_METRICS,
  BUDGET_METRIC_NAMES,
  type BudgetMetric,
  type BudgetOverrides,
  type PerformanceBudget,
  type Threshold,
} from "./performance-budget";
import { group, number, ratio, type SettingPath } from "./settings";

const FIX = "Target, warning and critical go from the promise to the alarm.";

/** Where typing errors begin, by unit. */
const MOST = { seconds: 3600, "requests/s": 10_000_000 } as const;

function step(metric: BudgetMetric): z.ZodNumber {
  const { unit, title } = BUDGET_METRICS[metric];
  const told = { fix: FIX, decides: title };
  return unit === "ratio" ? ratio(told) : number({ unit, above: 0, atMost: MOST[unit] }, told);
}

/** A step of each metric may be left out, and so may the metric. */
export const budgetSettings = group(
  mapValues(BUDGET_METRICS, (_, metric) => {
    const of = (): z.ZodOptional<z.ZodNumber> => step(metric as BudgetMetric).optional();
    return group(
      { target: of(), warning: of(), critical: of() },
      { fix: "Give at least one of them.", decides: BUDGET_METRICS[metric as BudgetMetric].title },
    ).optional();
  }) as Record<BudgetMetric, z.ZodOptional<ThresholdSettings>>,
  {
    allowed: "a map of metrics",
    fix: "Give what differs from the default, see Budget.",
    decides: "everything",
  },
);

type ThresholdSettings = z.ZodObject<Record<keyof Threshold, z.ZodOptional<z.ZodNumber>>, z.core.$strict>;

/**
 * What is wrong between the numbers of a budget, each of them sound by itself: the order of target, warning and critical in
 * the metric's direction, and p95 <= p99. An empty list means that the budget can be kept and measured.
 *
 * @param given what the budget was merged from; an issue is where a number was given, or else at its metric
 * @param path where `given` is. @default the root
 */
export function budgetIssues(
  budget: PerformanceBudget,
  given: BudgetOverrides = budget,
  path: SettingPath = [],
): Issue[] {
  const at = (metric: BudgetMetric, name: keyof Threshold, allowed: string): Issue => {
    const isGiven = given[metric]?.[name] !== undefined;
    const value = budget[metric][name];
    return {
      path: isGiven ? [...path, metric, name] : [...path, metric],
      got: isGiven ? show(value) : `a ${name} of ${value}`,
      allowed,
      fix: FIX,
    };
  };
  const issues = BUDGET_METRIC_NAMES.flatMap((metric) => {
    const { target, warning, critical } = budget[metric];
    const higher = BUDGET_METRICS[metric].worseWhen === "higher";
    const isWorse = (a: number, b: number): boolean => (higher ? a >= b : a <= b);
    const bound = higher ? "at least" : "at most";
    return [
      ...(isWorse(warning, target) ? [] : [at(metric, "warning", `${bound} the target, ${target}`)]),
      ...(isWorse(critical, warning) ? [] : [at(metric, "critical", `${bound} the warning, ${warning}`)]),
    ];
  });
  const p95 = budget.responseTimeP95Seconds.target;
  return budget.responseTimeP99Seconds.target >= p95
    ? issues
    : [...issues, at("responseTimeP99Seconds", "target", `at least the 95th percentile's target, ${p95}`)];
}
