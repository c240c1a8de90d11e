import type { CacheMetrics } from "./cache-metrics";
import { EntryOpener, type Found } from "./entry-opener";
import { type Entry, HEAD_BYTES, canCarry, encodeEntry, encodingByte, headWithEnd } from "./envelope";
import { Gate } from "./gate";
import type { Keys } from "./keys";
import { PendingInvalidations } from "./pending-invalidations";
import { ReadBatches } from "./read-batches";
import type { Reply } from "./redis-connection";
import type { RedisLink } from "./redis-link";
import { type ScanBounds, removeMatching, scan } from "./scan";
import { CHANGE, PROLONG, REPLACE, UNLESS_ENDED } from "./scripts";
import { TagVersions, versionsOf } from "./tag-versions";
import type { EncodedValue } from "./values";

export { type Found } from "./entry-opener";
export { type ScanBounds } from "./scan";

/** What a look-up came to, with what a load needs to store its result. */
export interface LookedUp {
  readonly found: Found | undefined;
  /** Of the tags that were asked for, those that Redis has: what is loaded after is as new as these. */
  readonly versions: ReadonlyMap<string, Buffer>;
  /** What is under the key, found or invalid. */
  readonly bytes: Buffer | undefined;
}

/** When to store. */
export type Condition =
  /** Unless something else than this entry has been stored meanwhile: for what was loaded after it was read. */
  | { readonly over: Buffer | undefined }
  /** If this entry is still there. */
  | { readonly instead: Buffer }
  /** Unless {@link EntryStore.end} was called a moment ago. */
  | "unless ended";

/** How long a value is good, milliseconds. */
export interface Lifetime {
  readonly freshMs: number;
  /** After `freshMs`, >= 0. */
  readonly staleMs: number;
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

/** Keys in one MGET of many that are asked for together. */
const READ_BATCH = 500;

/** Keys in one UNLINK. */
const UNLINK_BATCH = 500;

/**
 * Keys that Redis is asked for at a time. More gain nothing, for it answers in the time in which so many answers are
 * looked at; and what becomes of them all would be one long turn of the event loop.
 */
const MOST_AT_A_TIME = 512;

/** How long it is remembered that an entry was ended, milliseconds: longer than a request that has read it takes. */
const ENDED_MS = 300_000;

/** Entries read at a time by whoever goes through all of them. */
const PAGE = 100;

/** What a time in an entry can be. */
const LONGEST_FIELD_MS = 2 ** 32 - 1;

const ABSENT: EncodedValue = { encoding: "absent", payload: Buffer.alloc(0) };
const ENDED = encodingByte("absent");

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
  private readonly gate = new Gate(MOST_AT_A_TIME);
  private readonly tags: TagVersions;
  private readonly opener: EntryOpener;
  private readonly reads = new Map<string, Promise<LookedUp>>();

  constructor(private readonly options: EntryStoreOptions) {
    const { link, keys, metrics } = options;
    this.batches = new ReadBatches(link, this.gate);
    this.tags = new TagVersions(link, keys, this.gate);
    this.pending = new PendingInvalidations({
      metrics,
      remove: (keys) => this.unlink(keys),
      removeAll: () => removeMatching(link, keys, "*", { most: Infinity }),
    });
    this.opener = new EntryOpener({
      ...options,
      pending: this.pending,
      valuesOf: (redisKeys) => this.valuesOf(redisKeys),
      remove: (redisKey) => void this.remove([redisKey]),
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
      bytes === null || bytes === undefined ? undefined : this.opener.open(entryKey, bytes, versions);
    return {
      found: found instanceof Promise ? await found : found,
      versions,
      bytes: bytes ?? undefined,
    };
  }

  /** One round trip for all. Keys that are not there are not in the answer. @throws CacheUnavailable */
  async readMany(wanted: readonly string[], tags: readonly string[] = NO_TAGS): Promise<Map<string, Found>> {
    const { keys } = this.options;
    const values = await this.valuesOf([
      ...wanted.map((key) => keys.entry(key)),
      ...tags.map((tag) => keys.tag(tag)),
    ]);
    const versions = versionsOf(tags, values.slice(wanted.length));
    const found = new Map<string, Found>();
    const open = async (key: string, index: number): Promise<void> => {
      const bytes = values[index];
      const one = bytes ? await this.opener.open(keys.entry(key), bytes, versions) : undefined;
      if (one !== undefined) found.set(key, one);
    };
    await Promise.all(wanted.map(open));
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
    return this.tags.complete(tags, versions, lifetime.freshMs + lifetime.staleMs);
  }

  /** Lets a tag live as long as what begins to carry it now. @throws CacheUnavailable */
  prolongTag(tag: string, lifetime: Lifetime): Promise<void> {
    return this.tags.prolong(tag, lifetime.freshMs + lifetime.staleMs);
  }

  /**
   * Stores a value. What is over the limit, or cannot be said, is not stored, and what was there before is removed.
   *
   * @param value undefined for what cannot be said; a function is called when it is its turn
   * @param versions of every tag, from {@link EntryStore.prepare}
   * @param condition @default none
   * @returns whether it is stored
   * @throws CacheUnavailable
   */
  async write(
    key: string,
    value: EncodedValue | undefined | (() => EncodedValue | undefined),
    lifetime: Lifetime,
    versions: ReadonlyMap<string, Buffer> = NO_VERSIONS,
    condition?: Condition,
  ): Promise<boolean> {
    const { keys, metrics, compressFromBytes } = this.options;
    const entryKey = keys.entry(key);
    const bytes = await this.gate.through(1, async () => {
      const encoded = typeof value === "function" ? value() : value;
      if (encoded === undefined) metrics.unstorable("value");
      if (encoded === undefined || !this.canStore(encoded, versions)) return undefined;
      const entry = entryOf(encoded, lifetime, versions);
      const whole = await encodeEntry(entryKey, entry, { compressFromBytes });
      return (await this.store(entryKey, whole, entry.boundMs, condition)) ? whole.length : 0;
    });
    if (bytes === undefined) await this.remove([entryKey]);
    else if (bytes > 0) metrics.written(bytes);
    return bytes !== undefined && bytes > 0;
  }

  /**
   * Gives an entry that is still the one that was found a new end.
   *
   * @param lifetime from now on
   * @returns whether it is
   * @throws CacheUnavailable
   */
  async prolong(key: string, { entry, ageMs }: Found, lifetime: Lifetime): Promise<boolean> {
    const entryKey = this.options.keys.entry(key);
    const goodForMs = lifetime.freshMs + lifetime.staleMs;
    // Its age goes on, so that its times do.
    const freshMs = Math.min(LONGEST_FIELD_MS, Math.round(ageMs) + lifetime.freshMs);
    const boundMs = Math.min(LONGEST_FIELD_MS, freshMs + lifetime.staleMs);
    const head = headWithEnd(entryKey, entry.bytes, freshMs, boundMs);
    const old = headOf(entry.bytes);
    const work = (): Promise<Reply> => this.run(PROLONG, entryKey, old, head, String(goodForMs));
    return this.changing(() => this.gate.through(1, work));
  }

  /**
   * Ends an entry, and remembers it for a while: what was read before cannot be stored "unless ended".
   *
   * @throws CacheUnavailable, and then it has perhaps not ended
   */
  async end(key: string): Promise<void> {
    const { keys, link, metrics } = this.options;
    metrics.invalidated("key", 1);
    const entryKey = keys.entry(key);
    const entry = entryOf(ABSENT, { freshMs: ENDED_MS, staleMs: 0 }, NO_VERSIONS);
    const bytes = await encodeEntry(entryKey, entry, { compressFromBytes: Infinity });
    const command = ["SET", entryKey, bytes, "XX", "PX", String(ENDED_MS)];
    try {
      await this.changing(() => this.gate.through(1, () => link.remove(command)));
    } catch {
      // A Redis that is full takes nothing, and lets go of everything.
      await this.unlink([entryKey]);
    }
  }

  /** Invalidates what carries a tag. @throws CacheUnavailable */
  async deleteTag(tag: string): Promise<void> {
    this.options.metrics.invalidated("tag", 1);
    await this.unlink([this.options.keys.tag(tag)]);
  }

  /** Removes what has to go because nothing takes its place; when Redis does not confirm, it is repeated until it does. */
  async drop(key: string): Promise<void> {
    await this.remove([this.options.keys.entry(key)]);
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
    const { link, keys, metrics } = this.options;
    const removed = await removeMatching(link, keys, pattern, bounds);
    metrics.invalidated("pattern", removed);
    return removed;
  }

  /** Everything that is there, some at a time; what is stored or removed meanwhile may be in it or not. @throws CacheUnavailable */
  async *all({ batch = 500 }: ScanBounds = {}): AsyncGenerator<Found> {
    const { link, keys } = this.options;
    const seen = new Set<string>();
    for await (const page of scan(link, keys, "*", batch)) {
      // SCAN may name a key twice.
      const fresh = page.map(String).filter((key) => !seen.has(key));
      for (const key of fresh) seen.add(key);
      for (let at = 0; at < fresh.length; at += PAGE) {
        const names = fresh.slice(at, at + PAGE);
        const values = await this.valuesOf(names);
        for (const [index, name] of names.entries()) {
          const bytes = values[index];
          const found = bytes ? await this.opener.open(name, bytes, NO_VERSIONS) : undefined;
          if (found !== undefined) yield found;
        }
      }
    }
  }

  close(): void {
    this.pending.close();
  }

  /** Counts what cannot be. */
  private canStore({ payload }: EncodedValue, versions: ReadonlyMap<string, Buffer>): boolean {
    const { metrics, maxValueBytes } = this.options;
    if (payload.length > maxValueBytes) metrics.tooLarge();
    else if (versions.size > 0 && !canCarry(versions.keys(), maxValueBytes)) metrics.unstorable("tags");
    else return true;
    return false;
  }

  private async store(
    entryKey: string,
    bytes: Buffer,
    goodForMs: number,
    condition?: Condition,
  ): Promise<boolean> {
    const { link } = this.options;
    const px = String(goodForMs);
    const set = ["SET", entryKey, bytes, "PX", px];
    return this.changing(async () => {
      if (condition === undefined) return link.write(set);
      if (condition === "unless ended") return this.run(UNLESS_ENDED, entryKey, ENDED, bytes, px);
      if ("instead" in condition) return this.run(CHANGE, entryKey, headOf(condition.instead), bytes, px);
      // Nearly always there was nothing, and is nothing.
      if (condition.over === undefined && (await link.write([...set, "NX"])) !== null) return 1;
      return this.run(REPLACE, entryKey, headOf(condition.over), bytes, px);
    });
  }

  private run(script: string, entryKey: string, ...args: (string | Buffer)[]): Promise<Reply> {
    return this.options.link.write(["EVAL", script, "1", entryKey, ...args]);
  }

  /** What is read while something changes may be from before. @returns whether it has changed */
  private async changing(work: () => Promise<Reply>): Promise<boolean> {
    this.forgetReads();
    try {
      const reply = await work();
      return reply !== null && reply !== 0;
    } finally {
      this.forgetReads();
    }
  }

  private forgetReads(): void {
    if (this.reads.size > 0) this.reads.clear();
  }

  private async valuesOf(redisKeys: readonly string[]): Promise<readonly (Buffer | null)[]> {
    if (redisKeys.length > READ_BATCH) {
      const some = this.valuesOf(redisKeys.slice(0, READ_BATCH));
      return [...(await some), ...(await this.valuesOf(redisKeys.slice(READ_BATCH)))];
    }
    const { link } = this.options;
    const reply = await this.gate.through(redisKeys.length, () => link.read(["MGET", ...redisKeys]));
    return reply as (Buffer | null)[];
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
    this.forgetReads();
    this.tags.forget();
    for (let at = 0; at < redisKeys.length; at += UNLINK_BATCH) {
      const some = redisKeys.slice(at, at + UNLINK_BATCH);
      await this.gate.through(some.length, () => this.options.link.remove(["UNLINK", ...some]));
    }
  }

  /** For callers who find out only when they look into the payload. */
  discard(key: string): void {
    this.opener.poisoned(this.options.keys.entry(key));
  }
}

function entryOf(
  value: EncodedValue,
  { freshMs, staleMs }: Lifetime,
  versions: ReadonlyMap<string, Buffer>,
): Entry {
  const tags = [...versions].map(([tag, version]) => ({ tag, version }));
  return { ...value, storedAt: Date.now(), freshMs, boundMs: freshMs + staleMs, tags };
}

/** By which it is known again; of nothing, nothing. */
function headOf(entry: Buffer | undefined): Buffer | string {
  return entry === undefined ? "" : entry.subarray(0, HEAD_BYTES);
}
