/**
 * How fast the HorizontalPodAutoscaler goes where the calculation wants it: stabilization and policies of `behavior`.
 *
 * Source: Kubernetes, pkg/controller/podautoscaler/horizontal.go (`stabilizeRecommendationWithBehaviors`,
 * `convertDesiredReplicasWithBehaviorRate`, `normalizeDesiredReplicas`, `storeScaleEvent`), as of 1.36.
 */

export interface ScalingPolicy {
  readonly type: "Percent" | "Pods";
  readonly value: number;
  readonly periodSeconds: number;
}

export interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  /** `Disabled` never goes this way. */
  readonly selectPolicy: "Max" | "Min" | "Disabled";
  readonly policies: readonly ScalingPolicy[];
  /** Relative difference this way that is not acted on, where the cluster knows it. @default the controller's, 0.1 */
  readonly tolerance?: number;
}

export interface Behavior {
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

/** Kubernetes's own. */
export const DEFAULT_BEHAVIOR: Behavior = {
  scaleUp: {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Percent", value: 100, periodSeconds: 15 },
      { type: "Pods", value: 4, periodSeconds: 15 },
    ],
  },
  scaleDown: {
    stabilizationWindowSeconds: 300,
    selectPolicy: "Max",
    policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
  },
};

/** Something that was recommended or done at a moment: replicas, or a change of them. */
export interface Stamped {
  readonly at: number;
  readonly replicas: number;
}

/** What the autoscaler remembers: each step changes it. */
export interface Memory {
  readonly recommendations: Stamped[];
  readonly ups: Stamped[];
  readonly downs: Stamped[];
}

/** @param recommendations the controller takes the replicas that it finds first for one */
export function nothingYet(...recommendations: Stamped[]): Memory {
  return { recommendations, ups: [], downs: [] };
}

/** Bounds of the autoscaler, pods. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * One step: from what is wanted to what is done.
 *
 * @param behavior undefined is an object without one: like the default, but it doubles from what is there now, whatever was
 *   added a moment ago, and remembers no changes
 * @returns replicas
 */
export function step(
  wanted: number,
  current: number,
  now: number,
  memory: Memory,
  behavior: Behavior | undefined,
  bounds: Bounds,
): number {
  if (behavior === undefined) return stepWithoutBehavior(wanted, current, now, memory, bounds);
  const { scaleUp, scaleDown } = behavior;
  const stable = stabilized(wanted, current, now, memory.recommendations, behavior);
  const replicas = stable === current ? stable : limited(stable, current, now, memory, behavior, bounds);
  const windows = Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds);
  const change = replicas - current;
  remember(memory.recommendations, { at: now, replicas: wanted }, now - windows);
  if (change > 0) remember(memory.ups, { at: now, replicas: change }, now - longest(scaleUp));
  if (change < 0) remember(memory.downs, { at: now, replicas: -change }, now - longest(scaleDown));
  return replicas;
}

/**
 * A new one takes the place of one that is too old; otherwise the list grows. What is too old for the policies of its own
 * direction is so forgotten, although those of the other may look back farther: the controller does the same.
 */
function remember(all: Stamped[], one: Stamped, oldest: number): void {
  let place = all.length - 1;
  while (place >= 0 && (all[place]?.at ?? 0) >= oldest) place--;
  if (place < 0) all.push(one);
  else all[place] = one;
}

function longest({ policies }: ScalingRules): number {
  return Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds));
}

function stepWithoutBehavior(
  wanted: number,
  current: number,
  now: number,
  memory: Memory,
  { min, max }: Bounds,
): number {
  const oldest = now - DEFAULT_BEHAVIOR.scaleDown.stabilizationWindowSeconds;
  let stable = wanted;
  for (const { at, replicas } of memory.recommendations) {
    if (at >= oldest && replicas > stable) stable = replicas;
  }
  const most = Math.min(max, Math.max(2 * current, 4));
  remember(memory.recommendations, { at: now, replicas: wanted }, oldest);
  return stable < min ? min : Math.min(stable, most);
}

/** Up only to the least that was wanted within its window, down only to the most. */
function stabilized(
  wanted: number,
  current: number,
  now: number,
  recommendations: readonly Stamped[],
  { scaleUp, scaleDown }: Behavior,
): number {
  let [up, down] = [wanted, wanted];
  for (const { at, replicas } of recommendations) {
    if (at > now - scaleUp.stabilizationWindowSeconds) up = Math.min(up, replicas);
    if (at > now - scaleDown.stabilizationWindowSeconds) down = Math.max(down, replicas);
  }
  return Math.min(Math.max(current, up), down);
}

/** @param wanted others than there are */
function limited(
  wanted: number,
  current: number,
  now: number,
  { ups, downs }: Memory,
  { scaleUp, scaleDown }: Behavior,
  { min, max }: Bounds,
): number {
  const during = (events: readonly Stamped[], seconds: number): number => {
    let sum = 0;
    for (const { at, replicas } of events) if (at > now - seconds) sum += replicas;
    return sum;
  };
  const atStart = (seconds: number): number => current - during(ups, seconds) + during(downs, seconds);
  if (wanted > current) {
    if (scaleUp.selectPolicy === "Disabled") return Math.min(current, max);
    const proposals = scaleUp.policies.map(({ type, value, periodSeconds }) =>
      type === "Pods"
        ? atStart(periodSeconds) + value
        : Math.ceil(atStart(periodSeconds) * (1 + value / 100)),
    );
    const limit = scaleUp.selectPolicy === "Min" ? Math.min(...proposals) : Math.max(...proposals);
    return Math.min(wanted, max, Math.max(limit, current));
  }
  if (scaleDown.selectPolicy === "Disabled") return Math.max(current, min);
  const proposals = scaleDown.policies.map(({ type, value, periodSeconds }) =>
    type === "Pods" ? atStart(periodSeconds) - value : Math.trunc(atStart(periodSeconds) * (1 - value / 100)),
  );
  const limit = scaleDown.selectPolicy === "Min" ? Math.max(...proposals) : Math.min(...proposals);
  return Math.max(wanted, min, Math.min(limit, current));
}
