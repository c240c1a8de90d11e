/** What the real HorizontalPodAutoscaler and the simulated one are both put through. */

/** A pod as a step finds it. Times are whole seconds before the step. */
export interface ScriptedPod {
  readonly phase: "Pending" | "Running" | "Failed";
  readonly ready: boolean;
  /** It has a deletionTimestamp. */
  readonly deleted: boolean;
  readonly startedAgo: number;
  readonly changedAgo: number;
  /** What metrics-server has of its CPU, thousandths of a core. Undefined: nothing. */
  readonly cpu: number | undefined;
  /** Age of that, seconds. */
  readonly measuredAgo: number;
  /** What a custom metric named in `pods` says of it, thousandths. */
  readonly custom?: Readonly<Record<string, number>>;
}

/** What the controller finds in one sync. */
export interface World {
  readonly pods: readonly ScriptedPod[];
  /** External metrics, thousandths, one number a series; undefined: the source fails. */
  readonly external?: Readonly<Record<string, readonly number[] | undefined>>;
  /** The resource metrics API answers nothing. */
  readonly noResourceMetrics?: boolean;
}

type Policy = { readonly type: "Pods" | "Percent"; readonly value: number; readonly periodSeconds: number };

/** As in autoscaling/v2. */
export interface Rules {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: "Max" | "Min" | "Disabled";
  readonly policies?: readonly Policy[];
  /** Quantity. */
  readonly tolerance?: string;
}

export type Metric =
  | { readonly kind: "cpu"; readonly percent: number }
  | { readonly kind: "cpu-value"; readonly milli: number }
  | { readonly kind: "pods"; readonly name: string; readonly averageMilli: number }
  | { readonly kind: "external-value"; readonly name: string; readonly milli: number }
  | { readonly kind: "external-average"; readonly name: string; readonly averageMilli: number };

export interface Scenario {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** At the start. */
  readonly replicas: number;
  readonly metrics: readonly Metric[];
  /** CPU that a pod requests, thousandths of a core. @default 1000 */
  readonly requestMilli?: number;
  readonly behavior?: { readonly scaleUp?: Rules; readonly scaleDown?: Rules };
  /** Syncs that are compared. */
  readonly steps: number;
  /** @param step from 0. @param replicas that the controller last asked for */
  readonly world: (step: number, replicas: number) => World;
}

/** Name of a scenario's namespace. */
export function namespaceOf({ name }: Scenario): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
}

/** A pod as it was written, with times since 1970. */
export interface SeenPod extends Omit<ScriptedPod, "startedAgo" | "changedAgo" | "measuredAgo"> {
  readonly name: string;
  readonly startedAt: number;
  readonly changedAt: number;
  readonly measuredAt: number;
}

/** One sync of the real controller: what it saw, and what it made of it. */
export interface Sync {
  /** When it was told the metrics, seconds since 1970. */
  readonly at: number;
  /** When its decision was seen; `at` when it left the replicas as they were. */
  readonly decidedAt: number;
  readonly replicasBefore: number;
  readonly replicasAfter: number;
  readonly world: World;
  readonly pods: readonly SeenPod[];
}

/** Between two syncs of the real controller, seconds: no multiple of it is close to a whole second that a window ends at. */
export const SYNC_SECONDS = 1.3;

/** Over what scripted metrics are averaged, seconds. */
export const METRICS_WINDOW_SECONDS = 15;
