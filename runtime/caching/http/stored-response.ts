/** An answer as it is kept: what is the same for everybody who gets it. */
export interface StoredResponse {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: readonly string[];
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly body: Buffer;
}

/** Length of the head, then the head, then the body as it goes out. */
const LENGTH_BYTES = 4;

/**
 * Between the lines of a head: names and values of headers in turn, entity tag, last modified, status. Node.js lets no
 * header have a line end, or a character beyond Latin-1. Lines are cheaper to read than JSON.
 */
const LINE_END = "\n";

/** The bytes of an answer. */
export function encodeResponse({ status, headers, etag, lastModified, body }: StoredResponse): Buffer {
  const lines = [...headers, etag ?? "", lastModified ?? "", String(status)];
  const head = Buffer.from(lines.join(LINE_END), "latin1");
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
  if (!(status >= 100 && status <= 999) || etag === undefined || headers.length % 2 !== 0) return undefined;
  return {
    status,
    headers,
    etag: etag === "" ? undefined : etag,
    lastModified: lastModified === "" ? undefined : lastModified,
    body: bytes.subarray(end),
  };
}
