import type { Request, Response } from "express";
import { notModified } from "./conditional";
import type { StoredResponse } from "./stored-response";

/** Bodies up to here cost less to copy than to send apart from their head, bytes. */
const ONE_PIECE_BYTES = 16 * 1024;

/** Headers of a 304: those that a 200 would have had and that say something about the cache (RFC 9110 15.4.5). */
const OF_NOT_MODIFIED: ReadonlySet<string> = new Set([
  "cache-control",
  "content-location",
  "etag",
  "expires",
  "vary",
]);

/**
 * Sends a kept answer, or 304 when the client has it. Without Express's own `send`, which would compute an entity tag of
 * a body that has one.
 */
export function sendStored(
  request: Request,
  response: Response,
  stored: StoredResponse,
  ageMs: number,
  cacheStatus: string,
): void {
  const { status, headers, etag, lastModified, body } = stored;
  const about = ["Age", String(Math.max(0, Math.floor(ageMs / 1000))), "Cache-Status", cacheStatus];
  if (status === 200 && notModified(request.headers, etag, lastModified)) {
    const kept: string[] = [];
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const [name = "", value = ""] = [headers[at], headers[at + 1]];
      if (OF_NOT_MODIFIED.has(name.toLowerCase())) kept.push(name, value);
    }
    response.writeHead(304, [...kept, ...about]);
    response.end();
    return;
  }
  response.writeHead(status, headers.concat(about));
  if (request.method === "HEAD") response.end();
  // A text goes out with its head in one piece, bytes in a second; Latin-1 is every byte as it is.
  else if (body.length <= ONE_PIECE_BYTES) response.end(body.toString("latin1"), "latin1");
  else response.end(body);
}
