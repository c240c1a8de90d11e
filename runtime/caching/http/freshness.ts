import type { CacheControl } from "./cache-control";
import { parseHttpDate } from "./http-date";

/** The header of an answer by its name in lower case, several lines as one. */
export type HeaderOf = (name: string) => string | undefined;

/** What an answer says about how long it is fresh, milliseconds. */
export interface StatedFreshness {
  /** From when it was made; 0 when it has expired. */
  readonly freshMs: number;
  /** Whether it may never be sent stale (RFC 9111 4.2.4, 5.2.2.10). */
  readonly neverStale: boolean;
}

/**
 * How long an answer is fresh by its own word: `s-maxage`, then `max-age`, then `Expires`, for which what is no date has
 * passed (RFC 9111 4.2.1, 5.3). undefined when it says nothing.
 */
export function statedFreshness(
  control: CacheControl,
  headerOf: HeaderOf,
  now: number,
): StatedFreshness | undefined {
  const { sharedMaxAge, maxAge } = control;
  if (sharedMaxAge !== undefined) return { freshMs: sharedMaxAge * 1000, neverStale: true };
  if (maxAge !== undefined) return { freshMs: maxAge * 1000, neverStale: false };
  const expires = headerOf("expires");
  if (expires === undefined) return undefined;
  const until = parseHttpDate(expires);
  const made = parseHttpDate(headerOf("date") ?? "") ?? now;
  return { freshMs: until === undefined ? 0 : Math.max(0, until - made), neverStale: false };
}

/** How old an answer was when it was passed on to here, milliseconds: RFC 9111 4.2.3, of several ages the first. */
export function ageOnArrival(headerOf: HeaderOf, now: number): number {
  const [text = ""] = (headerOf("age") ?? "").split(",");
  const stated = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : 0;
  const made = parseHttpDate(headerOf("date") ?? "") ?? now;
  // Dates have no parts of a second: what was made in this one is not old.
  const apparent = now - made < 1000 ? 0 : now - made;
  return Math.max(stated, apparent);
}
