/** Promises of a plan, each with the inequality that keeps it. */

/**
 * Policies that judge proofs, by name, with what each of them promises. A new promise is an entry here and a proof in the
 * plan of its noun.
 */
export const PROOF_POLICIES = {
  "replicas-keep-response-time":
    "Whatever number of pods the autoscaler has left at a load from base to peak, every service keeps its response time with a zone or a drained pod missing.",
  "proxies-hold-clients":
    "With a zone or a drained pod missing, every proxy holds all its clients and carries the peak.",
  "lost-caches-are-carried":
    "At the hit ratio that pages every service keeps its response time and the database answers; what is lost with a cache is carried, or accepted for as long as it lasts.",
  "autoscaler-can-act": "Every autoscaler sees the load that it is to act on.",
  "headroom-covers-growth":
    "While a node starts there is room for the pods that the growth of the load asks for.",
  "calls-are-carried":
    "Every service carries what others of the stack ask it, answers before they give up, and leaves them their response time.",
  "memory-within-limits": "Everything that has a memory limit fits into it at worst.",
  "connections-within-limits": "Everything that limits connections admits what its users open at worst.",
  "timeouts-in-order":
    "Every hop gives up before the hop outside of it, and keeps idle connections longer than its caller.",
  "origin-carries-misses":
    "The service carries what the CDN passes on, at the promised hit ratio and at the one that pages.",
  "database-carries-load":
    "The database holds its data and answers all services at their peak, within cache, connections, processors and disks.",
} as const;

export type ProofPolicy = keyof typeof PROOF_POLICIES;

/** One promise of a plan. */
export interface Proof {
  readonly policy: ProofPolicy;
  /** What is promised: `"backend" keeps p99 at peak with a zone missing`. */
  readonly statement: string;
  /** What holds, or does not, with its numbers: `9 pods left >= 6 needed`. */
  readonly inequality: string;
  readonly holds: boolean;
  /** Keys that would mend it, the first one first; below the plan's own key, or from the root with `retrofitlink:`. */
  readonly mend: readonly string[];
  /** What it takes for granted, as phrases. @default nothing but its numbers */
  readonly assumes?: readonly string[];
}

/** `retrofitlink:services.backend` and `demand.peakRps` are `retrofitlink:services.backend.demand.peakRps`. */
export function wholeKey(configKey: string, key: string): string {
  return key.startsWith("retrofitlink:") || key === "" ? key : `${configKey}.${key}`;
}
