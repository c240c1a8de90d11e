/** What the cloud's load balancer has to know of the proxy behind it. */
import { podsLost, type Disruption } from "../service/capacity";
import type { Demand } from "../service/demand";

/**
 * Requests/s at which the load balancer takes one pod for full: the peak over the smallest fleet less what a zone or a
 * drain takes away, rounded up. Above it Google Cloud spreads by the same shares; it never refuses.
 *
 * @param minReplicas smallest fleet of the proxy, pods
 */
export function ratePerPod(
  { peakRps }: Pick<Demand, "peakRps">,
  minReplicas: number,
  disruption: Disruption,
): number {
  return Math.ceil(peakRps / Math.max(1, minReplicas - podsLost(minReplicas, disruption)));
}

/** Addresses of Google's front ends: of health checks, and of the load balancer itself when it connects to a pod. */
export const GOOGLE_FRONT_END_RANGES = ["35.191.0.0/16", "130.211.0.0/22"] as const;
