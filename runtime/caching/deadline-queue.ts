/** What is told of a piece of work, before whoever waits for it. */
export interface Told {
  /** @param now by `performance.now` @param inTime false when its time was up before */
  answered(now: number, inTime: boolean): void;
  /** @returns the error for whoever waits */
  refused(error: unknown, inTime: boolean): Error;
  /** Its time is up. @returns the error for whoever waits */
  late(): Error;
}

interface Waiting {
  readonly due: number;
  readonly told: Told;
  readonly reject: (error: Error) => void;
  settled: boolean;
}

/** Entries at the front that are done with are dropped together. */
const COMPACT_AT = 1024;

/**
 * Gives every piece of work the same longest time, with one timer for all of them: those that began first are due first.
 * The driver's own `timeout` ends once a command is written, and is an AbortSignal with a timer of its own for each.
 */
export class DeadlineQueue {
  private waiting: Waiting[] = [];
  private head = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly timeoutMs: number) {}

  /** Ends as the work does, or when its time is up. */
  run<T>(work: Promise<T>, told: Told): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const entry: Waiting = { due: performance.now() + this.timeoutMs, told, reject, settled: false };
      this.waiting.push(entry);
      this.timer ??= setTimeout(this.check, this.timeoutMs);
      work.then(
        (value) => {
          told.answered(performance.now(), !entry.settled);
          entry.settled = true;
          resolve(value);
        },
        (error: unknown) => {
          const inTime = !entry.settled;
          entry.settled = true;
          reject(told.refused(error, inTime));
        },
      );
    });
  }

  // An event loop that was held up finds the timer due and the answer in the socket at once: answers are read first.
  private readonly check = (): void => void setImmediate(this.expire);

  private readonly expire = (): void => {
    const now = performance.now();
    for (; this.head < this.waiting.length; this.head++) {
      const entry = this.waiting[this.head];
      if (entry === undefined || entry.settled) continue;
      if (entry.due > now) break;
      entry.settled = true;
      entry.reject(entry.told.late());
    }
    if (this.head >= COMPACT_AT || this.head === this.waiting.length) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    const next = this.waiting[this.head];
    this.timer = next === undefined ? undefined : setTimeout(this.check, Math.max(1, next.due - now));
  };
}
