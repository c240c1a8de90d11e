/**
 * How many replicas the HorizontalPodAutoscaler asks for by a share of the requested CPU.
 *
 * Source: Kubernetes, pkg/controller/podautoscaler/replica_calculator.go (`GetResourceReplicas`, `groupPods`) and
 * metrics/utilization.go, as of 1.36; the defaults are those of kube-controller-manager.
 */

/** A pod as the controller sees it. */
export interface SeenPod {
  /** It has a deletionTimestamp, or has failed. */
  readonly deleted: boolean;
  /** It waits for a node or for its containers. */
  readonly pending: boolean;
  readonly startedAt: number;
  readonly ready: boolean;
  /** Moment of the last change of `ready`. */
  readonly changedAt: number;
  /** What metrics-server has of it: CPU in thousandths of a core, over the window before the moment. */
  readonly metric: { readonly milliCores: number; readonly at: number } | undefined;
}

/** Settings of the controller. */
export interface CalculatorSettings {
  /** Relative difference that is not acted on. */
  readonly tolerance: number;
  /** While a pod is younger, the CPU it takes is that of its start unless it has been ready for a whole window. Seconds. */
  readonly cpuInitializationSeconds: number;
  /** How long after its start a pod may become unready and still count as never having been ready, seconds. */
  readonly initialReadinessSeconds: number;
  /** Over what CPU is averaged, seconds. */
  readonly metricsWindowSeconds: number;
}

export const CALCULATOR_DEFAULTS: CalculatorSettings = {
  tolerance: 0.1,
  cpuInitializationSeconds: 300,
  initialReadinessSeconds: 30,
  metricsWindowSeconds: 15,
};

interface Groups {
  /** Thousandths of a core that each pod with a usable metric takes. */
  readonly measured: readonly number[];
  readonly unready: number;
  readonly missing: number;
}

/**
 * @param current replicas that the workload asks for now
 * @param target share of the request, whole percent
 * @param requestMilliCores what a pod requests
 * @returns undefined when there is no metric at all: the controller then leaves everything as it is
 */
export function calculateReplicas(
  pods: readonly SeenPod[],
  current: number,
  target: number,
  requestMilliCores: number,
  now: number,
  settings: CalculatorSettings = CALCULATOR_DEFAULTS,
): number | undefined {
  const { measured, unready, missing } = group(pods, now, settings);
  if (measured.length === 0) return undefined;
  const ratioOf = (values: readonly number[]): number => {
    const total = values.reduce((sum, value) => sum + value, 0);
    // Both divisions of the controller: whole percents, and then a ratio.
    return Math.trunc((total * 100) / (values.length * requestMilliCores)) / target;
  };
  const ratio = ratioOf(measured);
  const upWithUnready = unready > 0 && ratio > 1;
  if (!upWithUnready && missing === 0) {
    return isWithin(ratio, settings) ? current : Math.ceil(ratio * measured.length);
  }
  // What is not known counts against the change that what is known asks for.
  const assumed = [...measured];
  if (missing > 0 && ratio !== 1) {
    const each = ratio < 1 ? (requestMilliCores * Math.max(100, target)) / 100 : 0;
    for (let pod = 0; pod < missing; pod++) assumed.push(each);
  }
  if (upWithUnready) for (let pod = 0; pod < unready; pod++) assumed.push(0);
  const guarded = ratioOf(assumed);
  const turns = (ratio < 1 && guarded > 1) || (ratio > 1 && guarded < 1);
  if (isWithin(guarded, settings) || turns) return current;
  const replicas = Math.ceil(guarded * assumed.length);
  const turned = (guarded < 1 && replicas > current) || (guarded > 1 && replicas < current);
  return turned ? current : replicas;
}

function isWithin(ratio: number, { tolerance }: CalculatorSettings): boolean {
  return 1 - tolerance <= ratio && ratio <= 1 + tolerance;
}

function group(pods: readonly SeenPod[], now: number, settings: CalculatorSettings): Groups {
  const measured: number[] = [];
  let unready = 0;
  let missing = 0;
  for (const pod of pods) {
    if (pod.deleted) continue;
    if (pod.pending) unready++;
    else if (pod.metric === undefined) missing++;
    else if (isUnready(pod, pod.metric.at, now, settings)) unready++;
    else measured.push(pod.metric.milliCores);
  }
  return { measured, unready, missing };
}

function isUnready(pod: SeenPod, metricAt: number, now: number, settings: CalculatorSettings): boolean {
  if (pod.startedAt + settings.cpuInitializationSeconds > now) {
    return !pod.ready || metricAt < pod.changedAt + settings.metricsWindowSeconds;
  }
  return !pod.ready && pod.startedAt + settings.initialReadinessSeconds > pod.changedAt;
}
