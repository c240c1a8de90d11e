/** Times are milliseconds. */
export interface CircuitBreakerOptions {
  /** Failures in a row that open it, >= 1. @default 5 */
  readonly failures?: number;
  /** How long it stays open the first time. @default 500 */
  readonly openMs?: number;
  /** How long it stays open at most: the time doubles with every try that fails. @default 10,000 */
  readonly longestOpenMs?: number;
  /** @default performance.now */
  readonly now?: () => number;
}

export type CircuitState = "closed" | "open" | "half-open";

/**
 * Leaves a server alone that keeps failing: then a request pays nothing for it instead of a deadline. After a while one
 * command is let through, and what becomes of it decides.
 */
export class CircuitBreaker {
  private readonly limit: number;
  private readonly shortest: number;
  private readonly longest: number;
  private readonly now: () => number;
  private inARow = 0;
  private openUntil = 0;
  private openMs: number;
  private trying = false;

  constructor(
    options: CircuitBreakerOptions = {},
    private readonly changed: (state: CircuitState) => void = () => undefined,
  ) {
    this.limit = options.failures ?? 5;
    this.shortest = options.openMs ?? 500;
    this.longest = options.longestOpenMs ?? 10_000;
    this.now = options.now ?? (() => performance.now());
    this.openMs = this.shortest;
  }

  get state(): CircuitState {
    if (this.openUntil === 0) return "closed";
    return this.trying ? "half-open" : "open";
  }

  /** Whether a command may go out. After true, tell what became of it: `succeeded` or `failed`. */
  allows(): boolean {
    if (this.openUntil === 0) return true;
    if (this.trying || this.now() < this.openUntil) return false;
    this.trying = true;
    this.changed("half-open");
    return true;
  }

  succeeded(): void {
    this.inARow = 0;
    if (this.openUntil === 0) return;
    // An answer to a command from before it opened says nothing new.
    if (!this.trying) return;
    this.openUntil = 0;
    this.trying = false;
    this.openMs = this.shortest;
    this.changed("closed");
  }

  failed(): void {
    if (this.openUntil !== 0) {
      if (!this.trying) return;
      this.trying = false;
      this.openMs = Math.min(this.openMs * 2, this.longest);
      this.open();
      return;
    }
    if (++this.inARow >= this.limit) this.open();
  }

  /** Forgets everything: there is a new connection. */
  reset(): void {
    const wasClosed = this.openUntil === 0;
    this.inARow = 0;
    this.openUntil = 0;
    this.trying = false;
    this.openMs = this.shortest;
    if (!wasClosed) this.changed("closed");
  }

  private open(): void {
    this.inARow = 0;
    // The pods of a service do not come back all at the same time.
    this.openUntil = this.now() + this.openMs * (0.75 + Math.random() / 2);
    this.changed("open");
  }
}
