/** What a service is planned from, and what its plan holds. */
import type { Derived, Numbers } from "../core/derived";
import type { Plan } from "../core/plan";
import type { PerformanceBudget } from "../core/performance-budget";
import type { ReactionTime } from "./capacity";
import type { Balancing, Demand, Resilience, ServiceProfile } from "./demand";
import type { Fleet, FleetInputs } from "./fleet";

/** Pods a rollout may add, share of the replicas. None may be missing, so capacity never drops below the plan. */
export const MAX_SURGE = 0.25;

/** Pods that a drain may take at once. */
export const MAX_UNAVAILABLE = 1;

/** Share added to the peak, where none is given. */
export const PEAK_MARGIN = 0.2;

/** Until Kubernetes takes the pods of a lost node out of its lists, seconds: a grace period of 50 s, and what it takes to act. */
export const LOSS_NOTICED_SECONDS = 60;

/** From there until they are deleted, and replaced elsewhere, seconds: what every pod tolerates unless told otherwise. */
export const LOSS_TOLERATED_SECONDS = 300;

/** What a service is planned from. */
export interface ServiceInputs {
  /** As messages call it. */
  readonly service: string;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  readonly budget: PerformanceBudget;
  /** Zones the pods are spread over, whole number >= 1. */
  readonly zones: number;
  readonly resources: { readonly cpuCores: number; readonly memoryMiB: number };
  /** Processes of a pod that open pools of their own, whole number >= 1. @default 1 */
  readonly processesPerPod?: number;
  /** Connections one process keeps to each cache, by the cache's name. @default none */
  readonly cachePools?: Readonly<Record<string, number>>;
  /** Connections one process keeps to each router of the database. @default 0: there is none */
  readonly databasePool?: number;
  /** @default "least-connections": a proxy stands in front of it */
  readonly balancing?: Balancing | undefined;
  /** @default nothing is accepted */
  readonly resilience?: Resilience | undefined;
  /** How long a pod that was told to stop may take, seconds. @default unknown: in a rollout every pod may be there twice */
  readonly terminationSeconds?: number;
  /** @default PEAK_MARGIN */
  readonly margin?: number;
  /** @default DEFAULT_REACTION */
  readonly reaction?: ReactionTime;
}

/** Numbers of a service. */
export interface ServiceNumbers extends Numbers {
  /** Requests/s it is planned for. */
  readonly throughput: Derived;
  /** Percentiles of the response time without a queue. */
  readonly spread: Derived<string>;
  /** Seconds from a rise in load to a pod that helps. */
  readonly reaction: Derived;
  /** Seconds from the loss of a zone until its pods are replaced. */
  readonly replaced: Derived;
  /** CPU of a pod with every slot busy, share of its request. */
  readonly busyCpu: Derived;
  /** CPU that the autoscaler steers to, share of the request, 0..1; whole percents. */
  readonly target: Derived;
  /** Share of the slots that are busy when the autoscaler adds a pod, 0..1. */
  readonly busy: Derived;
  /** Pods that run at base, and at the peak with its margin. */
  readonly atBase: Derived;
  readonly atPeak: Derived;
  /** Bounds of the autoscaler, pods. */
  readonly min: Derived;
  readonly max: Derived;
  /** Pods that run at peak because a zone may be lost. */
  readonly redundancy: Derived;
  /** Pods at most while a rollout runs at the upper bound. */
  readonly rollout: Derived;
  /** What a pod may use of its memory limit, MiB. */
  readonly memory: Derived;
}

export type ServicePlan = Plan<ServiceNumbers>;

/** The fleet of a service, and what it was chosen from. */
export interface PlannedFleet extends Fleet {
  readonly inputs: FleetInputs;
  /** The loss of a zone is carried, and not only waited for. */
  readonly carriesZoneLoss: boolean;
}

/**
 * Whether the pods that are left have to carry the loss of a zone, or somebody accepted to wait for its pods.
 *
 * @param replacedSeconds until they are replaced
 */
export function carriesZoneLoss(
  zones: number,
  resilience: Resilience | undefined,
  replacedSeconds: number,
): boolean {
  return zones > 1 && (resilience?.zoneLossSeconds ?? 0) < replacedSeconds;
}
