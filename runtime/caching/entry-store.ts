import { randomBytes } from "node:crypto";
import type { CacheMetrics } from "./cache-metrics";
import {
  type Encoding,
  type Entry,
  type PackedEntry,
  PoisonedEntry,
  VERSION_BYTES,
  encodeEntry,
  parseEntry,
  payloadOf,
} from "./envelope";
import { type Keys, scanPattern } from "./keys";
import { PendingInvalidations } from "./pending-invalidations";
import { ReadBatches } from "./read-batches";
import type { Reply } from "./redis-connection";
import type { RedisLink } from "./redis-link";

/** A value as it was found. */
export interface Found {
  readonly state: "fresh" | "stale";
  readonly encoding: Encoding;
  readonly payload: Buffer;
  /** Since it was made, milliseconds. */
  readonly ageMs: number;
  /** What is left of its freshness, milliseconds; negative when it is stale. */
  readonly freshForMs: number;
}

/** What a look-up came to, with what a load needs to store its result. */
export interface LookedUp {
  readonly found: Found | undefined;
  /** Of the tags that were asked for, those that Redis has: what is loaded after is as new as these. */
  readonly versions: ReadonlyMap<string, Buffer>;
}

/** How long a value is good, milliseconds. */
export interface Lifetime {
  readonly freshMs: number;
  /** After `freshMs`, >= 0. */
  readonly staleMs: number;
}

/** Bounds of a scan. */
export interface ScanBounds {
  /** Keys that Redis looks at for one answer, 1..10,000. @default 500 */
  readonly batch?: number;
  /** Entries removed at most. @default 100,000 */
  readonly most?: number;
}

export interface EntryStoreOptions {
  readonly link: RedisLink;
  readonly keys: Keys;
  readonly metrics: CacheMetrics;
  /** Largest payload, bytes, before and after it is compressed. */
  readonly maxValueBytes: number;
  /** Payloads of this size and more are compressed, bytes. */
  readonly compressFromBytes: number;
}

/** Longest time that an entry may be good, milliseconds: 30 days. */
export const LONGEST_LIFETIME_MS = 30 * 86_400_000;

/** A tag outlives what carries it by a day. When one is gone, what carries it is a miss. */
const TAG_MARGIN_MS = 86_400_000;

/** Keys in one UNLINK. */
const UNLINK_BATCH = 500;

const NO_VERSIONS: ReadonlyMap<string, Buffer> = new Map();
const NO_TAGS: readonly string[] = [];

/**
 * Entries in Redis: bytes with a freshness, a hard bound and tags. A tag is a random number under a key of its own,
 * which is read in the same round trip as the entry. An entry is valid while the numbers it was stored with are still
 * the current ones; to invalidate a tag is to remove its number. Sets of keys would not do: a cache evicts, and with a
 * set that is evicted an invalidation would silently find nothing, where a number that is evicted makes a miss.
 */
export class EntryStore {
  private readonly pending: PendingInvalidations;
  private readonly batches: ReadBatches;
  private readonly reads = new Map<string, Promise<LookedUp>>();

  constructor(private readonly options: EntryStoreOptions) {
    const { link, metrics } = options;
    this.batches = new ReadBatches(link);
    this.pending = new PendingInvalidations({
      metrics,
      remove: (keys) => this.unlink(keys),
      removeAll: () => this.scanAway("*"),
    });
    link.onReady(() => void this.pending.flush());
  }

  /** Largest payload, bytes. */
  get maxValueBytes(): number {
    return this.options.maxValueBytes;
  }

  /** One round trip, shared by all who ask for the same meanwhile. @throws CacheUnavailable */
  read(key: string, tags: readonly string[] = NO_TAGS): Promise<LookedUp> {
    const name = tags.length === 0 ? key : `${key}\0${tags.join("\0")}`;
    const running = this.reads.get(name);
    if (running !== undefined) return running;
    const reading = this.readNow(key, tags, name);
    this.reads.set(name, reading);
    return reading;
  }

  private async readNow(key: string, tags: readonly string[], name: string): Promise<LookedUp> {
    const { keys } = this.options;
    const entryKey = keys.entry(key);
    const batch = this.batches.current();
    const place = batch.place(entryKey);
    const tagPlaces = tags.map((tag) => batch.place(keys.tag(tag)));
    let values: readonly (Buffer | null)[];
    try {
      values = await batch.values();
    } finally {
      // Another may have taken the place of this one; then that one is read twice at worst.
      this.reads.delete(name);
    }
    const bytes = values[place];
    const versions =
      tags.length === 0
        ? NO_VERSIONS
        : versionsOf(
            tags,
            tagPlaces.map((at) => values[at]),
          );
    const found =
      bytes === null || bytes === undefined ? undefined : this.open(key, entryKey, bytes, versions);
    return { found: found instanceof Promise ? await found : found, versions };
  }

  /** One round trip for all. Keys that are not there are not in the answer. @throws CacheUnavailable */
  async readMany(wanted: readonly string[], tags: readonly string[] = NO_TAGS): Promise<Map<string, Found>> {
    const { link, keys } = this.options;
    const entryKeys = wanted.map((key) => keys.entry(key));
    const replies = (await link.read([
      "MGET",
      ...entryKeys,
      ...tags.map((tag) => keys.tag(tag)),
    ])) as (Buffer | null)[];
    const versions = versionsOf(tags, replies.slice(wanted.length));
    const found = new Map<string, Found>();
    for (const [index, key] of wanted.entries()) {
      const bytes = replies[index];
      if (!bytes) continue;
      const one = await this.open(key, entryKeys[index] ?? "", bytes, versions);
      if (one !== undefined) found.set(key, one);
    }
    return found;
  }

  /**
   * Versions for what will be loaded now; tags that have none get one. Read them before loading: what is invalidated
   * while it is being loaded is invalid when it is stored.
   *
   * @throws CacheUnavailable
   */
  async prepare(
    tags: readonly string[],
    versions: ReadonlyMap<string, Buffer>,
    lifetime: Lifetime,
  ): Promise<ReadonlyMap<string, Buffer>> {
    const missing = tags.filter((tag) => !versions.has(tag));
    if (missing.length === 0) return versions;
    const { link, keys } = this.options;
    const all = new Map(versions);
    const px = String(TAG_MARGIN_MS + lifetime.freshMs + lifetime.staleMs);
    await Promise.all(
      missing.map(async (tag) => {
        const fresh = randomBytes(VERSION_BYTES);
        const before = await link.write(["SET", keys.tag(tag), fresh, "NX", "GET", "PX", px]);
        all.set(tag, Buffer.isBuffer(before) ? before : fresh);
      }),
    );
    return all;
  }

  /**
   * Stores a value. What is over the limit is not stored, and what was there before is removed.
   *
   * @param versions of every tag, from {@link EntryStore.prepare}
   * @returns whether it is stored
   * @throws CacheUnavailable
   */
  async write(
    key: string,
    value: { readonly encoding: Encoding; readonly payload: Buffer },
    lifetime: Lifetime,
    versions: ReadonlyMap<string, Buffer> = NO_VERSIONS,
    onlyIfThere = false,
  ): Promise<boolean> {
    const { link, keys, metrics, maxValueBytes, compressFromBytes } = this.options;
    // What is being read now is from before.
    this.reads.clear();
    const boundMs = lifetime.freshMs + lifetime.staleMs;
    const entry: Entry = {
      ...value,
      storedAt: Date.now(),
      freshMs: lifetime.freshMs,
      boundMs,
      tags: [...versions].map(([tag, version]) => ({ tag, version })),
    };
    const entryKey = keys.entry(key);
    if (value.payload.length > maxValueBytes) {
      metrics.tooLarge();
      await this.remove([entryKey]);
      return false;
    }
    const bytes = await encodeEntry(entryKey, entry, { compressFromBytes });
    const condition = onlyIfThere ? ["XX"] : [];
    const reply = await link.write(["SET", entryKey, bytes, "PX", String(boundMs), ...condition]);
    if (reply === null) return false;
    metrics.written(bytes.length);
    return true;
  }

  /** Removes entries. @throws CacheUnavailable */
  async delete(names: readonly string[]): Promise<void> {
    this.options.metrics.invalidated("key", names.length);
    await this.unlink(names.map((key) => this.options.keys.entry(key)));
  }

  /**
   * Invalidates entries by key and by tag. When Redis does not confirm, it is repeated until it does.
   *
   * @returns whether Redis has confirmed
   */
  async invalidate(what: {
    readonly keys?: readonly string[];
    readonly tags?: readonly string[];
  }): Promise<boolean> {
    const { keys, metrics } = this.options;
    const { keys: names = [], tags = [] } = what;
    if (names.length > 0) metrics.invalidated("key", names.length);
    if (tags.length > 0) metrics.invalidated("tag", tags.length);
    return this.remove([...names.map((key) => keys.entry(key)), ...tags.map((tag) => keys.tag(tag))]);
  }

  /** Removes what matches a pattern. `*` is any characters. @returns how many @throws CacheUnavailable */
  async deleteMatching(pattern: string, bounds: ScanBounds = {}): Promise<number> {
    const removed = await this.scanAway(pattern, bounds);
    this.options.metrics.invalidated("pattern", removed);
    return removed;
  }

  close(): void {
    this.pending.close();
  }

  private async remove(redisKeys: readonly string[]): Promise<boolean> {
    try {
      await this.unlink(redisKeys);
      return true;
    } catch {
      this.pending.add(redisKeys);
      return false;
    }
  }

  private async unlink(redisKeys: readonly string[]): Promise<void> {
    this.reads.clear();
    for (let at = 0; at < redisKeys.length; at += UNLINK_BATCH) {
      await this.options.link.remove(["UNLINK", ...redisKeys.slice(at, at + UNLINK_BATCH)]);
    }
  }

  private async scanAway(pattern: string, { batch = 500, most = 100_000 }: ScanBounds = {}): Promise<number> {
    const { link, keys } = this.options;
    const match = scanPattern(keys.entries, pattern);
    let cursor: string | Buffer = "0";
    let removed = 0;
    do {
      const reply = (await link.read(["SCAN", cursor, "MATCH", match, "COUNT", String(batch)])) as Reply[];
      const [next, found] = reply as [Buffer, Buffer[]];
      if (found.length > 0) removed += (await link.remove(["UNLINK", ...found])) as number;
      cursor = next.toString();
    } while (cursor !== "0" && removed < most);
    return removed;
  }

  private open(
    key: string,
    entryKey: string,
    bytes: Buffer,
    versions: ReadonlyMap<string, Buffer>,
  ): Found | undefined | Promise<Found | undefined> {
    const { metrics, maxValueBytes } = this.options;
    metrics.read(bytes.length);
    if (!this.pending.none && this.pending.has(entryKey)) return undefined;
    try {
      const entry = parseEntry(entryKey, bytes);
      const ageMs = Math.max(0, Date.now() - entry.storedAt);
      // Redis drops it at its bound as well, but by another clock.
      if (ageMs >= entry.boundMs) return undefined;
      if (entry.tags.length > 0) {
        if (entry.tags.some(({ tag }) => !versions.has(tag))) {
          const unknown = entry.tags.filter(({ tag }) => !versions.has(tag));
          return this.openTagged(key, entryKey, bytes, versions, unknown);
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
    key: string,
    entryKey: string,
    bytes: Buffer,
    versions: ReadonlyMap<string, Buffer>,
    unknown: PackedEntry["tags"],
  ): Promise<Found | undefined> {
    const { link, keys } = this.options;
    const numbers = (await link.read([
      "MGET",
      ...unknown.map(({ tag }) => keys.tag(tag)),
    ])) as (Buffer | null)[];
    const more = versionsOf(
      unknown.map(({ tag }) => tag),
      numbers,
    );
    if (more.size < unknown.length) return undefined;
    return this.open(key, entryKey, bytes, new Map([...versions, ...more]));
  }

  private current(entry: PackedEntry, versions: ReadonlyMap<string, Buffer>): boolean {
    const { keys } = this.options;
    return entry.tags.every(({ tag, version }) => {
      if (!this.pending.none && this.pending.has(keys.tag(tag))) return false;
      return versions.get(tag)?.equals(version) ?? false;
    });
  }

  /** What cannot be read is a miss, and goes away, so that it is not read again and again. */
  private poisoned(entryKey: string): undefined {
    this.options.metrics.poisoned();
    void this.remove([entryKey]);
    return undefined;
  }

  /** For callers who find out only when they look into the payload. */
  discard(key: string): void {
    this.poisoned(this.options.keys.entry(key));
  }
}

/** @param numbers of the tags, in their order */
function versionsOf(
  tags: readonly string[],
  numbers: readonly (Buffer | null | undefined)[],
): ReadonlyMap<string, Buffer> {
  const versions = new Map<string, Buffer>();
  for (let index = 0; index < tags.length; index++) {
    const number = numbers[index];
    if (number?.length === VERSION_BYTES) versions.set(tags[index] ?? "", number);
  }
  return versions;
}

function found(entry: PackedEntry, payload: Buffer, ageMs: number): Found {
  const freshForMs = entry.freshMs - ageMs;
  return { state: freshForMs > 0 ? "fresh" : "stale", encoding: entry.encoding, payload, ageMs, freshForMs };
}

/** Of zlib, and of a length that points behind the end. */
function isDamage(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return error instanceof RangeError || code.startsWith("Z_") || code.startsWith("ERR_");
}
