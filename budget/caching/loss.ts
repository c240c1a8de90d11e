/** What becomes of a cache when a server, a node or a zone is lost. Seconds, entries. */
import { isReplicated, type RedisInputs } from "./plan-redis";

/**
 * Until a replica has taken the place of a primary, and clients have noticed, seconds: 5 without an answer (`down-after-milliseconds`),
 * 5 until two Sentinels agree and it is promoted, and 10 at most until a client that gave up tries again.
 */
export const FAIL_OVER_SECONDS = 20;

/** The same of a rented cache: its provider promises no figure, and its name has to lead elsewhere first. */
export const RENTED_FAIL_OVER_SECONDS = 60;

/**
 * Until a server that was alone is there again, seconds: its node is found to be gone after 60, the pod is replaced after 30
 * more, and starts in 10. A restart takes the last of them only.
 */
export const RETURN_SECONDS = 100;

/** Mean size of an entry where none is given, KiB. */
export const DEFAULT_ENTRY_KIB = 4;

export interface CacheLoss {
  /** It answers nothing for so long, and everything asked of it is a miss. */
  readonly awaySeconds: number;
  /** Entries that have to be loaded again afterwards; 0 where another member has them all. */
  readonly entries: number;
}

/** What decides it. */
export type LossInputs = Pick<RedisInputs, "purpose" | "standby" | "workingSetMiB"> & {
  /** @default "in-cluster" */
  readonly kind?: "in-cluster" | "elasticache" | "memorystore" | undefined;
  /** Mean size of an entry, KiB, > 0. @default DEFAULT_ENTRY_KIB */
  readonly entryKiB?: number | undefined;
};

/** The worst that the loss of one server, one node or one zone does: a rented cache and several members keep what they have. */
export function cacheLoss(cache: LossInputs): CacheLoss {
  if (cache.kind !== undefined && cache.kind !== "in-cluster") {
    return { awaySeconds: RENTED_FAIL_OVER_SECONDS, entries: 0 };
  }
  if (isReplicated(cache)) return { awaySeconds: FAIL_OVER_SECONDS, entries: 0 };
  const { workingSetMiB, entryKiB = DEFAULT_ENTRY_KIB } = cache;
  return { awaySeconds: RETURN_SECONDS, entries: Math.ceil((workingSetMiB * 1024) / entryKiB) };
}
