import type { PerformanceBudget } from "../core/performance-budget";
import type { Planned } from "../core/summary";
import type { TimeoutChain } from "../timeouts/timeouts";
import type { ServiceNumbers } from "./plan";
import type { Demand, ServiceProfile } from "./demand";

/** Summary of `retrofitlink:workload:ElasticService`. */
export interface ServiceSummary extends Planned {
  readonly numbers: ServiceNumbers;
  readonly budget: PerformanceBudget;
  readonly demand: Demand;
  readonly profile: ServiceProfile;
  /** Bounds of the autoscaler, pods. */
  readonly replicas: { readonly min: number; readonly max: number };
  /** Zones the pods are spread over. */
  readonly zones: number;
  /** `maxUnavailable` of the PodDisruptionBudget, pods. */
  readonly maxUnavailable: number;
  /** `maxSurge` of a rollout, share of the replicas, 0..1. */
  readonly maxSurge: number;
  /** CPU request of one pod, cores. */
  readonly cpuCores: number;
  /** Memory limit of one pod, MiB. */
  readonly memoryMiB: number;
  /** Processes that open pools of their own in one pod. */
  readonly processesPerPod: number;
  /** Connections one process keeps to each cache, by the cache's workload name. */
  readonly cachePools: Readonly<Record<string, number>>;
  /** Connections one process keeps to each router of the database, 0 when it has none. */
  readonly databasePool: number;
  readonly timeouts: TimeoutChain;
  /** Calls of one request to each service that it calls, 0 where it is unknown. @default none */
  readonly calls?: Readonly<Record<string, number>>;
}
