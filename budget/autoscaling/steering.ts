/** Who owns the replicas of a service and what they follow, where nobody says. */
import type { PerformanceBudget } from "../core/performance-budget";
import type { ServiceProfile } from "../service/demand";
import type { AutoscalerKind, ScalingSignal, ServiceScaling } from "./scaling";

/** What the choice depends on. */
export interface SteeringInputs {
  readonly profile: Pick<ServiceProfile, "serviceTimeSeconds" | "cpuSecondsPerRequest" | "concurrencyPerPod">;
  readonly resources: { readonly cpuCores: number };
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
  readonly scaling?: ServiceScaling | undefined;
  /** There is a Prometheus that KEDA may ask. */
  readonly hasPrometheus: boolean;
}

export interface Steering {
  readonly kind: AutoscalerKind;
  readonly signal: ScalingSignal;
  /** Its slots run out before its CPU does. */
  readonly isWaiting: boolean;
}

/** CPU of a pod with every slot busy, share of its request: slots * CPU of a request / its time. @default 1 without a measurement */
export function cpuOfBusySlots({
  profile,
  resources,
}: Pick<SteeringInputs, "profile" | "resources">): number {
  const { cpuSecondsPerRequest, serviceTimeSeconds, concurrencyPerPod } = profile;
  if (cpuSecondsPerRequest === undefined) return 1;
  return (concurrencyPerPod * cpuSecondsPerRequest) / serviceTimeSeconds / resources.cpuCores;
}

/**
 * A service is computing when its CPU reaches the budget's target with every slot busy, and waiting when it does not: CPU
 * says little about the load of a waiting one, and requests in flight say all. They come from Prometheus, through KEDA. So
 * do loads that are known beforehand, queues and the forecast, which a plain HPA knows nothing of.
 */
export function steeringOf(inputs: SteeringInputs): Steering {
  const { budget, hasPrometheus, scaling = {} } = inputs;
  const isWaiting = cpuOfBusySlots(inputs) < budget.cpuUtilization.target;
  const isPlain = scaling.kind === "hpa";
  const signal = scaling.signal ?? (isWaiting && hasPrometheus && !isPlain ? "requests-in-flight" : "cpu");
  const kind = scaling.kind ?? (signal !== "cpu" || wantsKeda(scaling) ? "keda" : "hpa");
  return { kind, signal, isWaiting };
}

/** True where something is asked for that only KEDA does. */
export function wantsKeda({ schedule = [], queues = [], forecast }: ServiceScaling): boolean {
  return schedule.length + queues.length > 0 || forecast?.mode === "on";
}

/** From a scrape to the mean of a minute that shows it, seconds: an interval of 15 s, and half of the minute. */
const PROMETHEUS_SECONDS = 45;

/** Until the signal shows a rise, seconds; undefined for CPU, whose way is metrics-server's. */
export function signalSeconds({ signal }: Pick<Steering, "signal">): number | undefined {
  return signal === "cpu" ? undefined : PROMETHEUS_SECONDS;
}
