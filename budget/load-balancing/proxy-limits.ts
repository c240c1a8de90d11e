/**
 * What the proxy lets in: of one client, of all clients while the service is overloaded, and of a failed request a
 * second time. Units: requests/s, seconds, requests.
 *
 * Sources: nginx's documentation of ngx_http_limit_req_module and ngx_http_upstream_module (max_conns); HAProxy's
 * documentation of stick tables, maxconn and timeout queue; Little's law.
 */
import type { ServiceProfile } from "../service/demand";
import type { PerformanceBudget } from "../core/performance-budget";
import { wholeUp, withoutNoise } from "../core/rounding";
import type { TimeoutChain } from "../timeouts/timeouts";

/** What one client address may do, over all pods of the proxy together. */
export interface RateLimit {
  /** Sustained requests/s, > 0. */
  readonly requestsPerSecond: number;
  /** Requests that may come at once on top of it, a whole number >= 0. */
  readonly burst: number;
  /** Requests in flight at the same time, a whole number >= 1. */
  readonly connections: number;
}

/** A page with its parts at once, and an eager user after it. */
export const DEFAULT_RATE_LIMIT: RateLimit = { requestsPerSecond: 20, burst: 40, connections: 50 };

/** One pod's share of a {@link RateLimit}, as nginx takes it. */
export interface PodRateLimit {
  /** `rate`, requests/minute: nginx takes whole numbers, and a share per second is soon less than one. */
  readonly requestsPerMinute: number;
  /** `burst`, requests. */
  readonly burst: number;
  /** `limit_conn`, requests in flight. */
  readonly connections: number;
}

/** The largest number that `limit_conn` takes. */
const MOST_CONNECTIONS = 65_535;

/**
 * Divides a limit among the pods. Each pod counts by itself, so the effective limit is rate * pods; divided by the
 * largest fleet, a client that reaches every pod never gets more than it was promised to be held to.
 *
 * The burst stays whole: a page's parallel requests come over one connection, and so meet a single pod.
 *
 * @param pods pods of the proxy at most, whole number >= 1
 */
export function rateLimitPerPod(limit: RateLimit, pods: number): PodRateLimit {
  return {
    requestsPerMinute: Math.floor(withoutNoise((limit.requestsPerSecond * 60) / pods)),
    burst: limit.burst,
    connections: Math.min(MOST_CONNECTIONS, Math.floor(limit.connections / pods)),
  };
}

/** A {@link RateLimit} as HAProxy takes it: requests let in over a sliding window, counted in each pod. */
export interface SlidingWindow {
  /** Requests let in over the window by all pods together. */
  readonly requests: number;
  /** Length of the window, seconds, whole milliseconds. */
  readonly seconds: number;
}

/**
 * The window in which HAProxy counts, seconds: max(1, max(burst, 1) * pods / rate), rounded up to milliseconds; requests
 * = floor(rate * window). Over a window no more than the sustained rate is let in; within it a pod of the largest fleet
 * still lets a whole burst in at once, and no pod's share is less than one request.
 *
 * The window is fixed, the share is not: a pod lets in requests / pods that are ready now.
 *
 * @param pods pods of the proxy at most, whole number >= 1
 */
export function slidingWindow(limit: RateLimit, pods: number): SlidingWindow {
  const burst = Math.max(1, limit.burst);
  const shortest = Math.max(1, (burst * pods) / limit.requestsPerSecond);
  const seconds = Math.ceil(shortest * 1000) / 1000;
  return { requests: Math.floor(withoutNoise(limit.requestsPerSecond * seconds)), seconds };
}

/** Share of a pod's connections that one address may have. */
const CONNECTIONS_SHARE = 1 / 8;

/**
 * Connections of one address at one pod, idle ones among them = max(requests in flight of one address, clients of a
 * pod / 8): many behind one address stay connected, and no address keeps the others out.
 *
 * @param clientsPerPod clients one pod can serve at the same time
 */
export function connectionsPerAddress(limit: Pick<RateLimit, "connections">, clientsPerPod: number): number {
  return Math.max(limit.connections, Math.ceil(clientsPerPod * CONNECTIONS_SHARE));
}

/** What the admission to a service is derived from. */
export interface AdmissionInputs {
  readonly profile: Pick<ServiceProfile, "serviceTimeSeconds" | "concurrencyPerPod">;
  readonly budget: Pick<PerformanceBudget, "responseTimeP99Seconds">;
  /** Addresses that the upstream's name stands for at most, whole number >= 1. */
  readonly addresses: number;
  /** Pods of the proxy at least, whole number >= 1. */
  readonly proxyPods: number;
}

/** How many requests one pod of the proxy lets through to the service, and what happens to the next one. */
export interface Admission {
  /** nginx's `max_conns`: requests in flight to one address. nginx without a licence has no queue; the next one gets a 503. */
  readonly maxConnections: number;
  /** HAProxy's `maxconn` of a server: requests in flight to one address. The next one waits in the proxy. */
  readonly serverMaxConnections: number;
  /** Requests that wait in HAProxy at most; the next one gets a 503. */
  readonly queue: number;
  /** HAProxy's `timeout queue`, seconds: then the one that waits gets a 503. */
  readonly queueSeconds: number;
}

/** Requests in flight to a pod for each one it works on: the second is there when the first is done. */
const IN_FLIGHT_FACTOR = 2;

/**
 * The bound of what may be under way, by Little's law: with k requests in a pod that works on c of them at a time the
 * last one is answered after k * S / c. With W the p99 response time at which the budget is broken:
 *
 * - admitted to an address = max(2 * c, c * W / S), divided among the proxy's smallest fleet
 * - HAProxy sends 2 * c of them on and lets the rest wait, for at most W: a request that waits in the proxy can still
 *   be given to a pod that is added, one that waits in a pod cannot
 * - the rest is at least c, of a service too slow for W as well: a burst is not refused that is soon worked off
 *
 * A larger fleet of the proxy admits more, up to its largest divided by its smallest.
 */
export function admission({ profile, budget, addresses, proxyPods }: AdmissionInputs): Admission {
  const { concurrencyPerPod, serviceTimeSeconds } = profile;
  const longest = budget.responseTimeP99Seconds.critical;
  const inFlight = IN_FLIGHT_FACTOR * concurrencyPerPod;
  const admitted = Math.max(inFlight, (concurrencyPerPod * longest) / serviceTimeSeconds);
  return {
    maxConnections: wholeUp(admitted / proxyPods),
    serverMaxConnections: wholeUp(inFlight / proxyPods),
    queue: wholeUp((Math.max(concurrencyPerPod, admitted - inFlight) * addresses) / proxyPods),
    queueSeconds: longest,
  };
}

/** How long the proxy tries to reach a server, and how late it may still turn to another one. */
export interface RetryLimits {
  /** `proxy_connect_timeout`, seconds. */
  readonly connectSeconds: number;
  /** `proxy_next_upstream_timeout`, seconds. */
  readonly windowSeconds: number;
}

/**
 * Limits of a second attempt, seconds: window = min(load balancer - proxy, proxy) / 2, connect = min(1, window / 2).
 *
 * A second attempt that starts at the window's end still answers before the load balancer gives up, for window +
 * connect + proxy < load balancer. And since the window is shorter than the proxy's own timeout, a request that timed
 * out is never repeated: that would double the load of a service that is already too slow.
 */
export function retryLimits({ request }: Pick<TimeoutChain, "request">): RetryLimits {
  const windowSeconds = Math.min(request.loadBalancer - request.proxy, request.proxy) / 2;
  return { connectSeconds: Math.min(1, windowSeconds / 2), windowSeconds };
}
