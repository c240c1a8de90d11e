/** What an autoscaler of a service is told, in the words of a stack file. Rates are requests/s at the service. */

/** Who owns the replicas: a HorizontalPodAutoscaler of Kubernetes, or a ScaledObject of KEDA, which makes one. */
export type AutoscalerKind = "hpa" | "keda";

/** What the replicas follow. */
export type ScalingSignal = "cpu" | "requests-in-flight" | "requests-per-second";

/** A load that is known beforehand: while it lasts there are at least the pods that carry it. */
export interface ScheduledLoad {
  /** Unique among those of a service. */
  readonly name: string;
  /** Of the IANA database: `Europe/Berlin`. */
  readonly timezone: string;
  /** Cron expressions of five fields. */
  readonly start: string;
  readonly end: string;
  /** Highest rate while it lasts, requests/s. */
  readonly requestsPerSecond: number;
}

/** Work that waits in a cache of the stack. */
export type QueuedWork = {
  /** Unique among those of a service. */
  readonly name: string;
  /** Name of the cache. */
  readonly cache: string;
  /** Entries that one pod may have waiting for it, whole number >= 1. */
  readonly entriesPerPod: number;
} & (
  | { readonly kind: "redis-list"; readonly list: string }
  | { readonly kind: "redis-stream"; readonly stream: string; readonly consumerGroup: string }
);

/** Pods that are there before the load is. */
export interface ForecastUse {
  /** `preview` publishes what it would ask for, and nothing follows it. */
  readonly mode: "off" | "preview" | "on";
  /** How far it looks ahead, seconds. @default from a rise in load to a pod that helps, on a node that has to start */
  readonly horizonSeconds?: number | undefined;
  /** The most that it may ask for, requests/s. @default what `maxReplicas` carry */
  readonly mostRps?: number | undefined;
}

/** What VerticalPodAutoscaler does about the memory of a pod: nothing, recommend, or resize it where it runs. */
export type MemoryMode = "none" | "Off" | "InPlaceOrRecreate";

/** Difference from its target that an autoscaler leaves alone, a share. */
export interface Tolerance {
  readonly up?: number | undefined;
  readonly down?: number | undefined;
}

/** Autoscaling of one service. Everything left out follows from its profile. */
export interface ServiceScaling {
  readonly kind?: AutoscalerKind | undefined;
  readonly signal?: ScalingSignal | undefined;
  /** Median rate of the busiest hour, requests/s. @default midway between base and peak */
  readonly usualPeakRps?: number | undefined;
  readonly schedule?: readonly ScheduledLoad[] | undefined;
  readonly queues?: readonly QueuedWork[] | undefined;
  readonly forecast?: ForecastUse | undefined;
  readonly memory?: MemoryMode | undefined;
  readonly tolerance?: Tolerance | undefined;
}
