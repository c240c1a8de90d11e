/** Rules over several numbers of a service. They run on numbers that are sound by themselves. */
import { issue, type Issue } from "../core/issues";
import type { PerformanceBudget } from "../core/performance-budget";
import { number } from "../core/format";
import { concurrentRequests } from "./capacity";
import type { CacheCalls } from "./connections";
import type { Demand, ServiceProfile } from "./demand";
import { MOST_PODS } from "./fleet";
import { PEAK_MARGIN } from "./planned";
import { serviceTime } from "./service-time";

/** What is compared. */
export interface ProfileParts {
  readonly profile: ServiceProfile;
  readonly demand: Demand;
  readonly budget: Pick<PerformanceBudget, "responseTimeP95Seconds" | "responseTimeP99Seconds">;
  /** Whole number >= 1. @default 1 */
  readonly processesPerPod?: number | undefined;
  /** Calls that a request makes one after the other, to the database and to caches. @default none */
  readonly waits?: readonly CacheCalls[];
  /** Share added to the peak, >= 0. @default 0.2 */
  readonly margin?: number | undefined;
}

const P95 = "profile.serviceTimeP95Seconds";
const P99 = "profile.serviceTimeP99Seconds";
const MEAN = "profile.serviceTimeSeconds";

/** Everything that does not fit together. An empty list means that there is a plan. */
export function profileIssues(parts: ProfileParts): Issue[] {
  const spread = spreadIssues(parts.profile);
  return [
    ...spread,
    ...(spread.length === 0 ? budgetIssues(parts) : []),
    ...partIssues(parts),
    ...sizeIssues(parts),
  ];
}

function spreadIssues(profile: ServiceProfile): Issue[] {
  const { serviceTimeSeconds: mean, serviceTimeP95Seconds: p95, serviceTimeP99Seconds: p99 } = profile;
  const fix = "Give what the load test of one pod measured without a queue, or leave both percentiles out.";
  if (p95 === undefined && p99 === undefined) return [];
  if (p95 === undefined || p99 === undefined) {
    const [key, got, other] = p95 === undefined ? [P99, p99 ?? 0, P95] : [P95, p95, P99];
    return [issue(key, got, { allowed: `given together with ${other}`, fix })];
  }
  if (p95 < mean) return [issue(P95, p95, { allowed: `at least the mean, ${mean} (seconds)`, fix })];
  if (p99 < p95) return [issue(P99, p99, { allowed: `at least the 95th percentile, ${p95} (seconds)`, fix })];
  // What 5 % of the requests take alone: with the tail as the plan draws it.
  const least = 0.05 * p95 + (0.05 * (p99 - p95)) / Math.log(5);
  if (mean > least) return [];
  return [
    issue(MEAN, mean, {
      allowed: `above ${number(least * 1000)} ms, which the slowest 5 % of the requests make of the mean alone`,
      fix,
    }),
  ];
}

/** Without any queue the percentiles have to be kept, or no number of pods keeps them. */
function budgetIssues({ profile, budget }: ProfileParts): Issue[] {
  const { p95, p99, mean, isAssumed } = serviceTime(profile);
  const fix =
    "Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.";
  const most = { p95: budget.responseTimeP95Seconds.target, p99: budget.responseTimeP99Seconds.target };
  if (isAssumed) {
    const longest = Math.min((most.p95 * mean) / p95, (most.p99 * mean) / p99);
    if (mean < longest) return [];
    const allowed = `below ${longest.toFixed(4)} (seconds), or no number of pods keeps the response time`;
    return [issue(MEAN, mean, { allowed, fix })];
  }
  return (
    [
      [P95, p95, most.p95],
      [P99, p99, most.p99],
    ] as const
  )
    .filter(([, measured, promised]) => measured >= promised)
    .map(([key, got, promised]) =>
      issue(key, got, {
        allowed: `below ${promised} (seconds), what is promised, or no number of pods keeps it`,
        fix,
      }),
    );
}

/** The parts of a request cannot be more than the whole. */
function partIssues({ profile, processesPerPod = 1, waits: parts = [] }: ProfileParts): Issue[] {
  const { serviceTimeSeconds: mean, concurrencyPerPod, cpuSecondsPerRequest: cpu } = profile;
  const waits = parts.reduce(
    (sum, { callsPerRequest, callSeconds }) => sum + callsPerRequest * callSeconds,
    0,
  );
  const most = Math.min(mean, (processesPerPod * mean) / concurrencyPerPod);
  return [
    ...(waits < mean
      ? []
      : [
          issue(MEAN, mean, {
            allowed: `above ${number(waits * 1000)} ms, what its calls to the database and to caches take one after the other`,
            fix: "Correct the number of calls, or how long one takes; calls made at the same time count as one.",
          }),
        ]),
    ...(cpu === undefined || cpu <= most * (1 + 1e-9)
      ? []
      : [
          issue("profile.cpuSecondsPerRequest", cpu, {
            allowed:
              `at most ${number(most * 1000)} ms: ${concurrencyPerPod} requests at a time in ${mean} s each leave ` +
              `${processesPerPod === 1 ? "a process" : `${processesPerPod} processes`} no more of a core`,
            fix: "Lower profile.concurrencyPerPod to what a pod really works on at the same time, or correct the measurement.",
          }),
        ]),
  ];
}

function sizeIssues({ profile, demand, margin = PEAK_MARGIN }: ProfileParts): Issue[] {
  const { serviceTimeSeconds, concurrencyPerPod, maxUtilization } = profile;
  const each = (concurrencyPerPod * maxUtilization) / serviceTimeSeconds;
  const offered = concurrentRequests(demand.peakRps * (1 + margin), serviceTimeSeconds);
  if (offered <= MOST_PODS * concurrencyPerPod * maxUtilization) return [];
  return [
    issue("demand.peakRps", demand.peakRps, {
      allowed: `at most ${number((MOST_PODS * each) / (1 + margin), 0)} requests/s, which ${number(MOST_PODS)} pods carry`,
      fix: "Give the rate in requests per second, and the service time in seconds.",
    }),
  ];
}
