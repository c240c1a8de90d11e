import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A strong entity tag: of equal bytes, and only of those. */
export function strongEtag(body: Buffer): string {
  return `"${createHash("sha1").update(body).digest("base64url")}"`;
}

const TAG = /(?:W\/)?("[^"]*")/g;

/** Whether the client has this representation already: RFC 9110 13.1.2, 13.1.3. Weak comparison, as for GET. */
export function notModified(
  headers: IncomingHttpHeaders,
  etag: string | undefined,
  lastModified: string | undefined,
): boolean {
  const wanted = headers["if-none-match"];
  if (wanted !== undefined) {
    if (wanted.trim() === "*") return true;
    if (etag === undefined) return false;
    const opaque = etag.replace(/^W\//, "");
    for (const [, tag] of wanted.matchAll(TAG)) if (tag === opaque) return true;
    return false;
  }
  const since = headers["if-modified-since"];
  if (since === undefined || lastModified === undefined) return false;
  return Date.parse(lastModified) <= Date.parse(since);
}
