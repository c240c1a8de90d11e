/** What is simulated. Seconds, requests/s, cores. */
import type { Behavior, Bounds } from "./autoscaler/behavior";
import type { CalculatorSettings } from "./autoscaler/replica-calculator";
import type { MetricsSettings } from "./autoscaler/metrics-server";
import type { CacheLossModel, CacheModel } from "./caching/cold-cache";
import type { Promised } from "./recording";
import type { Balancing } from "./traffic/balancer";
import type { Load } from "./traffic/load";
import type { Spread } from "./traffic/service-times";

/** One pod of the service. */
export interface PodModel {
  /** Requests it works on at the same time; others wait in it. */
  readonly slots: number;
  /** Mean service time, seconds. */
  readonly serviceTimeSeconds: number;
  readonly spread: Spread;
  /** CPU of one request, core-seconds. */
  readonly cpuSecondsPerRequest: number;
  /** What it requests, cores. */
  readonly cpuCores: number;
  /** What its processes can use, cores. */
  readonly usableCores: number;
  /** From the request for a pod to its being ready and warm, seconds. */
  readonly startSeconds: number;
}

/** A HorizontalPodAutoscaler by CPU. */
export interface AutoscalerModel extends Bounds {
  /** Share of the request, whole percent. */
  readonly target: number;
  readonly behavior: Behavior;
  /** @default CALCULATOR_DEFAULTS */
  readonly settings?: CalculatorSettings;
  /** Between two looks, seconds. @default 15 */
  readonly syncSeconds?: number;
}

/** Something that goes wrong, or is done, at a moment. */
export type Fault =
  /** All nodes of the zone with the most pods vanish. */
  | { readonly kind: "zone-loss"; readonly at: number }
  /** All pods of a zone are evicted, one after the other. */
  | { readonly kind: "drain"; readonly at: number }
  | { readonly kind: "rollout"; readonly at: number }
  /** A cache loses a server; the scenario has a `cache` then. */
  | ({ readonly kind: "cold-cache"; readonly at: number } & CacheLossModel);

/** How a cluster takes the loss of nodes. */
export interface NodeLoss {
  /** Until the pods of a lost node leave the lists of balancers, seconds. */
  readonly detectionSeconds: number;
  /** From there until they are deleted and replaced, seconds: `tolerationSeconds` of the unreachable taint. */
  readonly evictionSeconds: number;
}

/** kube-controller-manager's node-monitor-grace-period and what it takes to act; the tolerations that every pod gets. */
export const NODE_LOSS_DEFAULTS: NodeLoss = { detectionSeconds: 45, evictionSeconds: 300 };

export interface Scenario {
  readonly seed: number;
  /** Whole number. */
  readonly seconds: number;
  readonly load: Load;
  readonly pod: PodModel;
  readonly balancing: Balancing;
  readonly promised: Promised;
  /** Pods at the start. */
  readonly replicas: number;
  readonly zones: number;
  /** @default none: the replicas stay */
  readonly autoscaler?: AutoscalerModel;
  /** Share of the replicas that a rollout may add. @default 0.25 */
  readonly maxSurge?: number;
  /** @default 0 */
  readonly minReadySeconds?: number;
  /** Pods that an eviction may take at once. @default 1 */
  readonly maxUnavailable?: number;
  /** @default NODE_LOSS_DEFAULTS */
  readonly nodeLoss?: NodeLoss;
  /** @default METRICS_DEFAULTS */
  readonly metrics?: MetricsSettings;
  /** The cache that its requests use, and the database behind it. @default none: nothing depends on one */
  readonly cache?: CacheModel;
  /** @default none */
  readonly faults?: readonly Fault[];
}
