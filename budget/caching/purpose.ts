/** What a Redis is for, and what it does when it is full. */
import { derived, type Derived } from "../core/derived";

/** Data that can be had again, or data that somebody would miss. */
export type RedisPurpose = "cache" | "session";

/** `maxmemory-policy`: a cache makes room, a session store says that it is full rather than log somebody out. */
export const EVICTION_POLICY: Readonly<Record<RedisPurpose, string>> = {
  cache: "allkeys-lfu",
  session: "noeviction",
};

/** @param kept what is there after a restart, as a phrase */
export function evictionNumber(purpose: RedisPurpose, kept: string): Derived<string> {
  return derived("When it is full", EVICTION_POLICY[purpose], "", `a ${purpose}: ${kept}`, ["purpose"]);
}
