/**
 * Which pods a full cluster keeps: those whose loss is worst before those that come back soonest. By the label
 * `app.kubernetes.io/component` of a pod. The API server changes no value of a class that is there, so neither does anybody here.
 */
export const PRIORITIES = {
  /** Somebody would miss the data, and a majority has to stay. */
  session: 600_000,
  /** Everything waits for it, and it starts slowest. */
  database: 500_000,
  /** Empty after a start: without it all load is the database's. */
  cache: 400_000,
  /** All requests go through few of them. */
  "load-balancer": 300_000,
  service: 200_000,
  /** Without it nobody is told; the chart's own pods have none of these classes. */
  monitoring: 150_000,
  /** Runs again. */
  "data-model": 100_000,
} as const;

export type PriorityTier = keyof typeof PRIORITIES;

/** Classes are the cluster's, so their names say whose they are. */
export function priorityClassName(environment: string, tier: PriorityTier | "headroom"): string {
  return `retrofitlink-${environment}-${tier}`;
}
