/**
 * One round of the rolling update of a Deployment: how many pods of the new version start, and how many go.
 *
 * Source: Kubernetes 1.36, pkg/controller/deployment/rolling.go and util/deployment_util.go (`ResolveFenceposts`).
 */

/** As in `strategy.rollingUpdate` of a Deployment: pods, or a share of the replicas as in `25%`. */
export interface RolloutBounds {
  /** Pods that there may be beyond the replicas; shares are rounded up. */
  readonly maxSurge: number | string;
  /** Replicas that may be missing; shares are rounded down. */
  readonly maxUnavailable: number | string;
}

/** Pods that there are, of the old versions and of the new one. */
export interface RolloutPods {
  /** Wanted. */
  readonly replicas: number;
  readonly old: number;
  readonly current: number;
  /** Of these, ready for `minReadySeconds`. */
  readonly oldAvailable: number;
  readonly currentAvailable: number;
}

export interface RolloutRound {
  /** Pods of the new version. */
  readonly start: number;
  readonly removeOld: number;
  readonly removeCurrent: number;
}

export function rolloutRound(bounds: RolloutBounds, pods: RolloutPods): RolloutRound {
  const { replicas, old, current, oldAvailable, currentAvailable } = pods;
  const surge = podsOf(bounds.maxSurge, replicas, Math.ceil);
  const given = podsOf(bounds.maxUnavailable, replicas, Math.floor);
  // With neither nothing could move.
  const fewest = replicas - (surge === 0 && given === 0 ? 1 : given);
  // What starts now is there and not available: it makes no room.
  const spare = old + currentAvailable - fewest;
  const unhealthy = within(spare, old - oldAvailable);
  return {
    start: within(replicas + surge - old - current, replicas - current),
    removeOld: unhealthy + within(oldAvailable + currentAvailable - fewest, oldAvailable),
    removeCurrent: Math.max(0, current - replicas),
  };
}

const within = (count: number, most: number): number => Math.max(0, Math.min(count, most));

function podsOf(given: number | string, replicas: number, round: (pods: number) => number): number {
  if (typeof given === "number") return given;
  return round((Number.parseInt(given, 10) * replicas) / 100);
}
