/** An answer as it is kept: what is the same for everybody who gets it. */
export interface StoredResponse {
  readonly status: number;
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: readonly string[];
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly body: Buffer;
}

/** Length of the head, then the head as JSON, then the body as it goes out. */
const LENGTH_BYTES = 4;

type Head = readonly [
  status: number,
  headers: readonly string[],
  etag: string | null,
  lastModified: string | null,
];

/** The bytes of an answer. */
export function encodeResponse({ status, headers, etag, lastModified, body }: StoredResponse): Buffer {
  const head: Head = [status, headers, etag ?? null, lastModified ?? null];
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, body]);
}

/** Reads them; undefined when they are no answer. The body is a view on the bytes. */
export function decodeResponse(bytes: Buffer): StoredResponse | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  try {
    const head = JSON.parse(bytes.toString("utf8", LENGTH_BYTES, end)) as Partial<Head>;
    const [status, headers, etag, lastModified] = head;
    if (typeof status !== "number" || !Array.isArray(headers)) return undefined;
    return {
      status,
      headers: headers as readonly string[],
      etag: etag ?? undefined,
      lastModified: lastModified ?? undefined,
      body: bytes.subarray(end),
    };
  } catch {
    return undefined;
  }
}
