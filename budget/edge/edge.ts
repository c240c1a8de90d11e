/**
 * What a CDN keeps away from the service, and what arrives when it keeps nothing away. Requests/s, ratios 0..1.
 *
 * The hit ratio is a promise of the budget and not a property of the CDN: a purge of everything, a changed cache key or
 * a lost shield makes it 0 at once, and then the whole rate of the clients arrives.
 */
import type { Threshold } from "../core/performance-budget";
import { wholeUp } from "../core/rounding";

/** What clients ask of the edge, counted before any cache. */
export interface EdgeTraffic {
  /** Highest rate of all requests of clients, requests/s, > 0. */
  readonly peakRps: number;
  /** Share of the requests that falls to each class of paths, 0..1; together 1. */
  readonly shares: Readonly<Record<string, number>>;
  /** Hit ratio of a class that is known to differ from the budget's, 0..1. */
  readonly hitRatios?: Readonly<Record<string, number>>;
}

/** A class of paths, as far as it matters to the load. */
export interface EdgeLoadClass {
  readonly name: string;
  readonly cached: boolean;
  /** What answers a miss: the service behind the load balancer, a bucket, or the function that makes the variants of images. */
  readonly target: "service" | "assets" | "images";
}

/** Load of one class at peak. */
export interface EdgeClassLoad extends EdgeLoadClass {
  /** Requests/s at the edge. */
  readonly rps: number;
  /** Expected hits / requests, 0..1; 0 for what is not cached. */
  readonly hitRatio: number;
  /** Requests/s that its target answers. */
  readonly missRps: number;
}

/** What reaches the service at peak, in three cases. */
export interface EdgeLoad {
  /** Requests/s at the edge. */
  readonly peakRps: number;
  /** Expected hits / requests over every class, 0..1. */
  readonly hitRatio: number;
  /** Requests/s at the service with the hit ratios that are promised. */
  readonly expectedOriginRps: number;
  /** Requests/s at the service when cached classes are at the ratio that pages somebody. */
  readonly degradedOriginRps: number;
  /** Requests/s at the service when nothing is cached: after a purge of everything, with a changed key. */
  readonly collapseOriginRps: number;
  readonly classes: readonly EdgeClassLoad[];
}

/** What a load is derived from. */
export interface EdgeLoadInputs {
  readonly traffic: EdgeTraffic;
  readonly classes: readonly EdgeLoadClass[];
  /** `cacheHitRatio` of the budget: the target is what is expected of cached classes, critical is what pages. */
  readonly cacheHitRatio: Threshold;
}

/**
 * With λ the peak, s_c the share of class c and h_c its hit ratio:
 *
 * - rate of a class: λ_c = λ · s_c; its misses: λ_c · (1 − h_c), where h_c = 0 for what is not cached
 * - expected at the service: Σ λ_c · (1 − h_c) over the classes that the service answers
 * - degraded: the same with h_c = min(h_c, cacheHitRatio.critical)
 * - collapse: Σ λ_c. It is an upper bound: an edge that sends one request for many equal ones passes on less.
 *
 * A class without a share has none of the traffic.
 */
export function edgeLoad({ traffic, classes, cacheHitRatio }: EdgeLoadInputs): EdgeLoad {
  const plans = classes.map((each): EdgeClassLoad => {
    const rps = traffic.peakRps * (traffic.shares[each.name] ?? 0);
    const hitRatio = each.cached ? (traffic.hitRatios?.[each.name] ?? cacheHitRatio.target) : 0;
    return { ...each, rps, hitRatio, missRps: rps * (1 - hitRatio) };
  });
  const sum = (rate: (plan: EdgeClassLoad) => number, of: readonly EdgeClassLoad[] = plans): number =>
    of.reduce((total, plan) => total + rate(plan), 0);
  const atService = plans.filter(({ target }) => target === "service");
  const degraded = ({ rps, hitRatio }: EdgeClassLoad): number =>
    rps * (1 - Math.min(hitRatio, cacheHitRatio.critical));
  return {
    peakRps: traffic.peakRps,
    hitRatio: sum(({ rps, hitRatio }) => rps * hitRatio) / traffic.peakRps,
    expectedOriginRps: sum(({ missRps }) => missRps, atService),
    degradedOriginRps: sum(degraded, atService),
    collapseOriginRps: sum(({ rps }) => rps, atService),
    classes: plans,
  };
}

/** What one client address may ask of the proxy behind the CDN. */
export interface ProxyClientLimit {
  /** Requests/s. */
  readonly requestsPerSecond: number;
  /** Requests that may come at once. */
  readonly burst: number;
}

/** The smallest limit that both AWS WAF and Cloudflare take, requests a minute. */
export const LEAST_CLIENT_LIMIT = 10;

/**
 * Requests a minute of one client address at the edge, so that a client within the proxy's limit is never refused
 * there: ⌈(60 · rate + burst) ÷ share⌉, where share = expected rate at the service ÷ rate at the edge. A client that
 * loads pages as clients do on the average causes one request at the proxy for 1 ÷ share at the edge.
 */
export function clientRequestsPerMinute(
  { requestsPerSecond, burst }: ProxyClientLimit,
  { expectedOriginRps, peakRps }: Pick<EdgeLoad, "expectedOriginRps" | "peakRps">,
): number {
  const share = expectedOriginRps / peakRps;
  if (!(share > 0)) return LEAST_CLIENT_LIMIT;
  return Math.max(LEAST_CLIENT_LIMIT, wholeUp((60 * requestsPerSecond + burst) / share));
}
