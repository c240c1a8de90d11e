/** What a service does when its caches are empty. Units: seconds, requests/s. */
import { derived, type Derived } from "../core/derived";
import { duration, number, percent, plural, rate } from "../core/format";
import type { PerformanceBudget } from "../core/performance-budget";
import type { CacheCalls } from "./connections";
import type { ServiceProfile } from "./demand";

/** What decides it. */
export interface ColdCacheInputs {
  readonly profile: ServiceProfile;
  readonly budget: Pick<PerformanceBudget, "cacheHitRatio">;
  /** Queries to the database that one request makes on average behind its caches. */
  readonly queries: CacheCalls;
  /** Pods at most. */
  readonly pods: number;
}

/**
 * Service time and the load that is carried with empty caches, where queries are what misses cost: 1 / (1 - hit ratio) times
 * as many, one after the other. Numbers and no promise: it is not proven that the database and its pools bear them.
 */
export function coldCacheNumbers({
  profile,
  budget,
  queries,
  pods,
}: ColdCacheInputs): Record<string, Derived> {
  const hits = budget.cacheHitRatio.target;
  if (hits >= 1) return {};
  const { serviceTimeSeconds, concurrencyPerPod, maxUtilization } = profile;
  const { callsPerRequest, callSeconds } = queries;
  const all = callsPerRequest / (1 - hits);
  const seconds = serviceTimeSeconds + (all - callsPerRequest) * callSeconds;
  const keys = [
    "database.queriesPerRequest",
    "database.querySeconds",
    "retrofitlink:budget.cacheHitRatio.target",
  ];
  return {
    coldTime: derived(
      "Service time with empty caches",
      seconds,
      "seconds",
      `${number(callsPerRequest)} queries ÷ (1 − ${percent(hits)} hits) = ${number(all)}; ` +
        `${duration(serviceTimeSeconds)} + (${number(all)} − ${number(callsPerRequest)}) · ${duration(callSeconds)}`,
      keys,
    ),
    coldLoad: derived(
      "Load carried with empty caches",
      (pods * concurrencyPerPod * maxUtilization) / seconds,
      "requests/s",
      `${plural(pods, "pod")} · ${concurrencyPerPod} · ${percent(maxUtilization)} ÷ ${duration(seconds)}; ` +
        `${rate((pods * concurrencyPerPod * maxUtilization) / serviceTimeSeconds)} when they are full`,
      keys,
    ),
  };
}
