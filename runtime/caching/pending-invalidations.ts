import type { CacheMetrics } from "./cache-metrics";

/** Keys that are remembered one by one; beyond it everything counts as invalidated. */
export const MOST_PENDING = 10_000;

/** Between two tries, milliseconds. */
const RETRY_MS = 250;

export interface PendingOptions {
  readonly metrics: CacheMetrics;
  /** Removes these keys; rejects when Redis did not confirm. */
  readonly remove: (keys: readonly string[]) => Promise<unknown>;
  /** Removes everything of the cache; rejects when Redis did not confirm. */
  readonly removeAll: () => Promise<unknown>;
}

/**
 * Invalidations that Redis has not confirmed. They are repeated until it has, and meanwhile this process takes what they
 * concern for invalid: a write that its own reader does not see would be worse than a miss.
 */
export class PendingInvalidations {
  private readonly keys = new Set<string>();
  private everything = false;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly options: PendingOptions) {}

  /** Whether there is none, which is nearly always. */
  get none(): boolean {
    return this.keys.size === 0 && !this.everything;
  }

  has(key: string): boolean {
    return this.everything || this.keys.has(key);
  }

  add(keys: readonly string[]): void {
    if (this.closed) return;
    for (const key of keys) this.keys.add(key);
    if (this.keys.size > MOST_PENDING) this.addAll();
    else this.changed();
  }

  addAll(): void {
    if (this.closed) return;
    this.keys.clear();
    this.everything = true;
    this.changed();
  }

  /** Tries again now. */
  flush(): Promise<void> {
    this.running ??= this.attempt().finally(() => (this.running = undefined));
    return this.running;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async attempt(): Promise<void> {
    if (this.none || this.closed) return;
    try {
      if (this.everything) {
        await this.options.removeAll();
        this.everything = false;
      }
      const keys = [...this.keys];
      if (keys.length > 0) await this.options.remove(keys);
      for (const key of keys) this.keys.delete(key);
    } catch {
      // Counted where it failed.
    }
    this.changed();
  }

  private changed(): void {
    this.options.metrics.pending(this.everything ? MOST_PENDING : this.keys.size);
    if (this.none || this.closed || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, RETRY_MS);
    this.timer.unref();
  }
}
