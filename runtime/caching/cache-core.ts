import { type Registry, register } from "prom-client";
import { type Logger, defaultLogger } from "../shared/logger";
import { CacheMetrics } from "./cache-metrics";
import type { CircuitBreakerOptions } from "./circuit-breaker";
import { EntryStore, LONGEST_LIFETIME_MS } from "./entry-store";
import { type KeySpace, Keys } from "./keys";
import { RedisLink } from "./redis-link";
import type { CacheSettings } from "./settings";

/** What every manager needs to know. */
export interface CacheCoreOptions extends KeySpace {
  /** Which Redis: from {@link cacheSettings}. */
  readonly settings: CacheSettings;
  /** Name of the cache in keys and metrics. @default that of the manager: `session`, `api`, `data` */
  readonly name?: string;
  /** How long a value is fresh, milliseconds, 1 to 30 days. @default that of the manager */
  readonly ttlMs?: number;
  /** Largest value, bytes. @default 1 MiB */
  readonly maxValueBytes?: number;
  /** Values of this size and more are compressed, bytes; Infinity for never. @default 4096, of ApiCacheManager 65,536 */
  readonly compressFromBytes?: number;
  readonly breaker?: CircuitBreakerOptions;
  /** @default the default logger */
  readonly logger?: Logger;
  /** @default prom-client's default registry */
  readonly registry?: Registry;
}

/** Below this size the network costs less than the processor, bytes. */
const COMPRESS_FROM_BYTES = 4096;

const ONE_MIB = 1024 * 1024;

/** What all managers have in common: a link to Redis, entries in it, numbers about it. */
export class CacheCore {
  readonly name: string;
  readonly ttlMs: number;
  protected readonly keys: Keys;
  protected readonly link: RedisLink;
  protected readonly store: EntryStore;
  protected readonly metrics: CacheMetrics;
  protected readonly logger: Logger;

  constructor(options: CacheCoreOptions, defaults: { readonly name: string; readonly ttlMs: number }) {
    const { settings, registry = register, logger = defaultLogger, breaker } = options;
    const { maxValueBytes = ONE_MIB, compressFromBytes = COMPRESS_FROM_BYTES } = options;
    this.name = options.name ?? defaults.name;
    this.ttlMs = options.ttlMs ?? defaults.ttlMs;
    this.refuse("ttlMs", this.ttlMs, 1, LONGEST_LIFETIME_MS);
    this.logger = logger;
    this.keys = new Keys(this.name, options);
    this.metrics = new CacheMetrics(registry, this.name);
    this.link = new RedisLink({ settings, metrics: this.metrics, logger, breaker });
    const { link, keys, metrics } = this;
    this.store = new EntryStore({ link, keys, metrics, maxValueBytes, compressFromBytes });
  }

  /** Whether Redis is there and answering. For `/ready` to show, not to judge: a cache that is away makes no pod unready. */
  get available(): boolean {
    return this.link.available;
  }

  /** Waits for the first connection, at most so long: a service that starts with its cache starts with hits. */
  connected(timeoutMs = 1000): Promise<boolean> {
    return this.link.connectedWithin(timeoutMs);
  }

  /** @throws CacheUnavailable */
  async ping(): Promise<void> {
    await this.link.read(["PING"]);
  }

  /** Lets go of the connections. Safe to repeat. */
  async close(): Promise<void> {
    this.store.close();
    await this.link.close();
  }

  /** @throws RangeError */
  protected refuse(option: string, value: unknown, least: number, most: number): void {
    refuse(this.name, option, value, least, most);
  }
}

/**
 * Refuses what is no number in its range. Check before a manager opens its connections: nobody closes those of one that
 * could not be made.
 *
 * @throws RangeError
 */
export function refuse(cache: string, option: string, value: unknown, least: number, most: number): void {
  if (typeof value === "number" && value >= least && value <= most) return;
  const given = typeof value === "number" ? String(value) : `${JSON.stringify(value)}, no number`;
  throw new RangeError(`cache ${cache}: ${option} is ${given}; allowed is ${least} to ${most}`);
}
