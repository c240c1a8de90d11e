import {
  brotliCompress,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  constants,
  crc32,
  deflateRawSync,
  inflateRaw,
  inflateRawSync,
} from "node:zlib";
import { promisify } from "node:util";

/** What a payload is. */
export type Encoding = "binary" | "json" | "absent";

/** Version of a tag at the time when loading began. */
export interface TagVersion {
  readonly tag: string;
  /** 8 random bytes. */
  readonly version: Buffer;
}

/** What is in Redis under a key. Times are milliseconds. */
export interface Entry {
  readonly encoding: Encoding;
  readonly payload: Buffer;
  /** Since 1970, by the clock of the process that stored it. */
  readonly storedAt: number;
  /** From `storedAt`: fresh until then. */
  readonly freshMs: number;
  /** From `storedAt`: stale until then, and after it nothing. At least `freshMs`. */
  readonly boundMs: number;
  readonly tags: readonly TagVersion[];
}

/** The bytes under a key are not an entry, or not of this key. */
export class PoisonedEntry extends Error {
  override readonly name = "PoisonedEntry";
}

const MAGIC = 0xc5;
const FORMAT = 1;
/** As {@link FORMAT}, with two bytes for the number of tags. What has few is written so that an older release can read it. */
const FORMAT_MANY_TAGS = 2;
const FEW_TAGS = 255;
/** Tags of an entry, and bytes of one: what their fields can hold. */
const MOST_TAGS = 65_535;
const LONGEST_TAG_BYTES = 65_535;
const ENCODINGS: readonly Encoding[] = ["binary", "json", "absent"];
type Compression = "none" | "deflate" | "brotli";
const COMPRESSIONS: readonly Compression[] = ["none", "deflate", "brotli"];
/** Magic, format, encoding, compression, CRC-32, stored at, fresh, bound, number of tags. */
const HEADER_BYTES = 25;
const CHECKED_FROM = 8;
/** The part of an entry that no other has: everything before the tags. */
export const HEAD_BYTES = 24;
/** Where in an entry its times are. */
const FRESH_AT = 16;
const BOUND_AT = 20;
export const VERSION_BYTES = 8;

/**
 * From this size on Brotli at quality 1, below it Deflate at level 1. Measured on lists of buildings as JSON: at 4 KiB
 * Deflate takes 34 µs and leaves 17 % (12 µs to undo; Brotli 17 µs), at 64 KiB 243 µs and 14 %, where Brotli takes 168 µs
 * and leaves 9 %. Higher levels take three to five times as long for 2 % of the size.
 */
export const BROTLI_FROM_BYTES = 64 * 1024;

/** From this size on the thread pool does it: a millisecond of one request is a millisecond of all others. */
const THREADED_FROM_BYTES = 256 * 1024;

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const DEFLATE = { level: 1 };

const inflating = promisify(inflateRaw);
const brotlied = promisify<Buffer, typeof BROTLI, Buffer>(brotliCompress);
const unbrotlied = promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress);

function compress(payload: Buffer): Buffer | Promise<Buffer> {
  if (payload.length >= THREADED_FROM_BYTES) return brotlied(payload, BROTLI);
  if (payload.length >= BROTLI_FROM_BYTES) return brotliCompressSync(payload, BROTLI);
  return deflateRawSync(payload, DEFLATE);
}

function decompress(payload: Buffer, compression: Compression, most: number): Buffer | Promise<Buffer> {
  // Without a limit a few kilobytes could become gigabytes.
  const limit = { maxOutputLength: most };
  // Compressed it is about a tenth.
  const threaded = payload.length >= THREADED_FROM_BYTES / 10;
  if (compression === "brotli")
    return threaded ? unbrotlied(payload, limit) : brotliDecompressSync(payload, limit);
  return threaded ? inflating(payload, limit) : inflateRawSync(payload, limit);
}

/** Whether an entry can carry these tags. @param most bytes that all of them may have together */
export function canCarry(tags: Iterable<string>, most: number): boolean {
  let [count, sum] = [0, 0];
  for (const tag of tags) {
    const bytes = Buffer.byteLength(tag);
    sum += bytes;
    if (++count > MOST_TAGS || bytes > LONGEST_TAG_BYTES || sum > most) return false;
  }
  return true;
}

/** The byte of an entry that says what its payload is. */
export function encodingByte(encoding: Encoding): Buffer {
  return Buffer.from([ENCODINGS.indexOf(encoding)]);
}

/** How to write an entry. */
export interface EncodeOptions {
  /** Payloads of this size and more are compressed, bytes; Infinity for never. */
  readonly compressFromBytes: number;
}

/**
 * The bytes of an entry. The checksum starts from the key, so that an answer that belongs to another key is not taken
 * for this one's.
 */
export async function encodeEntry(
  key: string,
  entry: Entry,
  { compressFromBytes }: EncodeOptions,
): Promise<Buffer> {
  const { payload, tags } = entry;
  let body = payload;
  let compression: Compression = "none";
  if (payload.length >= compressFromBytes) {
    const smaller = await compress(payload);
    // Pictures and what is compressed already do not get smaller.
    if (smaller.length < payload.length * 0.9) {
      body = smaller;
      compression = payload.length >= BROTLI_FROM_BYTES ? "brotli" : "deflate";
    }
  }
  const names = tags.map(({ tag }) => Buffer.from(tag));
  const many = tags.length > FEW_TAGS;
  const tagsAt = many ? HEADER_BYTES + 1 : HEADER_BYTES;
  const header = Buffer.allocUnsafe(
    tagsAt + names.reduce((sum, name) => sum + 2 + name.length + VERSION_BYTES, 0),
  );
  header[0] = MAGIC;
  header[1] = many ? FORMAT_MANY_TAGS : FORMAT;
  header[2] = ENCODINGS.indexOf(entry.encoding);
  header[3] = COMPRESSIONS.indexOf(compression);
  header.writeDoubleBE(entry.storedAt, 8);
  header.writeUInt32BE(entry.freshMs, FRESH_AT);
  header.writeUInt32BE(entry.boundMs, BOUND_AT);
  header.writeUIntBE(tags.length, HEAD_BYTES, tagsAt - HEAD_BYTES);
  let at = tagsAt;
  for (const [index, name] of names.entries()) {
    at = header.writeUInt16BE(name.length, at);
    at += name.copy(header, at);
    at += tags[index]?.version.copy(header, at) ?? 0;
  }
  const checksum = crc32(body, crc32(header.subarray(CHECKED_FROM), crc32(key)));
  header.writeUInt32BE(checksum, 4);
  return Buffer.concat([header, body]);
}

/**
 * The head of the same entry with another end.
 *
 * @param key that it is under @param bytes the entry @param freshMs,boundMs from when it was stored
 */
export function headWithEnd(key: string, bytes: Buffer, freshMs: number, boundMs: number): Buffer {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES));
  head.writeUInt32BE(freshMs, FRESH_AT);
  head.writeUInt32BE(boundMs, BOUND_AT);
  const checksum = crc32(bytes.subarray(HEAD_BYTES), crc32(head.subarray(CHECKED_FROM), crc32(key)));
  head.writeUInt32BE(checksum, 4);
  return head;
}

/** An entry before its payload is decompressed. */
export interface PackedEntry extends Entry {
  readonly compression: Compression;
  /** As it is in Redis. */
  readonly bytes: Buffer;
}

/** Reads the bytes under a key. @throws PoisonedEntry */
export function parseEntry(key: string, bytes: Buffer): PackedEntry {
  const format = bytes[1];
  const tagsAt = format === FORMAT_MANY_TAGS ? HEADER_BYTES + 1 : HEADER_BYTES;
  if (bytes.length < tagsAt || bytes[0] !== MAGIC || (format !== FORMAT && format !== FORMAT_MANY_TAGS)) {
    throw new PoisonedEntry("no entry");
  }
  const encoding = ENCODINGS[bytes[2] ?? -1];
  const compression = COMPRESSIONS[bytes[3] ?? -1];
  const checksum = crc32(bytes.subarray(CHECKED_FROM), crc32(key));
  if (encoding === undefined || compression === undefined || checksum !== bytes.readUInt32BE(4)) {
    throw new PoisonedEntry("damaged, or of another key");
  }
  const tags: TagVersion[] = [];
  let at = tagsAt;
  for (let left = bytes.readUIntBE(HEAD_BYTES, tagsAt - HEAD_BYTES); left > 0; left--) {
    const end = at + 2 + bytes.readUInt16BE(at);
    tags.push({
      tag: bytes.toString("utf8", at + 2, end),
      version: bytes.subarray(end, end + VERSION_BYTES),
    });
    at = end + VERSION_BYTES;
  }
  return {
    encoding,
    compression,
    bytes,
    payload: bytes.subarray(at),
    storedAt: bytes.readDoubleBE(8),
    freshMs: bytes.readUInt32BE(FRESH_AT),
    boundMs: bytes.readUInt32BE(BOUND_AT),
    tags,
  };
}

/**
 * The payload as it was before it was stored; a promise only where threads are worth it.
 *
 * @param most bytes that it may become
 */
export function payloadOf(entry: PackedEntry, most: number): Buffer | Promise<Buffer> {
  return entry.compression === "none" ? entry.payload : decompress(entry.payload, entry.compression, most);
}
