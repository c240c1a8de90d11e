import { setTimeout as sleep } from "node:timers/promises";
import type { CacheMetrics } from "./cache-metrics";
import type { EntryStore, Found, Lifetime, LookedUp } from "./entry-store";
import { CacheUnavailable } from "./errors";
import { LoadTimeout } from "./load-timeout";
import { type Flight, SingleFlight } from "./single-flight";
import { decodeValue, encodedOrNot } from "./values";

/** What is to be loaded, with everything that was decided about it. Times are milliseconds. */
export interface Wanted {
  readonly key: string;
  readonly load: () => Promise<unknown>;
  readonly tags: readonly string[];
  /** Longest time of the load. */
  readonly timeoutMs: number;
  /** 0 for no lock. */
  readonly lockMs: number;
  readonly accepts: ((value: unknown) => boolean) | undefined;
  /** How long a value is good; undefined for one that is not kept. */
  readonly lifetimeOf: (value: unknown) => Lifetime | undefined;
}

export interface LoadsOptions {
  /** Of the cache. */
  readonly name: string;
  readonly store: EntryStore;
  readonly metrics: CacheMetrics;
  /** @returns what gives the lock back; undefined when another process has it. Rejects with CacheUnavailable. */
  readonly lock: (key: string, longestMs: number) => Promise<(() => Promise<void>) | undefined>;
}

/** Longest pause between two looks for what another process is loading, milliseconds. */
const LONGEST_PAUSE_MS = 100;

const NO_VERSIONS: LookedUp["versions"] = new Map();

/** A look-up that came to nothing. */
export const NOTHING: LookedUp = { found: undefined, versions: NO_VERSIONS, bytes: undefined };

/** Makes what is not in the cache: once for all who ask meanwhile, in bounded time, and keeps it. */
export class Loads {
  private readonly flights = new SingleFlight<unknown>();

  constructor(private readonly options: LoadsOptions) {}

  running(key: string): Flight<unknown> | undefined {
    return this.flights.running(key);
  }

  /** What is being loaded is out of date. */
  supersede({
    keys = [],
    tags = [],
  }: {
    readonly keys?: readonly string[];
    readonly tags?: readonly string[];
  }): void {
    for (const key of keys) this.flights.supersedeKey(key);
    if (tags.length > 0) this.flights.supersede((_key, of) => of.some((tag) => tags.includes(tag)));
  }

  supersedeAll(): void {
    this.flights.supersede(() => true);
  }

  /**
   * Joins who loads this already, or loads.
   *
   * @param refresh whether there is a stale value meanwhile
   * @throws what the load throws, LoadTimeout
   */
  begin(wanted: Wanted, looked: LookedUp, refresh = false): Promise<unknown> {
    const { key, tags, lockMs } = wanted;
    const running = this.flights.running(key);
    if (running !== undefined) {
      this.options.metrics.joined();
      return running.result;
    }
    const work = (flight: Flight<unknown>): Promise<unknown> =>
      lockMs > 0 ? this.lockedLoad(wanted, flight) : this.loadAndKeep(wanted, looked, flight);
    return this.flights.begin(key, { tags, refresh }, work).result;
  }

  /** What was found, where it can be used. What cannot is removed. */
  valueOf(
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
    this.options.store.discard(key);
    return undefined;
  }

  private async loadAndKeep(wanted: Wanted, looked: LookedUp, flight: Flight<unknown>): Promise<unknown> {
    const { tags, lifetimeOf } = wanted;
    const lifetime = lifetimeOf(0) ?? lifetimeOf(undefined);
    const versions =
      lifetime === undefined || tags.length === 0
        ? NO_VERSIONS
        : await orUndefined(this.options.store.prepare(tags, looked.versions, lifetime));
    return this.inTime(wanted, flight, (value) => this.keep(wanted, value, looked, versions, flight));
  }

  /** Ends with the load and what is done with its value, or when its time is up; the load goes on even then. */
  private inTime(
    { key, load, timeoutMs }: Wanted,
    flight: Flight<unknown>,
    keep: (value: unknown) => Promise<void>,
  ): Promise<unknown> {
    const { name, metrics } = this.options;
    const started = performance.now();
    return new Promise((resolve, reject) => {
      let [loading, late] = [true, false];
      const expire = (): void => {
        if (!loading) return;
        late = true;
        this.flights.putAside(key, flight);
        metrics.loaded("late", timeoutMs / 1000);
        reject(new LoadTimeout(name, timeoutMs));
      };
      // A process that was busy meanwhile looks first whether there is an answer.
      const timer = setTimeout(() => setImmediate(expire), timeoutMs);
      timer.unref();
      const loaded = (result: "found" | "absent" | "failed"): void => {
        loading = false;
        clearTimeout(timer);
        if (!late) metrics.loaded(result, (performance.now() - started) / 1000);
      };
      const work = async (): Promise<unknown> => {
        let value: unknown;
        try {
          value = await load();
        } catch (error) {
          loaded("failed");
          throw error;
        }
        loaded(value === undefined ? "absent" : "found");
        await keep(value);
        return value;
      };
      work()
        .finally(() => this.flights.forget(flight))
        .then(resolve, reject);
    });
  }

  private async keep(
    { key, lifetimeOf }: Wanted,
    value: unknown,
    { bytes }: LookedUp,
    versions: LookedUp["versions"] | undefined,
    flight: Flight<unknown>,
  ): Promise<void> {
    if (versions === undefined || flight.superseded) return;
    const { store } = this.options;
    const lifetime = lifetimeOf(value);
    if (lifetime === undefined) {
      // What was there is older than what is not to be kept.
      if (bytes !== undefined) await store.drop(key);
      return;
    }
    const encoded = (): ReturnType<typeof encodedOrNot> => encodedOrNot(value);
    await orUndefined(store.write(key, encoded, lifetime, versions, { over: bytes }));
  }

  private async lockedLoad(wanted: Wanted, flight: Flight<unknown>): Promise<unknown> {
    const { key, tags, lockMs, accepts } = wanted;
    const { store, lock } = this.options;
    const until = performance.now() + lockMs;
    for (let pause = 10; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const release = await orUndefined(lock(key, lockMs).then((held) => ({ held })));
      const away = release === undefined;
      if (release?.held === undefined && !away) {
        // Whoever has it is making the new value; the stale one has been returned.
        if (flight.refresh) return undefined;
        if (performance.now() < until) {
          await sleep(pause);
          const { found } = (await orUndefined(store.read(key, tags))) ?? NOTHING;
          const value = found?.state === "fresh" ? this.valueOf(key, found, accepts) : undefined;
          if (value !== undefined) return value.value;
          continue;
        }
      }
      try {
        const looked = (await orUndefined(store.read(key, tags))) ?? NOTHING;
        return await this.loadAndKeep(wanted, looked, flight);
      } finally {
        await release?.held?.();
      }
    }
  }
}

/** A cache that is away is done without: it was counted and logged where it happened. */
export async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CacheUnavailable) return undefined;
    throw error;
  }
}
