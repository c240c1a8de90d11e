import { parseCacheControl } from "./cache-control";
import { type HeaderOf, ageOnArrival, statedFreshness } from "./freshness";
import { parseVary } from "./request-key";

/** How long answers are good where they do not say so themselves, milliseconds. */
export interface ResponseLifetimes {
  readonly ttlMs: number;
  readonly staleMs: number;
  /** Of 404 and 410; 0 for not at all. */
  readonly notFoundTtlMs: number;
}

/** What may be done with an answer. */
export type Verdict =
  /** Kept for everybody. */
  | {
      readonly kind: "store";
      /** From now on, milliseconds. */
      readonly ttlMs: number;
      readonly staleMs: number;
      /** How old it is already, milliseconds. */
      readonly ageMs: number;
      /** Whether it says itself how long it is fresh. */
      readonly stated: boolean;
    }
  /** Not kept, but for those who asked for the very same at the same time. */
  | { readonly kind: "share" }
  /** Of the one who asked. */
  | { readonly kind: "private" };

const PRIVATE: Verdict = { kind: "private" };
const SHARE: Verdict = { kind: "share" };

const USUAL: ReadonlySet<number> = new Set([200, 203, 301, 308]);

/**
 * Judges by RFC 9111 3: what the answer says comes first, then the status, then the defaults. What it declares expired
 * is meant for the one who asked.
 */
export function verdictOf(
  status: number,
  headerOf: HeaderOf,
  lifetimes: ResponseLifetimes,
  now = Date.now(),
): Verdict {
  const cacheControl = headerOf("cache-control");
  const control = parseCacheControl(cacheControl);
  if (headerOf("set-cookie") !== undefined || control.private || control.noStore || control.noCache) {
    return PRIVATE;
  }
  if (cacheControl === undefined && /\bno-cache\b/i.test(headerOf("pragma") ?? "")) return PRIVATE;
  // Events have no end that a cache could wait for.
  if (/^\s*text\/event-stream\b/i.test(headerOf("content-type") ?? "")) return PRIVATE;
  // A part of an answer, or an answer to somebody's condition.
  if (status === 206 || status === 304) return PRIVATE;
  if (parseVary(headerOf("vary")) === undefined) return PRIVATE;
  const stated = statedFreshness(control, headerOf, now);
  if (stated?.freshMs === 0) return PRIVATE;
  const notFound = (status === 404 || status === 410) && lifetimes.notFoundTtlMs > 0;
  if (!USUAL.has(status) && !notFound) return SHARE;
  const ageMs = ageOnArrival(headerOf, now);
  const ttlMs = (stated?.freshMs ?? (notFound ? lifetimes.notFoundTtlMs : lifetimes.ttlMs)) - ageMs;
  if (ttlMs <= 0) return SHARE;
  const { staleWhileRevalidate } = control;
  const usualStaleMs = stated !== undefined || notFound ? 0 : lifetimes.staleMs;
  const staleMs =
    control.mustRevalidate || stated?.neverStale === true
      ? 0
      : staleWhileRevalidate === undefined
        ? usualStaleMs
        : staleWhileRevalidate * 1000;
  return { kind: "store", ttlMs, staleMs, ageMs, stated: stated !== undefined };
}

/** `public, max-age=300, stale-while-revalidate=60`; with a time of its own for browsers `max-age` is theirs. */
export function cacheControlFor(ttlMs: number, staleMs: number, browserSeconds: number | undefined): string {
  const seconds = Math.floor(ttlMs / 1000);
  const stale = Math.floor(staleMs / 1000);
  const age =
    browserSeconds === undefined ? `max-age=${seconds}` : `max-age=${browserSeconds}, s-maxage=${seconds}`;
  return `public, ${age}${stale > 0 ? `, stale-while-revalidate=${stale}` : ""}`;
}
