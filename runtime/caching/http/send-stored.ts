import { ServerResponse } from "node:http";
import type { Request, Response } from "express";
import type { LastPiece } from "./answer-watch";
import { notModified } from "./conditional";
import type { StoredResponse } from "./stored-response";
import { beforeHeadIsSent } from "./watch-response";

/** Bodies up to here cost less to copy than to send apart from their head, bytes. */
const ONE_PIECE_BYTES = 16 * 1024;

/** Headers of a 304: those that a 200 would have had and that say something about the cache (RFC 9110 15.4.5). */
const OF_NOT_MODIFIED: ReadonlySet<string> = new Set([
  "cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "vary",
]);

/** Of an answer for everybody that carries a cookie for one. */
const WITH_COOKIE = "private, no-cache";

/** Whether something in front of the cache has its say when the head is written. */
export function headIsWatched(response: Response): boolean {
  return response.writeHead !== ServerResponse.prototype.writeHead;
}

/** Sends a kept answer, or 304 when the client has it. */
export function sendStored(
  request: Request,
  response: Response,
  stored: StoredResponse,
  ageMs: number,
  cacheStatus: string,
): void {
  const { chunk, encoding } = headStored(request, response, stored, ageMs, cacheStatus);
  if (encoding === undefined) response.end(chunk);
  else response.end(chunk, encoding);
}

/**
 * Sets the head of a kept answer, or of a 304. Header by header: what wraps `writeHead` is not to be given lists, which
 * old `on-headers` and Node.js 20 do not understand where a name has several values.
 *
 * @returns what to end the answer with
 */
export function headStored(
  request: Request,
  response: Response,
  stored: StoredResponse,
  ageMs: number,
  cacheStatus: string,
): LastPiece {
  const { status, headers, removed, etag, lastModified, ageSeconds, body } = stored;
  const known = status === 200 && notModified(request.headers, etag, lastModified);
  response.statusCode = known ? 304 : status;
  for (const name of removed) response.removeHeader(name);
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? "";
    if (known && !OF_NOT_MODIFIED.has(name.toLowerCase())) continue;
    let value: string | string[] = headers[at + 1] ?? "";
    for (; headers[at + 2] === name; at += 2) value = [value, headers[at + 3] ?? ""].flat();
    response.setHeader(name, value);
  }
  response.setHeader("Age", String(ageSeconds + Math.max(0, Math.floor(ageMs / 1000))));
  response.setHeader("Cache-Status", cacheStatus);
  const watched = headIsWatched(response);
  if (watched) beforeHeadIsSent(response, () => keepCookiePrivate(response));
  else keepCookiePrivate(response);
  if (known || request.method === "HEAD") return { chunk: undefined, encoding: undefined };
  // A text goes out with its head in one piece, bytes in a second; Latin-1 is every byte as it is. Who reads along in
  // front gets bytes, which cannot be mistaken.
  return !watched && body.length <= ONE_PIECE_BYTES
    ? { chunk: body.toString("latin1"), encoding: "latin1" }
    : { chunk: body, encoding: undefined };
}

/** Middleware may set one person a cookie on an answer for everybody: then no cache behind may keep the two together. */
function keepCookiePrivate(response: Response): void {
  if (response.hasHeader("set-cookie")) response.setHeader("Cache-Control", WITH_COOKIE);
}
