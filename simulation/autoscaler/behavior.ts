/**
 * How fast the HorizontalPodAutoscaler goes where the calculation wants it: stabilization and policies of `behavior`.
 *
 * Source: Kubernetes, pkg/controller/podautoscaler/horizontal.go (`stabilizeRecommendationWithBehaviors`,
 * `convertDesiredReplicasWithBehaviorRate`), as of 1.36.
 */

export interface ScalingPolicy {
  readonly type: "Percent" | "Pods";
  readonly value: number;
  readonly periodSeconds: number;
}

export interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  readonly selectPolicy: "Max" | "Min";
  readonly policies: readonly ScalingPolicy[];
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

/** What the autoscaler remembers. */
export interface Memory {
  readonly recommendations: readonly Stamped[];
  readonly ups: readonly Stamped[];
  readonly downs: readonly Stamped[];
}

export const NOTHING_YET: Memory = { recommendations: [], ups: [], downs: [] };

/** Bounds of the autoscaler, pods. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** One step: from what is wanted to what is done. */
export function step(
  wanted: number,
  current: number,
  now: number,
  memory: Memory,
  behavior: Behavior,
  bounds: Bounds,
): { readonly replicas: number; readonly memory: Memory } {
  const stable = stabilized(wanted, current, now, memory.recommendations, behavior);
  const replicas = limited(stable, current, now, memory, behavior, bounds);
  const longest = Math.max(
    behavior.scaleUp.stabilizationWindowSeconds,
    behavior.scaleDown.stabilizationWindowSeconds,
    ...[...behavior.scaleUp.policies, ...behavior.scaleDown.policies].map(
      ({ periodSeconds }) => periodSeconds,
    ),
  );
  const recent = (all: readonly Stamped[]): Stamped[] => all.filter(({ at }) => at >= now - longest);
  const change = replicas - current;
  return {
    replicas,
    memory: {
      recommendations: [...recent(memory.recommendations), { at: now, replicas: wanted }],
      ups: [...recent(memory.ups), ...(change > 0 ? [{ at: now, replicas: change }] : [])],
      downs: [...recent(memory.downs), ...(change < 0 ? [{ at: now, replicas: -change }] : [])],
    },
  };
}

/** Up only to the least that was wanted within its window, down only to the most. */
function stabilized(
  wanted: number,
  current: number,
  now: number,
  recommendations: readonly Stamped[],
  { scaleUp, scaleDown }: Behavior,
): number {
  const since = (seconds: number): number[] =>
    recommendations.filter(({ at }) => at > now - seconds).map(({ replicas }) => replicas);
  const up = Math.min(wanted, ...since(scaleUp.stabilizationWindowSeconds));
  const down = Math.max(wanted, ...since(scaleDown.stabilizationWindowSeconds));
  return Math.min(Math.max(current, up), down);
}

function limited(
  wanted: number,
  current: number,
  now: number,
  { ups, downs }: Memory,
  { scaleUp, scaleDown }: Behavior,
  { min, max }: Bounds,
): number {
  const during = (events: readonly Stamped[], seconds: number): number =>
    events.filter(({ at }) => at > now - seconds).reduce((sum, { replicas }) => sum + replicas, 0);
  const atStart = (seconds: number): number => current - during(ups, seconds) + during(downs, seconds);
  if (wanted > current) {
    const proposals = scaleUp.policies.map(({ type, value, periodSeconds }) =>
      type === "Pods"
        ? atStart(periodSeconds) + value
        : Math.ceil(atStart(periodSeconds) * (1 + value / 100)),
    );
    const limit = scaleUp.selectPolicy === "Min" ? Math.min(...proposals) : Math.max(...proposals);
    return Math.max(min, Math.min(wanted, max, Math.max(limit, current)));
  }
  if (wanted < current) {
    const proposals = scaleDown.policies.map(({ type, value, periodSeconds }) =>
      type === "Pods"
        ? atStart(periodSeconds) - value
        : Math.trunc(atStart(periodSeconds) * (1 - value / 100)),
    );
    const limit = scaleDown.selectPolicy === "Min" ? Math.max(...proposals) : Math.min(...proposals);
    return Math.min(max, Math.max(wanted, min, Math.min(limit, current)));
  }
  return Math.min(max, Math.max(min, wanted));
}
