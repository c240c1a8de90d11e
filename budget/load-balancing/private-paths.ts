/**
 * Paths of a service that are for the cluster alone: the kubelet and Prometheus ask the pods themselves. What stands
 * between the internet and a service answers 404 to them.
 */

/** Where a service shows its figures; `runtime` and its documentation mount them there. */
export const METRICS_PATH = "/metrics";

/** Paths of a service's probes where the stack file names none. */
export const PROBE_PATHS = { live: "/health", ready: "/ready" } as const;

/**
 * The figures, and the path of readiness, which tells the state of caches and databases and why. Liveness says no more
 * than that the process answers, and is what monitoring from outside asks.
 *
 * @param probes paths of both. One path for both is liveness, and `/` is a page: neither is private.
 */
export function privatePaths(
  probes: { readonly live: string; readonly ready: string } = PROBE_PATHS,
): string[] {
  const [live, ready] = [probes.live, probes.ready].map((path) =>
    path.replace(/[?#].*$/, "").replace(/(.)\/+$/, "$1"),
  ) as [string, string];
  return [...new Set([METRICS_PATH, ready])].filter((path) => path !== "/" && path !== live);
}
