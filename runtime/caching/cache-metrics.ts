import type { Registry } from "prom-client";
import { counter, gauge, histogram, tally } from "../metrics/metric";

/** Bounds of the time of a command, seconds. Redis in the same zone answers in a quarter of a millisecond. */
export const COMMAND_BUCKETS_SECONDS: readonly number[] = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];

/** What happened to a look-up. */
export type LookUp = "hit" | "stale" | "miss";

/** The numbers of one cache, under the label `cache`. Several processes' are added up by Prometheus. */
export class CacheMetrics {
  readonly hit: () => void;
  readonly stale: () => void;
  readonly miss: () => void;
  readonly absent: () => void;
  readonly joined: () => void;
  readonly poisoned: () => void;
  readonly tooLarge: () => void;
  readonly unstorable: (why: "value" | "tags") => void;
  readonly read: (bytes: number) => void;
  readonly written: (bytes: number) => void;
  readonly error: (reason: string) => void;
  readonly loaded: (result: "found" | "absent" | "failed" | "late", seconds: number) => void;
  readonly invalidated: (kind: "key" | "tag" | "pattern", count: number) => void;
  readonly took: (operation: "read" | "write", seconds: number) => void;
  readonly available: (open: boolean) => void;
  readonly pending: (count: number) => void;

  constructor(registry: Registry, cache: string) {
    const label = { cache };
    const of = (name: string, help: string): (() => void) =>
      tally(registry, { name, help, labelNames: ["cache"] }, label);
    this.hit = of("redis_cache_hits_total", "Look-ups that found a value, stale and absent ones included");
    this.miss = of("redis_cache_misses_total", "Look-ups that found none, whatever the reason");
    this.stale = of("redis_cache_stale_hits_total", "Hits past their freshness, within their bound");
    this.absent = of("redis_cache_negative_hits_total", "Hits that say that there is no such thing");
    this.joined = of("redis_cache_coalesced_total", "Misses that waited for the load of another");
    this.poisoned = of("redis_cache_poisoned_total", "Entries that could not be read and were deleted");
    this.tooLarge = of("redis_cache_too_large_total", "Values over the limit, which were not stored");

    const bytes = (direction: "read" | "written"): ((count: number) => void) =>
      tally(
        registry,
        {
          name: "redis_cache_bytes_total",
          help: "Bytes of entries, as they are in Redis",
          labelNames: ["cache", "direction"],
        },
        { cache, direction },
      );
    this.read = bytes("read");
    this.written = bytes("written");

    const errors = counter(registry, {
      name: "redis_cache_errors_total",
      help: "Commands without a usable answer, by reason",
      labelNames: ["cache", "reason"],
    });
    this.error = (reason) => errors.inc({ cache, reason });

    const unstorable = counter(registry, {
      name: "redis_cache_unstorable_total",
      help: "Values that JSON cannot say, and more or longer tags than an entry can carry, which were not stored",
      labelNames: ["cache", "reason"],
    });
    this.unstorable = (reason) => unstorable.inc({ cache, reason });

    const loads = histogram(registry, {
      name: "redis_cache_load_duration_seconds",
      help: "Time to make a value that was not in the cache, by what became of it",
      labelNames: ["cache", "result"],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    });
    this.loaded = (result, seconds) => loads.observe({ cache, result }, seconds);

    const invalidations = counter(registry, {
      name: "redis_cache_invalidations_total",
      help: "Keys, tags and entries matched by a pattern that were invalidated",
      labelNames: ["cache", "kind"],
    });
    this.invalidated = (kind, count) => invalidations.inc({ cache, kind }, count);

    const durations = histogram(registry, {
      name: "redis_cache_command_duration_seconds",
      help: "Time until Redis had answered, queue included",
      labelNames: ["cache", "operation"],
      buckets: [...COMMAND_BUCKETS_SECONDS],
    });
    const operations = { read: { cache, operation: "read" }, write: { cache, operation: "write" } };
    this.took = (operation, seconds) => durations.observe(operations[operation], seconds);

    const open = gauge(registry, {
      name: "redis_cache_circuit_open",
      help: "1 while the cache is left alone because it failed",
      labelNames: ["cache"],
    });
    open.set(label, 0);
    this.available = (available) => open.set(label, available ? 0 : 1);

    const waiting = gauge(registry, {
      name: "redis_cache_pending_invalidations",
      help: "Invalidations that Redis has not confirmed yet",
      labelNames: ["cache"],
    });
    waiting.set(label, 0);
    this.pending = (count) => waiting.set(label, count);
  }
}
