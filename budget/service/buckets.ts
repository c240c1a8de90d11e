/** Bounds of the response time histogram, which decide what share of requests can be counted instead of guessed. Unit: seconds. */
import { issueList, type Issue } from "../core/issues";
import type { PerformanceBudget } from "../core/performance-budget";
import type { SettingPath } from "../core/settings";

/** Bounds of response times that are always there, seconds. */
const USUAL_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Bounds of the response time histogram, seconds, ascending. The steps of the budget are among them, so that the share
 * within the budget is counted and not interpolated.
 */
export function responseTimeBuckets(
  budget: Pick<PerformanceBudget, "responseTimeP95Seconds" | "responseTimeP99Seconds">,
): number[] {
  const { responseTimeP95Seconds: p95, responseTimeP99Seconds: p99 } = budget;
  const steps = [p95, p99].flatMap(({ target, warning, critical }) => [target, warning, critical]);
  return [...new Set([...USUAL_BUCKETS, ...steps])].sort((a, b) => a - b);
}

/** What is wrong with a bound of an objective: between two bounds of the histogram the share within it is unknown. */
export function bucketIssues(seconds: number, buckets: readonly number[], path: SettingPath): Issue[] {
  const { issues, check } = issueList();
  check(
    buckets.includes(seconds),
    path,
    seconds,
    `a bound of the histogram: ${buckets.join(", ")}`,
    "Take one of them, or make it a step of the service's budget, which is one by itself.",
  );
  return issues;
}

/** How the bound of a bucket may be written. Prometheus 3 writes whole numbers as `1.0` when it scrapes, and 2 as they come. */
export function bucketLabels(seconds: number): string[] {
  return Number.isInteger(seconds) ? [`${seconds}`, `${seconds}.0`] : [`${seconds}`];
}

/** Matcher of a bucket, see {@link bucketLabels}. */
export function bucketMatcher(seconds: number): string {
  return Number.isInteger(seconds) ? `le=~"${seconds}([.]0)?"` : `le="${seconds}"`;
}
