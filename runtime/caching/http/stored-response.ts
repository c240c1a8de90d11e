import type { AnswerHead } from "./answer-head";
import { strongEtag } from "./conditional";

/** An answer as it is kept: what is the same for everybody who gets it. */
export interface StoredResponse {
  readonly status: number;
  /** Names and values in turn; values of one name follow each other. */
  readonly headers: readonly string[];
  /** Headers that each request gets in front and that the handler took away, in lower case. */
  readonly removed: readonly string[];
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** How old it was when it was kept, seconds. */
  readonly ageSeconds: number;
  readonly body: Buffer;
}

/** Of no interest to anybody but the next hop, or made anew for each answer. */
const NOT_STORED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
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

/** What is known of an answer when its head is put together. */
export interface KeptHead {
  readonly head: AnswerHead;
  /** Headers that were set before the handler: each request gets its own. */
  readonly already: ReadonlyMap<string, string>;
  /** The Vary header with all that the answer varies with, whoever said so; "" for none. */
  readonly vary: string;
  /** Our own Cache-Control, where the answer has none. */
  readonly cacheControl: string | undefined;
  /** How old it is already, milliseconds. */
  readonly ageMs: number;
  readonly madeAt: number;
}

/** What is kept of an answer. */
export function storedResponse(kept: KeptHead, body: Buffer): StoredResponse {
  const { head, already, vary, cacheControl } = kept;
  const ofHop = new Set((head.get("connection") ?? "").toLowerCase().split(/\s*,\s*/));
  const headers: string[] = [];
  for (const [name, value] of head.headers) {
    const lower = name.toLowerCase();
    if (NOT_STORED.has(lower) || ofHop.has(lower) || lower === "vary") continue;
    if (already.get(lower) === String(value)) continue;
    if (typeof value === "string") headers.push(name, value);
    else for (const one of value) headers.push(name, one);
  }
  const etag = head.get("etag") ?? strongEtag(body);
  if (head.get("etag") === undefined) headers.push("ETag", etag);
  if (cacheControl !== undefined) headers.push("Cache-Control", cacheControl);
  if (vary !== "") headers.push("Vary", vary);
  headers.push("Date", head.get("date") ?? new Date(kept.madeAt).toUTCString());
  headers.push("Content-Length", String(body.length));
  return {
    status: head.status,
    headers,
    removed: [...already.keys()].filter((name) => head.get(name) === undefined),
    etag,
    lastModified: head.get("last-modified"),
    ageSeconds: Math.floor(kept.ageMs / 1000),
    body,
  };
}

/** Length of the head, then the head, then the body as it goes out. */
const LENGTH_BYTES = 4;

/**
 * Between the lines of a head: names and values of headers in turn, names that were removed, age, entity tag, last
 * modified, status. Node.js lets no header have a line end, or a character beyond Latin-1. Lines are cheaper to read than
 * JSON.
 */
const LINE_END = "\n";

/** The bytes of an answer. */
export function encodeResponse(stored: StoredResponse): Buffer {
  const { status, headers, removed, etag, lastModified, ageSeconds, body } = stored;
  const about = [removed.join(","), String(ageSeconds), etag ?? "", lastModified ?? "", String(status)];
  const head = Buffer.from([...headers, ...about].join(LINE_END), "latin1");
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, body]);
}

/** Reads them; undefined when they are no answer. The body is a view on the bytes. */
export function decodeResponse(bytes: Buffer): StoredResponse | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  if (end > bytes.length) return undefined;
  const headers = bytes.toString("latin1", LENGTH_BYTES, end).split(LINE_END);
  const status = Number(headers.pop());
  const lastModified = headers.pop();
  const etag = headers.pop();
  const ageSeconds = Number(headers.pop());
  const removed = headers.pop();
  if (!(status >= 100 && status <= 999) || removed === undefined || headers.length % 2 !== 0)
    return undefined;
  return {
    status,
    headers,
    removed: removed === "" ? NONE : removed.split(","),
    etag: etag === "" ? undefined : etag,
    lastModified: lastModified === "" ? undefined : lastModified,
    ageSeconds,
    body: bytes.subarray(end),
  };
}

const NONE: readonly string[] = [];
