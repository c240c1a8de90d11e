import { setTimeout as sleep } from "node:timers/promises";
import { CacheCore, type CacheCoreOptions } from "./cache-core";
import type { CacheMetrics } from "./cache-metrics";
import {
  type EntryStore,
  type Found,
  LONGEST_LIFETIME_MS,
  type Lifetime,
  type LookedUp,
  type ScanBounds,
} from "./entry-store";
import { CacheUnavailable } from "./errors";
import { tryLock } from "./redis-lock";
import { type Flight, SingleFlight } from "./single-flight";
import { decodeValue, encodeValue } from "./values";

export interface CacheManagerOptions extends CacheCoreOptions {
  /** After `ttlMs`, how long a stale value is still served while a new one is made, milliseconds. @default that of the manager */
  readonly staleMs?: number;
  /** How long "there is no such thing" is remembered, milliseconds; 0 for not at all. @default that of the manager */
  readonly negativeTtlMs?: number;
  /** Share of `ttlMs` by which it is shortened at random, 0..0.5: what was stored together does not expire together. @default 0.1 */
  readonly jitter?: number;
}

/** What a manager decides where the caller does not. */
export interface CacheDefaults {
  readonly name: string;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly negativeTtlMs: number;
}

export interface StoreOptions {
  /** @default the manager's */
  readonly ttlMs?: number;
  /** @default the manager's */
  readonly staleMs?: number;
  /** What the value depends on: `property:42`. At most 255. @default none */
  readonly tags?: readonly string[];
}

export interface LoadOptions<T> extends StoreOptions {
  /** @default the manager's */
  readonly negativeTtlMs?: number;
  /** Whether a value from the cache is one. What is not is deleted, and loaded anew. @default everything is */
  readonly accepts?: (value: unknown) => value is T;
  /** Let one process at a time load this key, and the others wait for it so long, milliseconds. @default 0, not at all */
  readonly lockMs?: number;
}

/** Longest pause between two looks for what another process is loading, milliseconds. */
const LONGEST_PAUSE_MS = 100;

/**
 * A cache over Redis. A Redis that is away, slow, full or answers nonsense costs a miss, never an error: what is asked
 * for is loaded. Nothing older than `ttlMs + staleMs` is ever returned.
 */
export class CacheManager extends CacheCore {
  readonly staleMs: number;
  private readonly negativeTtlMs: number;
  private readonly jitter: number;
  private readonly flights = new SingleFlight<unknown>();

  constructor(options: CacheManagerOptions, defaults: CacheDefaults) {
    super(options, defaults);
    this.staleMs = options.staleMs ?? defaults.staleMs;
    this.negativeTtlMs = options.negativeTtlMs ?? defaults.negativeTtlMs;
    this.jitter = options.jitter ?? 0.1;
    this.refuse("staleMs", this.staleMs, 0, LONGEST_LIFETIME_MS);
    this.refuse("negativeTtlMs", this.negativeTtlMs, 0, LONGEST_LIFETIME_MS);
    this.refuse("jitter", this.jitter, 0, 0.5);
  }

  /** What the middleware works on. */
  get parts(): { readonly store: EntryStore; readonly metrics: CacheMetrics } {
    return { store: this.store, metrics: this.metrics };
  }

  /**
   * The value under a key, fresh or stale; undefined when there is none.
   *
   * @param tags those it was stored with: then one round trip will do
   */
  async get<T>(key: string, { tags }: { readonly tags?: readonly string[] } = {}): Promise<T | undefined> {
    const { found } = await this.lookUp(key, tags);
    return found === undefined ? undefined : (this.decoded(key, found)?.value as T | undefined);
  }

  /** The values under several keys, in one round trip. */
  async getMany<T>(
    keys: readonly string[],
    { tags }: { readonly tags?: readonly string[] } = {},
  ): Promise<Map<string, T>> {
    const values = new Map<string, T>();
    if (keys.length === 0) return values;
    const found = await this.orUndefined(this.store.readMany(keys, tags));
    for (const key of keys) {
      const one = found?.get(key);
      this.count(one);
      if (one === undefined) continue;
      const value = this.decoded(key, one)?.value;
      if (value !== undefined) values.set(key, value as T);
    }
    return values;
  }

  /**
   * Stores a value: anything that JSON can say, or bytes.
   *
   * @returns whether it is stored; false when Redis is away or the value over the limit
   */
  async set(key: string, value: unknown, options: StoreOptions = {}): Promise<boolean> {
    this.supersede([key], []);
    const lifetime = this.lifetime(value, options);
    const tags = options.tags ?? [];
    const stored = await this.orUndefined(
      (async () => {
        const versions = await this.store.prepare(tags, await this.versionsOf(key, tags), lifetime);
        return await this.store.write(key, encodeValue(value), lifetime, versions);
      })(),
    );
    return stored ?? false;
  }

  /**
   * The value under a key, and where there is none, what `load` makes. Of all who ask at the same time, one loads. A
   * stale value is returned at once while a new one is made; when that fails, it stays until its bound.
   *
   * @param load undefined says that there is no such thing, which is remembered as well
   * @throws what `load` throws, when there is nothing else to return
   */
  async getOrLoad<T>(
    key: string,
    load: () => Promise<T | undefined>,
    options: LoadOptions<T> = {},
  ): Promise<T | undefined> {
    const loading = this.flights.running(key);
    if (loading !== undefined && !loading.refresh) {
      this.metrics.miss();
      this.metrics.joined();
      return (await loading.result) as T | undefined;
    }
    const looked = await this.lookUp(key, options.tags);
    const value = looked.found === undefined ? undefined : this.decoded(key, looked.found, options.accepts);
    if (value === undefined) return (await this.load(key, load, options, looked.versions)) as T | undefined;
    if (looked.found?.state === "stale" && this.flights.running(key) === undefined) {
      this.load(key, load, options, looked.versions, true).catch((error: unknown) => {
        this.logger.warn("refresh failed, the stale value stays until its bound", {
          cache: this.name,
          error: error instanceof Error ? error.name : typeof error,
        });
      });
    }
    return value.value as T | undefined;
  }

  /** Removes keys. @returns whether Redis has confirmed; what it has not is repeated until it has */
  async delete(...keys: readonly string[]): Promise<boolean> {
    this.supersede(keys, []);
    return keys.length === 0 || this.store.invalidate({ keys });
  }

  /**
   * Invalidates everything with one of these tags, in one command however many that is.
   *
   * @returns whether Redis has confirmed. What it has not is repeated until it has, and until then this process takes
   * it for invalid; other processes may serve it within its bound.
   */
  async invalidateTags(...tags: readonly string[]): Promise<boolean> {
    this.supersede([], tags);
    return tags.length === 0 || this.store.invalidate({ tags });
  }

  /**
   * Removes all keys that match: `*` is any characters, everything else itself. Goes through the whole database with
   * SCAN: for operators and releases; for requests there are tags. Of keys of more than 200 characters the first 120
   * can match.
   *
   * @returns how many
   * @throws CacheUnavailable
   */
  async invalidatePattern(pattern: string, bounds?: ScanBounds): Promise<number> {
    this.flights.supersede(() => true);
    return this.store.deleteMatching(pattern, bounds);
  }

  /**
   * Loads what is not there yet.
   *
   * @param concurrency loads at the same time. @default 4
   * @returns how many were loaded and how many failed
   */
  async warm<T>(
    keys: readonly string[],
    load: (key: string) => Promise<T | undefined>,
    { concurrency = 4, ...options }: LoadOptions<T> & { readonly concurrency?: number } = {},
  ): Promise<{ readonly loaded: number; readonly failed: number }> {
    const counts = { loaded: 0, failed: 0 };
    const queue = [...keys];
    const worker = async (): Promise<void> => {
      for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
        const name = key;
        const counted = async (): Promise<T | undefined> => {
          const value = await load(name);
          counts.loaded++;
          return value;
        };
        await this.getOrLoad(name, counted, options).catch(() => counts.failed++);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, keys.length) }, worker));
    return counts;
  }

  /** What is stored, with its age: for what builds on this cache, as the middleware. Counts. A Redis that gives no answer is a miss. */
  async lookUp(key: string, tags?: readonly string[]): Promise<LookedUp> {
    try {
      const looked = await this.store.read(key, tags);
      this.count(looked.found);
      return looked;
    } catch (error) {
      this.count(undefined);
      if (error instanceof CacheUnavailable) return NOTHING;
      throw error;
    }
  }

  /** How long a value is good from now on, jitter included. */
  lifetime(value: unknown, options: LoadOptions<unknown>): Lifetime {
    const absent = value === undefined;
    const ttlMs = absent ? (options.negativeTtlMs ?? this.negativeTtlMs) : (options.ttlMs ?? this.ttlMs);
    // Only ever shorter, so that the bound holds.
    const freshMs = Math.max(1, Math.round(ttlMs * (1 - this.jitter * Math.random())));
    const staleMs = absent ? 0 : (options.staleMs ?? this.staleMs);
    return {
      freshMs: Math.min(freshMs, LONGEST_LIFETIME_MS),
      staleMs: Math.min(staleMs, LONGEST_LIFETIME_MS),
    };
  }

  private supersede(keys: readonly string[], tags: readonly string[]): void {
    if (this.flights.size === 0) return;
    this.flights.supersede((key, of) => keys.includes(key) || of.some((tag) => tags.includes(tag)));
  }

  private count(found: Found | undefined): void {
    if (found === undefined) {
      this.metrics.miss();
      return;
    }
    this.metrics.hit();
    if (found.state === "stale") this.metrics.stale();
    if (found.encoding === "absent") this.metrics.absent();
  }

  private decoded(
    key: string,
    found: Found,
    accepts?: (value: unknown) => boolean,
  ): { readonly value: unknown } | undefined {
    try {
      const value = decodeValue(found);
      if (found.encoding === "absent" || accepts === undefined || accepts(value)) return { value };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.store.discard(key);
    return undefined;
  }

  private async load<T>(
    key: string,
    load: () => Promise<T | undefined>,
    options: LoadOptions<T>,
    versions: ReadonlyMap<string, Buffer>,
    refresh = false,
  ): Promise<unknown> {
    const running = this.flights.running(key);
    if (running !== undefined) {
      this.metrics.joined();
      return running.result;
    }
    const { lockMs = 0, tags = [] } = options;
    const work = (flight: Flight<unknown>): Promise<unknown> =>
      lockMs > 0
        ? this.lockedLoad(key, load, options, flight, refresh)
        : this.loadAndStore(key, load, options, versions, flight);
    return this.flights.begin(key, { tags, refresh }, work).result;
  }

  private async loadAndStore<T>(
    key: string,
    load: () => Promise<T | undefined>,
    options: LoadOptions<T>,
    versions: ReadonlyMap<string, Buffer>,
    flight: Flight<unknown>,
  ): Promise<unknown> {
    const { tags = [] } = options;
    const prepared = await this.orUndefined(this.store.prepare(tags, versions, this.lifetime(0, options)));
    const started = performance.now();
    let value: T | undefined;
    try {
      value = await load();
    } catch (error) {
      this.metrics.loaded("failed", (performance.now() - started) / 1000);
      throw error;
    }
    this.metrics.loaded(value === undefined ? "absent" : "found", (performance.now() - started) / 1000);
    const remembered = value !== undefined || (options.negativeTtlMs ?? this.negativeTtlMs) > 0;
    if (prepared !== undefined && remembered && !flight.superseded) {
      await this.orUndefined(
        this.store.write(key, encodeValue(value), this.lifetime(value, options), prepared),
      );
    }
    return value;
  }

  private async lockedLoad<T>(
    key: string,
    load: () => Promise<T | undefined>,
    options: LoadOptions<T>,
    flight: Flight<unknown>,
    refresh: boolean,
  ): Promise<unknown> {
    const { lockMs = 0, tags = [] } = options;
    const until = performance.now() + lockMs;
    for (let pause = 10; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const release = await this.orUndefined(
        tryLock(this.link, this.keys.lock(key), lockMs).then((held) => ({ held })),
      );
      const away = release === undefined;
      if (release?.held === undefined && !away) {
        // Whoever has it is making the new value; the stale one has been returned.
        if (refresh) return undefined;
        if (performance.now() < until) {
          await sleep(pause);
          const { found } = (await this.orUndefined(this.store.read(key, tags))) ?? NOTHING;
          const value = found?.state === "fresh" ? this.decoded(key, found, options.accepts) : undefined;
          if (value !== undefined) return value.value;
          continue;
        }
      }
      try {
        const { versions } = (await this.orUndefined(this.store.read(key, tags))) ?? NOTHING;
        return await this.loadAndStore(key, load, options, versions, flight);
      } finally {
        await release?.held?.();
      }
    }
  }

  private async versionsOf(key: string, tags: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    return tags.length === 0 ? NOTHING.versions : (await this.store.read(key, tags)).versions;
  }

  private async orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      // Counted and logged where it happened.
      if (error instanceof CacheUnavailable) return undefined;
      throw error;
    }
  }
}

const NOTHING: LookedUp = { found: undefined, versions: new Map() };
