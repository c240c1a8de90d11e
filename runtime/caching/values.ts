import type { Encoding } from "./envelope";
import type { Found } from "./entry-opener";

/** A value as it is kept. */
export interface EncodedValue {
  readonly encoding: Encoding;
  readonly payload: Buffer;
}

/**
 * A value of the application: bytes as they are, undefined for "there is no such thing", else whatever JSON can say.
 *
 * @throws what JSON throws: for a BigInt, a cycle, or a `toJSON` of the application
 */
export function encodeValue(value: unknown): EncodedValue {
  if (value === undefined) return { encoding: "absent", payload: Buffer.alloc(0) };
  if (value instanceof Uint8Array) {
    const payload = Buffer.isBuffer(value)
      ? value
      : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return { encoding: "binary", payload };
  }
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError("a function or a symbol is no value for a cache");
  return { encoding: "json", payload: Buffer.from(text) };
}

/** The same; undefined for what JSON cannot say. */
export function encodedOrNot(value: unknown): EncodedValue | undefined {
  try {
    return encodeValue(value);
  } catch {
    return undefined;
  }
}

/** @throws SyntaxError when it says to be JSON and is not */
export function decodeValue({ encoding, payload }: Found): unknown {
  if (encoding === "absent") return undefined;
  return encoding === "binary" ? payload : JSON.parse(payload.toString());
}
