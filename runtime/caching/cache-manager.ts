import { CacheCore, type CacheCoreOptions, refuse } from "./cache-core";
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
import { Loads, NOTHING, type Wanted, orUndefined } from "./loads";
import { tryLock } from "./redis-lock";
import { encodedOrNot } from "./values";

export interface CacheManagerOptions extends CacheCoreOptions {
  /**
   * After `ttlMs`, how long `getOrLoad` still returns a stale value while a new one is made, milliseconds.
   *
   * @default that of the manager; 0 where `ttlMs` is given
   */
  readonly staleMs?: number;
  /** How long "there is no such thing" is remembered, milliseconds; 0 for not at all. @default that of the manager */
  readonly negativeTtlMs?: number;
  /** Share of `ttlMs` by which it is shortened at random, 0..0.5: what was stored together does not expire together. @default 0.1 */
  readonly jitter?: number;
  /** Longest time of a load, milliseconds, 1 to a day. @default `REQUEST_TIMEOUT_MS` of the settings, else 30,000 */
  readonly loadTimeoutMs?: number;
}

/** What a manager decides where the caller does not. */
export interface CacheDefaults {
  readonly name: string;
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly negativeTtlMs: number;
}

export interface StoreOptions {
  /** When the value ends, milliseconds from now; 0 for not to be kept: then what was there is removed. @default the manager's */
  readonly ttlMs?: number;
  /** After it, how long `getOrLoad` may still return it while a new one is made, milliseconds. @default the manager's; 0 where `ttlMs` is given */
  readonly staleMs?: number;
  /** What the value depends on: `property:42`. @default none */
  readonly tags?: readonly string[];
}

export interface LoadOptions<T> extends StoreOptions {
  /** @default the manager's */
  readonly negativeTtlMs?: number;
  /** Whether a value from the cache is one. What is not is deleted, and loaded anew. @default everything is */
  readonly accepts?: (value: unknown) => value is T;
  /** Let one process at a time load this key, and the others wait for it so long, milliseconds. @default 0, not at all */
  readonly lockMs?: number;
  /** Longest time of the load, milliseconds, 1 to a day: then those who wait get a LoadTimeout. @default the manager's */
  readonly timeoutMs?: number;
}

export interface ReadOptions {
  /** Those that the value was stored with: then one round trip will do. @default none */
  readonly tags?: readonly string[];
  /** How long after its `ttlMs` a value may be, milliseconds. @default 0 */
  readonly staleMs?: number;
}

const DAY_MS = 86_400_000;

/** Of a load where nobody says how long a request may take, milliseconds. */
const LOAD_TIMEOUT_MS = 30_000;

/** Values stored at a time by `setMany`: their texts are in memory until Redis has them. */
const SET_BATCH = 500;

/**
 * A cache over Redis. A Redis that is away, slow, full or answers nonsense costs a miss, never an error: what is asked
 * for is loaded. Nothing older than `ttlMs` is returned, and by `getOrLoad` nothing older than `ttlMs + staleMs`.
 *
 * Options that are no number in their range are refused with a RangeError that names them.
 */
export class CacheManager extends CacheCore {
  readonly staleMs: number;
  private readonly negativeTtlMs: number;
  private readonly jitter: number;
  private readonly loadTimeoutMs: number;
  private readonly loads: Loads;

  constructor(options: CacheManagerOptions, defaults: CacheDefaults) {
    const { name: cache = defaults.name, jitter = 0.1, negativeTtlMs = defaults.negativeTtlMs } = options;
    const { staleMs = options.ttlMs === undefined ? defaults.staleMs : 0 } = options;
    const { loadTimeoutMs = options.settings.requestTimeoutMs ?? LOAD_TIMEOUT_MS } = options;
    refuse(cache, "staleMs", staleMs, 0, LONGEST_LIFETIME_MS);
    refuse(cache, "negativeTtlMs", negativeTtlMs, 0, LONGEST_LIFETIME_MS);
    refuse(cache, "jitter", jitter, 0, 0.5);
    refuse(cache, "loadTimeoutMs", loadTimeoutMs, 1, DAY_MS);
    super(options, defaults);
    this.staleMs = staleMs;
    this.negativeTtlMs = negativeTtlMs;
    this.jitter = jitter;
    this.loadTimeoutMs = loadTimeoutMs;
    const { name, store, metrics, link, keys } = this;
    const lock = (key: string, longestMs: number): ReturnType<typeof tryLock> =>
      tryLock(link, keys.lock(key), longestMs);
    this.loads = new Loads({ name, store, metrics, lock });
  }

  /** What the middleware works on. */
  get parts(): { readonly store: EntryStore; readonly metrics: CacheMetrics } {
    return { store: this.store, metrics: this.metrics };
  }

  /** The value under a key; undefined when there is none, or when it has ended. */
  async get<T>(key: string, { tags, staleMs = 0 }: ReadOptions = {}): Promise<T | undefined> {
    this.refuse("staleMs", staleMs, 0, LONGEST_LIFETIME_MS);
    const { found } = await this.lookUp(key, tags, staleMs);
    return found === undefined ? undefined : (this.loads.valueOf(key, found)?.value as T | undefined);
  }

  /** Whether `get` would find something. "There is no such thing" is nothing. */
  async has(key: string, options: ReadOptions = {}): Promise<boolean> {
    return (await this.get(key, options)) !== undefined;
  }

  /** The values under several keys, in one round trip for 500 of them. */
  async getMany<T>(
    keys: readonly string[],
    { tags, staleMs = 0 }: ReadOptions = {},
  ): Promise<Map<string, T>> {
    this.refuse("staleMs", staleMs, 0, LONGEST_LIFETIME_MS);
    const values = new Map<string, T>();
    if (keys.length === 0) return values;
    const found = await orUndefined(this.store.readMany(keys, tags));
    for (const key of keys) {
      const one = notAfter(found?.get(key), staleMs);
      this.count(one);
      if (one === undefined) continue;
      const value = this.loads.valueOf(key, one)?.value;
      if (value !== undefined) values.set(key, value as T);
    }
    return values;
  }

  /**
   * Stores a value, as it is now: anything that JSON can say, or bytes.
   *
   * @returns whether it is stored; false when Redis is away, when JSON cannot say it, when it or its tags are over the
   * limit, and when it is not to be kept. What was there before is gone then.
   */
  async set(key: string, value: unknown, options: StoreOptions = {}): Promise<boolean> {
    const lifetime = this.lifetimeOf(value, this.checked(options));
    const encoded = encodedOrNot(value);
    const { tags = [] } = options;
    this.loads.supersede({ keys: [key] });
    if (lifetime === undefined) {
      await this.store.drop(key);
      return false;
    }
    const stored = await orUndefined(
      (async () => {
        const before = tags.length === 0 ? NOTHING : await this.store.read(key, tags);
        const versions = await this.store.prepare(tags, before.versions, lifetime);
        return await this.store.write(key, encoded, lifetime, versions);
      })(),
    );
    return stored ?? false;
  }

  /** Stores several values, some hundred at a time. @returns for each in its order what `set` would */
  async setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options: StoreOptions = {},
  ): Promise<boolean[]> {
    const all = [...entries];
    const stored: boolean[] = [];
    for (let at = 0; at < all.length; at += SET_BATCH) {
      const some = all.slice(at, at + SET_BATCH);
      stored.push(...(await Promise.all(some.map(([key, value]) => this.set(key, value, options)))));
    }
    return stored;
  }

  /**
   * Gives a value that has not ended a new end, from now on, as if it had been stored with these times.
   *
   * @returns whether there is one; false as well when it was replaced meanwhile
   */
  async touch(key: string, options: StoreOptions = {}): Promise<boolean> {
    const times = this.checked(options);
    const found = (await orUndefined(this.store.read(key, options.tags)))?.found;
    if (found?.state !== "fresh") return false;
    const lifetime = this.lifetimeOf(found.encoding === "absent" ? undefined : 0, times);
    if (lifetime !== undefined) return (await orUndefined(this.store.prolong(key, found, lifetime))) ?? false;
    await this.delete(key);
    return false;
  }

  /**
   * The value under a key, and where there is none, what `load` makes. Of all who ask at the same time, one loads. A
   * value within its `staleMs` is returned at once while a new one is made; when that fails, it stays until its bound.
   *
   * What `load` makes is not stored over what somebody has stored meanwhile.
   *
   * @param load undefined says that there is no such thing, which is remembered as well
   * @throws what `load` throws, or LoadTimeout, when there is nothing else to return
   */
  async getOrLoad<T>(
    key: string,
    load: () => Promise<T | undefined>,
    options: LoadOptions<T> = {},
  ): Promise<T | undefined> {
    const times = this.checked(options);
    const loading = this.loads.running(key);
    if (loading !== undefined && !loading.refresh) {
      this.metrics.miss();
      this.metrics.joined();
      return (await loading.result) as T | undefined;
    }
    const { tags = [], accepts, lockMs = 0, timeoutMs = this.loadTimeoutMs } = options;
    const looked = await this.lookUp(key, tags, times.staleMs);
    const value = looked.found && this.loads.valueOf(key, looked.found, accepts);
    if (value !== undefined && looked.found?.state === "fresh") return value.value as T | undefined;
    const lifetimeOf = (loaded: unknown): Lifetime | undefined => this.lifetimeOf(loaded, times);
    const wanted: Wanted = { key, load, tags, accepts, lockMs, timeoutMs, lifetimeOf };
    if (value === undefined) return (await this.loads.begin(wanted, looked)) as T | undefined;
    if (this.loads.running(key) === undefined) {
      this.loads.begin(wanted, looked, true).catch((error: unknown) => {
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
    this.loads.supersede({ keys });
    return keys.length === 0 || this.store.invalidate({ keys });
  }

  /**
   * Invalidates everything with one of these tags, in one command however many that is.
   *
   * @returns whether Redis has confirmed. What it has not is repeated until it has, and until then this process takes
   * it for invalid; other processes may serve it within its bound.
   */
  async invalidateTags(...tags: readonly string[]): Promise<boolean> {
    this.loads.supersede({ tags });
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
  async invalidatePattern(pattern: string, bounds: ScanBounds = {}): Promise<number> {
    const { batch = 500, most = Infinity } = bounds;
    this.refuse("batch", batch, 1, 10_000);
    this.refuse("most", most, 1, Infinity);
    this.loads.supersedeAll();
    return this.store.deleteMatching(pattern, bounds);
  }

  /** Removes everything of this cache, with SCAN: for operators and tests. @returns how many values @throws CacheUnavailable */
  clear(): Promise<number> {
    return this.invalidatePattern("*", { most: Infinity });
  }

  /**
   * Loads what is not there yet.
   *
   * @param concurrency loads at the same time, 1..1000. @default 4
   * @returns how many were loaded and how many failed
   */
  async warm<T>(
    keys: readonly string[],
    load: (key: string) => Promise<T | undefined>,
    { concurrency = 4, ...options }: LoadOptions<T> & { readonly concurrency?: number } = {},
  ): Promise<{ readonly loaded: number; readonly failed: number }> {
    this.refuse("concurrency", concurrency, 1, 1000);
    this.checked(options);
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

  /**
   * What is stored, with its age: for what builds on this cache, as the middleware. Counts. A Redis that gives no answer
   * is a miss.
   *
   * @param staleMs what is older than its freshness by more is none. @default whatever is within its bound is
   */
  async lookUp(key: string, tags?: readonly string[], staleMs = Infinity): Promise<LookedUp> {
    let looked = NOTHING;
    try {
      looked = await this.store.read(key, tags);
    } catch (error) {
      if (!(error instanceof CacheUnavailable)) throw error;
    }
    const found = notAfter(looked.found, staleMs);
    this.count(found);
    return found === looked.found ? looked : { ...looked, found };
  }

  /** How long a value is good from now on, jitter included. Times over the longest become it. */
  lifetime(value: unknown, options: LoadOptions<unknown>): Lifetime {
    const { ttlMs, staleMs, negativeTtlMs } = this.timesOf(options);
    const absent = value === undefined;
    // Only ever shorter, so that the bound holds.
    const shorter = (absent ? negativeTtlMs : ttlMs) * (1 - this.jitter * Math.random());
    const freshMs = Math.min(LONGEST_LIFETIME_MS, Math.max(1, Math.round(shorter)));
    return { freshMs, staleMs: absent ? 0 : Math.min(Math.round(staleMs), LONGEST_LIFETIME_MS - freshMs) };
  }

  /** Undefined for what is not to be kept. */
  private lifetimeOf(value: unknown, times: Times): Lifetime | undefined {
    return (value === undefined ? times.negativeTtlMs : times.ttlMs) > 0
      ? this.lifetime(value, times)
      : undefined;
  }

  /** A `ttlMs` of one's own is when the value ends, unless a `staleMs` is given as well. */
  private timesOf({ ttlMs, staleMs, negativeTtlMs }: Partial<Times>): Times {
    return {
      ttlMs: ttlMs ?? this.ttlMs,
      staleMs: staleMs ?? (ttlMs === undefined ? this.staleMs : 0),
      negativeTtlMs: negativeTtlMs ?? this.negativeTtlMs,
    };
  }

  /** @throws RangeError */
  private checked({ ttlMs, staleMs, negativeTtlMs, lockMs, timeoutMs }: CallTimes): Times {
    if (ttlMs !== undefined) this.refuse("ttlMs", ttlMs, 0, LONGEST_LIFETIME_MS);
    if (staleMs !== undefined) this.refuse("staleMs", staleMs, 0, LONGEST_LIFETIME_MS);
    if (negativeTtlMs !== undefined) this.refuse("negativeTtlMs", negativeTtlMs, 0, LONGEST_LIFETIME_MS);
    if (lockMs !== undefined) this.refuse("lockMs", lockMs, 0, DAY_MS);
    if (timeoutMs !== undefined) this.refuse("timeoutMs", timeoutMs, 1, DAY_MS);
    return this.timesOf({ ttlMs, staleMs, negativeTtlMs });
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
}

interface Times {
  readonly ttlMs: number;
  readonly staleMs: number;
  readonly negativeTtlMs: number;
}

/** Those of a call. */
type CallTimes = Pick<LoadOptions<unknown>, "ttlMs" | "staleMs" | "negativeTtlMs" | "lockMs" | "timeoutMs">;

/** What is not stale by more than this. */
function notAfter(found: Found | undefined, staleMs: number): Found | undefined {
  return found === undefined || found.freshForMs > 0 || -found.freshForMs < staleMs ? found : undefined;
}
