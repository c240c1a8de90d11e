/** What the load generator asks for, and what it answers. */

/** Keys that are there when the measurement begins. */
export const HOT_KEYS = 1000;

/** One request in so many asks for a key that nobody has asked for: 90 % hits. */
export const MISS_EVERY = 10;

export const CONNECTIONS = 64;

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}
