/**
 * What a request costs when caches miss more often than they were measured to. Units: seconds, queries, ratios.
 *
 * Queries that a cache can spare are made for misses only, so there are (1 - hits) / (1 - measured hits) times as many, one
 * after the other. How many one request makes is taken to be as by chance (Poisson) and the time of each to be exponential:
 * n more queries of q seconds add n * q to the mean and 2 * n * q^2 to the variance, and percentiles lie as much farther from
 * the mean as those of an exponential time would.
 */
import { issue, type Issue } from "../core/issues";
import type { ServiceProfile } from "./demand";
import { serviceTime } from "./service-time";

/** Queries of one request, measured at the budget's `cacheHitRatio.target`. */
export interface QueriesOfRequest {
  readonly queriesPerRequest: number;
  readonly querySeconds: number;
  /** Of these, what no cache answers: writes, and reads of what is never the same twice. @default 0: every query is a miss */
  readonly uncachedQueriesPerRequest?: number | undefined;
}

/** Of the queries of a request no more than all can be made whatever the caches have. */
export function queryIssues({
  queriesPerRequest,
  uncachedQueriesPerRequest = 0,
}: Omit<QueriesOfRequest, "querySeconds">): Issue[] {
  if (uncachedQueriesPerRequest <= queriesPerRequest) return [];
  return [
    issue(["database", "uncachedQueriesPerRequest"], uncachedQueriesPerRequest, {
      allowed: `at most database.queriesPerRequest, ${queriesPerRequest}`,
      fix: "It counts those of the queries that no cache answers.",
    }),
  ];
}

/**
 * Queries of a request at a hit ratio, >= 0.
 *
 * @param measured hit ratio at which they were measured, 0 <= x < 1
 */
export function queriesAt(
  { queriesPerRequest, uncachedQueriesPerRequest = 0 }: Omit<QueriesOfRequest, "querySeconds">,
  measured: number,
  hits: number,
): number {
  const cached = queriesPerRequest - uncachedQueriesPerRequest;
  return uncachedQueriesPerRequest + (cached * (1 - hits)) / (1 - measured);
}

/** How far the 95th and 99th percentile of an exponential time lie above its mean, in units of the mean. */
const ABOVE = { p95: Math.log(20) - 1, p99: Math.log(100) - 1 } as const;

/** The profile with more queries in every request. @param more queries, >= 0 */
export function withMoreQueries(profile: ServiceProfile, more: number, querySeconds: number): ServiceProfile {
  const { mean, p95, p99 } = serviceTime(profile);
  const slower = mean + more * querySeconds;
  const deviation = querySeconds * Math.sqrt(2 * more);
  const moved = (percentile: number, above: number): number =>
    slower + Math.hypot(percentile - mean, above * deviation);
  return {
    ...profile,
    serviceTimeSeconds: slower,
    serviceTimeP95Seconds: moved(p95, ABOVE.p95),
    serviceTimeP99Seconds: moved(p99, ABOVE.p99),
  };
}
