/**
 * How many replicas the HorizontalPodAutoscaler asks for by one metric. Values are whole thousandths: of a core, of a byte,
 * of whatever is measured.
 *
 * Source: Kubernetes, pkg/controller/podautoscaler/replica_calculator.go and metrics/utilization.go, as of 1.36; the
 * defaults are those of kube-controller-manager.
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

/** Relative differences that are not acted on. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

/** The pods of a workload by what is known of them. */
export interface Groups {
  /** Pods with a usable metric, and the sum of it, thousandths. */
  readonly measured: number;
  readonly total: number;
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
  const { tolerance } = settings;
  const tolerances = { up: tolerance, down: tolerance };
  return byUtilization(grouped(pods, now, true, settings), current, target, requestMilliCores, tolerances);
}

/** @param isCpu of other metrics, a pod's readiness is not asked for (`groupPods`) */
export function grouped(
  pods: readonly SeenPod[],
  now: number,
  isCpu: boolean,
  settings: CalculatorSettings = CALCULATOR_DEFAULTS,
): Groups {
  let [measured, total, unready, missing] = [0, 0, 0, 0];
  for (const pod of pods) {
    if (pod.deleted) continue;
    if (pod.pending) unready++;
    else if (pod.metric === undefined) missing++;
    else if (isCpu && isUnready(pod, pod.metric.at, now, settings)) unready++;
    else {
      measured++;
      total += pod.metric.milliCores;
    }
  }
  return { measured, total, unready, missing };
}

function isUnready(pod: SeenPod, metricAt: number, now: number, settings: CalculatorSettings): boolean {
  if (pod.startedAt + settings.cpuInitializationSeconds > now) {
    return !pod.ready || metricAt < pod.changedAt + settings.metricsWindowSeconds;
  }
  return !pod.ready && pod.startedAt + settings.initialReadinessSeconds > pod.changedAt;
}

/**
 * By a share of the request (`GetResourceReplicas`): twice a division, for the controller counts whole percents.
 *
 * @param target whole percent
 * @param request of a pod, thousandths
 * @returns undefined when nothing is measured
 */
export function byUtilization(
  groups: Groups,
  current: number,
  target: number,
  request: number,
  tolerances: Tolerances,
): number | undefined {
  const ratioOf = (total: number, pods: number): number =>
    Math.trunc((total * 100) / (pods * request)) / target;
  const missing = Math.trunc((request * Math.max(100, target)) / 100);
  return guarded(groups, current, ratioOf, missing, tolerances);
}

/**
 * By a mean over the pods (`calcPlainMetricReplicas`).
 *
 * @param target thousandths
 * @returns undefined when nothing is measured
 */
export function byAverage(
  groups: Groups,
  current: number,
  target: number,
  tolerances: Tolerances,
): number | undefined {
  const ratioOf = (total: number, pods: number): number => Math.trunc(total / pods) / target;
  return guarded(groups, current, ratioOf, target, tolerances);
}

/** @param missing what each pod without a metric is taken to use when less is asked for; none when more is */
function guarded(
  { measured, total, unready, missing: absent }: Groups,
  current: number,
  ratioOf: (total: number, pods: number) => number,
  missing: number,
  tolerances: Tolerances,
): number | undefined {
  if (measured === 0) return undefined;
  const ratio = ratioOf(total, measured);
  const upWithUnready = unready > 0 && ratio > 1;
  if (!upWithUnready && absent === 0) {
    return isWithin(ratio, tolerances) ? current : Math.ceil(ratio * measured);
  }
  // What is not known counts against the change that what is known asks for.
  const pods = measured + (ratio === 1 ? 0 : absent) + (upWithUnready ? unready : 0);
  const again = ratioOf(total + (ratio < 1 ? absent * missing : 0), pods);
  const turns = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
  if (isWithin(again, tolerances) || turns) return current;
  const replicas = Math.ceil(again * pods);
  const turned = (again < 1 && replicas > current) || (again > 1 && replicas < current);
  return turned ? current : replicas;
}

/**
 * By a metric of something else, divided by the pods (`GetExternalPerPodMetricReplicas`, `GetObjectPerPodMetricReplicas`).
 *
 * @param usage thousandths
 * @param there pods that there are, `status.replicas` of the workload
 * @param target of a pod, thousandths
 */
export function byValuePerPod(usage: number, there: number, target: number, tolerances: Tolerances): number {
  const ratio = usage / (target * there);
  return isWithin(ratio, tolerances) ? there : Math.min(MOST, Math.ceil(usage / target));
}

/**
 * By a metric of something else as it is (`GetExternalMetricReplicas`, `GetObjectMetricReplicas`).
 *
 * @param usage thousandths
 * @param current replicas that the workload asks for now
 * @param ready pods that run and are ready
 * @param target thousandths
 */
export function byValue(
  usage: number,
  current: number,
  ready: number,
  target: number,
  tolerances: Tolerances,
): number {
  const ratio = usage / target;
  if (current === 0) return Math.min(MOST, Math.ceil(ratio));
  return isWithin(ratio, tolerances) ? current : Math.min(MOST, Math.ceil(ratio * ready));
}

/** The largest number of replicas there is. */
const MOST = 2 ** 31 - 1;

function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}
