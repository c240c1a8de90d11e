/** What is planned for one service of a stack. */
import type { PerformanceBudget } from "../budget/core/performance-budget";
import type { ServicePlan } from "../budget/service/plan";
import type { PlannedAutoscaling } from "./plan-autoscaling";
import type { TimeoutChain } from "../budget/timeouts/timeouts";

/** What is planned for one service. */
export interface PlannedService {
  /** The default, the stack's overrides, the service's. */
  readonly budget: PerformanceBudget;
  /** Timeouts of the way to it. */
  readonly timeouts: TimeoutChain;
  readonly plan: ServicePlan;
  /** Who owns its replicas, and what they follow. */
  readonly autoscaling: PlannedAutoscaling;
  /** Connections one process keeps to each cache, by the cache's name. */
  readonly cachePools: Readonly<Record<string, number>>;
  /** Connections one process keeps to each router of the database; 0 without one. */
  readonly databasePool: number;
}
