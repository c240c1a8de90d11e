import { parseCacheControl } from "./cache-control";
import type { CapturedResponse } from "./captured-response";
import { strongEtag } from "./conditional";
import type { StoredResponse } from "./stored-response";

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
  | { readonly kind: "store"; readonly ttlMs: number; readonly staleMs: number }
  /** Not kept, but for those who asked for the very same at the same time. */
  | { readonly kind: "share" }
  /** Of the one who asked. */
  | { readonly kind: "private" };

const PRIVATE: Verdict = { kind: "private" };
const SHARE: Verdict = { kind: "share" };

/** Of no interest to anybody but the next hop, or made anew for each answer. */
const NOT_STORED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "date",
  "age",
  "cache-status",
  "content-length",
  "set-cookie",
]);

export function headerOf({ headers }: CapturedResponse, wanted: string): string | undefined {
  for (const [name, value] of headers) {
    if (name.toLowerCase() === wanted) return typeof value === "string" ? value : value.join(", ");
  }
  return undefined;
}

/** Judges by RFC 9111 3: what the handler says comes first, then the status, then the defaults. */
export function verdictOf(response: CapturedResponse, lifetimes: ResponseLifetimes): Verdict {
  const control = parseCacheControl(headerOf(response, "cache-control"));
  if (headerOf(response, "set-cookie") !== undefined || control.private || control.noStore) return PRIVATE;
  const { status } = response;
  // A part of an answer, or an answer to somebody's condition.
  if (status === 206 || status === 304) return PRIVATE;
  const usual = status === 200 || status === 203 || status === 301 || status === 308;
  const notFound = (status === 404 || status === 410) && lifetimes.notFoundTtlMs > 0;
  if ((!usual && !notFound) || control.noCache) return SHARE;
  const seconds = control.sharedMaxAge ?? control.maxAge;
  const ttlMs = seconds !== undefined ? seconds * 1000 : notFound ? lifetimes.notFoundTtlMs : lifetimes.ttlMs;
  if (ttlMs <= 0) return SHARE;
  const { staleWhileRevalidate: stale } = control;
  const staleMs = stale !== undefined ? stale * 1000 : notFound ? 0 : lifetimes.staleMs;
  return { kind: "store", ttlMs, staleMs: control.mustRevalidate ? 0 : staleMs };
}

/** `public, max-age=300, stale-while-revalidate=60`; with a time of its own for browsers `max-age` is theirs. */
export function cacheControlFor(ttlMs: number, staleMs: number, browserSeconds: number | undefined): string {
  const seconds = Math.floor(ttlMs / 1000);
  const stale = Math.floor(staleMs / 1000);
  const age =
    browserSeconds === undefined ? `max-age=${seconds}` : `max-age=${browserSeconds}, s-maxage=${seconds}`;
  return `public, ${age}${stale > 0 ? `, stale-while-revalidate=${stale}` : ""}`;
}

/**
 * What is kept of an answer.
 *
 * @param already headers that were set before the handler: each request gets its own
 * @param vary all that the answer varies with, whoever said so
 * @param more headers to set where the answer has none
 */
export function storedResponse(
  response: CapturedResponse,
  already: ReadonlyMap<string, string>,
  vary: readonly string[],
  more: Readonly<Record<string, string>>,
): StoredResponse {
  const headers: string[] = [];
  const seen = new Set<string>();
  for (const [name, value] of response.headers) {
    const lower = name.toLowerCase();
    seen.add(lower);
    if (NOT_STORED.has(lower) || lower === "vary" || already.get(lower) === String(value)) continue;
    for (const one of [value].flat()) headers.push(name, one);
  }
  const etag = headerOf(response, "etag") ?? strongEtag(response.body);
  if (!seen.has("etag")) headers.push("ETag", etag);
  for (const [name, value] of Object.entries(more)) {
    if (!seen.has(name.toLowerCase())) headers.push(name, value);
  }
  if (vary.length > 0) headers.push("Vary", vary.join(", "));
  const { status, body } = response;
  headers.push("Content-Length", String(body.length));
  return { status, headers, etag, lastModified: headerOf(response, "last-modified"), body };
}
