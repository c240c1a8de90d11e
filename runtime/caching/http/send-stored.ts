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
  if (!headIsWatched(response) && response.getHeaderNames().length === 0) {
    // With nobody else to have a say, Node.js takes the head as it is: that is cheaper than header by header.
    const { status, lines, last } = stepsOf(request, stored, ageMs, cacheStatus, false);
    response.writeHead(status, lines);
    end(response, last);
  } else end(response, headStored(request, response, stored, ageMs, cacheStatus));
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
  const watched = headIsWatched(response);
  const { status, lines, last } = stepsOf(request, stored, ageMs, cacheStatus, watched);
  response.statusCode = status;
  for (const name of stored.removed) response.removeHeader(name);
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] ?? "";
    let value: string | string[] = lines[at + 1] ?? "";
    for (; lines[at + 2] === name; at += 2) value = [value, lines[at + 3] ?? ""].flat();
    response.setHeader(name, value);
  }
  if (watched) beforeHeadIsSent(response, () => keepCookiePrivate(response));
  else keepCookiePrivate(response);
  return last;
}

/** What goes out: status, names and values of headers in turn, and the body. */
function stepsOf(
  request: Request,
  { status, headers, etag, lastModified, ageSeconds, body }: StoredResponse,
  ageMs: number,
  cacheStatus: string,
  watched: boolean,
): { readonly status: number; readonly lines: string[]; readonly last: LastPiece } {
  const age = ageSeconds + Math.max(0, Math.floor(ageMs / 1000));
  const about = ["Age", String(age), "Cache-Status", cacheStatus];
  if (status === 200 && notModified(request.headers, etag, lastModified)) {
    return { status: 304, lines: [...ofNotModified(headers), ...about], last: NOTHING };
  }
  const lines = headers.concat(about);
  if (request.method === "HEAD") return { status, lines, last: NOTHING };
  // A text goes out with its head in one piece, bytes in a second; Latin-1 is every byte as it is. Who reads along in
  // front gets bytes, which cannot be mistaken.
  const text = !watched && body.length <= ONE_PIECE_BYTES;
  const last: LastPiece = text
    ? { chunk: body.toString("latin1"), encoding: "latin1" }
    : { chunk: body, encoding: undefined };
  return { status, lines, last };
}

const NOTHING: LastPiece = { chunk: undefined, encoding: undefined };

function ofNotModified(headers: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = "", value = ""] = [headers[at], headers[at + 1]];
    if (OF_NOT_MODIFIED.has(name.toLowerCase())) lines.push(name, value);
  }
  return lines;
}

function end(response: Response, { chunk, encoding }: LastPiece): void {
  if (encoding === undefined) response.end(chunk);
  else response.end(chunk, encoding);
}

/** Middleware may set one person a cookie on an answer for everybody: then no cache behind may keep the two together. */
function keepCookiePrivate(response: Response): void {
  if (response.hasHeader("set-cookie")) response.setHeader("Cache-Control", WITH_COOKIE);
}
