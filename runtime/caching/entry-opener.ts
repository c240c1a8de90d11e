import type { CacheMetrics } from "./cache-metrics";
import { type Encoding, type PackedEntry, PoisonedEntry, parseEntry, payloadOf } from "./envelope";
import type { Keys } from "./keys";
import type { PendingInvalidations } from "./pending-invalidations";
import { versionsOf } from "./tag-versions";

/** A value as it was found. */
export interface Found {
  readonly state: "fresh" | "stale";
  readonly encoding: Encoding;
  readonly payload: Buffer;
  /** Since it was made, milliseconds. */
  readonly ageMs: number;
  /** What is left of its freshness, milliseconds; negative when it is stale. */
  readonly freshForMs: number;
  /** As it was stored, by which it is known again. */
  readonly entry: Pick<PackedEntry, "bytes" | "tags">;
}

export interface EntryOpenerOptions {
  readonly keys: Keys;
  readonly metrics: CacheMetrics;
  readonly pending: PendingInvalidations;
  /** Largest payload, bytes. */
  readonly maxValueBytes: number;
  /** Rejects with CacheUnavailable. */
  readonly valuesOf: (redisKeys: readonly string[]) => Promise<readonly (Buffer | null)[]>;
  /** Removes in the background. */
  readonly remove: (redisKey: string) => void;
}

/** Makes of bytes under a key what can be used: whole, of this key, within its bound, with no tag that was invalidated. */
export class EntryOpener {
  constructor(private readonly options: EntryOpenerOptions) {}

  /** A promise only where there is something to wait for. */
  open(
    entryKey: string,
    bytes: Buffer,
    versions: ReadonlyMap<string, Buffer>,
  ): Found | undefined | Promise<Found | undefined> {
    const { metrics, maxValueBytes, pending } = this.options;
    metrics.read(bytes.length);
    if (!pending.none && pending.has(entryKey)) return undefined;
    try {
      const entry = parseEntry(entryKey, bytes);
      const ageMs = Math.max(0, Date.now() - entry.storedAt);
      // Redis drops it at its bound as well, but by another clock.
      if (ageMs >= entry.boundMs) return undefined;
      if (entry.tags.length > 0) {
        if (entry.tags.some(({ tag }) => !versions.has(tag))) {
          const unknown = entry.tags.filter(({ tag }) => !versions.has(tag));
          return this.openTagged(entryKey, bytes, versions, unknown);
        }
        if (!this.current(entry, versions)) return undefined;
      }
      const payload = payloadOf(entry, maxValueBytes);
      if (payload instanceof Promise) {
        return payload.then(
          (whole) => found(entry, whole, ageMs),
          () => this.poisoned(entryKey),
        );
      }
      return found(entry, payload, ageMs);
    } catch (error) {
      if (error instanceof PoisonedEntry || isDamage(error)) return this.poisoned(entryKey);
      throw error;
    }
  }

  /** The reader did not name all tags that the entry has: a second round trip. A tag that has no number now is gone. */
  private async openTagged(
    entryKey: string,
    bytes: Buffer,
    versions: ReadonlyMap<string, Buffer>,
    unknown: PackedEntry["tags"],
  ): Promise<Found | undefined> {
    const { keys } = this.options;
    const numbers = await this.options.valuesOf(unknown.map(({ tag }) => keys.tag(tag)));
    const more = versionsOf(
      unknown.map(({ tag }) => tag),
      numbers,
    );
    if (more.size < unknown.length) return undefined;
    return this.open(entryKey, bytes, new Map([...versions, ...more]));
  }

  private current(entry: PackedEntry, versions: ReadonlyMap<string, Buffer>): boolean {
    const { keys, pending } = this.options;
    return entry.tags.every(({ tag, version }) => {
      if (!pending.none && pending.has(keys.tag(tag))) return false;
      return versions.get(tag)?.equals(version) ?? false;
    });
  }

  /** What cannot be read is a miss, and goes away, so that it is not read again and again. */
  poisoned(entryKey: string): undefined {
    this.options.metrics.poisoned();
    this.options.remove(entryKey);
    return undefined;
  }
}

function found(entry: PackedEntry, payload: Buffer, ageMs: number): Found {
  const freshForMs = entry.freshMs - ageMs;
  const state = freshForMs > 0 ? "fresh" : "stale";
  return { state, encoding: entry.encoding, payload, ageMs, freshForMs, entry };
}

/** Of zlib, and of a length that points behind the end. */
function isDamage(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return error instanceof RangeError || code.startsWith("Z_") || code.startsWith("ERR_");
}
