/**
 * What the users of a service are owed. Every other number of the platform follows from this record:
 * replica bounds, autoscaler targets, pools, timeouts, alert thresholds, load-test thresholds and policies.
 */

/** One promise in three steps: what is promised, when to look, when to get up at night. */
export interface Threshold {
  /** The promise itself. Load tests and deploy gates compare with it. */
  readonly target: number;
  /** Crossing it opens a ticket. Never stricter than `target`. */
  readonly warning: number;
  /** Crossing it pages. Never stricter than `warning`. */
  readonly critical: number;
}

/** Response times and query times are seconds, rates are per second, everything else is a ratio in 0..1. */
export interface PerformanceBudget {
  /** 95th percentile of the response time at the service, seconds. */
  readonly responseTimeP95Seconds: Threshold;
  /** 99th percentile of the response time at the service, seconds. */
  readonly responseTimeP99Seconds: Threshold;
  /** Requests the service must be able to serve, per second. Smaller is worse. */
  readonly throughputRps: Threshold;
  /** Hits / (hits + misses) of the cache, 0..1. Smaller is worse. */
  readonly cacheHitRatio: Threshold;
  /** Share of requests answered with a 5xx, 0..1. */
  readonly errorRatio: Threshold;
  /** CPU used / CPU requested, 0..1. */
  readonly cpuUtilization: Threshold;
  /** Memory used / memory limit, 0..1. */
  readonly memoryUtilization: Threshold;
  /** Time of one database query, seconds. */
  readonly databaseQuerySeconds: Threshold;
}

export type BudgetMetric = keyof PerformanceBudget;

/** The figures of the RetroFitLink guide, table "Target Performance Metrics". */
export const DEFAULT_BUDGET: PerformanceBudget = {
  responseTimeP95Seconds: { target: 0.2, warning: 0.2, critical: 0.5 },
  responseTimeP99Seconds: { target: 0.5, warning: 0.5, critical: 1.0 },
  throughputRps: { target: 1000, warning: 500, critical: 100 },
  cacheHitRatio: { target: 0.85, warning: 0.85, critical: 0.7 },
  errorRatio: { target: 0.01, warning: 0.01, critical: 0.05 },
  cpuUtilization: { target: 0.7, warning: 0.7, critical: 0.85 },
  memoryUtilization: { target: 0.8, warning: 0.8, critical: 0.9 },
  databaseQuerySeconds: { target: 0.05, warning: 0.05, critical: 0.1 },
};

/** Which direction is worse. Decides the comparison in alerts, load-test thresholds and policies. */
export type WorseWhen = "higher" | "lower";

interface MetricShape {
  readonly worseWhen: WorseWhen;
  readonly unit: "seconds" | "requests/s" | "ratio";
  /** What a person calls it. */
  readonly title: string;
}

export const BUDGET_METRICS: Readonly<Record<BudgetMetric, MetricShape>> = {
  responseTimeP95Seconds: { worseWhen: "higher", unit: "seconds", title: "response time, 95th percentile" },
  responseTimeP99Seconds: { worseWhen: "higher", unit: "seconds", title: "response time, 99th percentile" },
  throughputRps: { worseWhen: "lower", unit: "requests/s", title: "throughput" },
  cacheHitRatio: { worseWhen: "lower", unit: "ratio", title: "cache hit rate" },
  errorRatio: { worseWhen: "higher", unit: "ratio", title: "error rate" },
  cpuUtilization: { worseWhen: "higher", unit: "ratio", title: "CPU usage" },
  memoryUtilization: { worseWhen: "higher", unit: "ratio", title: "memory usage" },
  databaseQuerySeconds: { worseWhen: "higher", unit: "seconds", title: "database query time" },
};

export const BUDGET_METRIC_NAMES = Object.keys(BUDGET_METRICS) as readonly BudgetMetric[];

/** A budget in which each metric, and each step of a metric, may be left out. */
export type BudgetOverrides = { readonly [M in BudgetMetric]?: Partial<Threshold> | undefined };

/**
 * Lays overrides over a base. A step left out keeps the base's value, except that a loosened target takes the
 * steps behind it along: promising less must not leave a warning stricter than the promise.
 */
export function mergeBudget(base: PerformanceBudget, overrides: BudgetOverrides = {}): PerformanceBudget {
  const merged = {} as Record<BudgetMetric, Threshold>;
  for (const metric of BUDGET_METRIC_NAMES) {
    const override = overrides[metric] ?? {};
    const looser = BUDGET_METRICS[metric].worseWhen === "higher" ? Math.max : Math.min;
    const target = override.target ?? base[metric].target;
    const warning = override.warning ?? looser(target, base[metric].warning);
    const critical = override.critical ?? looser(warning, base[metric].critical);
    merged[metric] = { target, warning, critical };
  }
  return merged;
}
