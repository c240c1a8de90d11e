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
  /** The tick at which its time is up. */
  readonly due: number;
  /** Both undefined once it has ended: what holds `reject` holds the answer as well. */
  told: Told | undefined;
  reject: ((error: Error) => void) | undefined;
}

/** Entries at the front that are done with are dropped together. */
const COMPACT_AT = 1024;

/** Longest time between two ticks, milliseconds: so much later than its time at most is something late. */
const LONGEST_TICK_MS = 10;

/** Ticks in a deadline that is shorter than a few of the longest. */
const LEAST_TICKS = 4;

/**
 * Gives every piece of work the same longest time, with one timer for all of them: those that began first are due first.
 * Time is counted in ticks of the event loop, so that what counts is time in which an answer would have been heard: a
 * process that was busy with something else for a second has not waited for Redis for a second. The driver's own `timeout`
 * ends once a command is written, and is an AbortSignal with a timer of its own for each.
 */
export class DeadlineQueue {
  private waiting: Waiting[] = [];
  private head = 0;
  private timer: NodeJS.Timeout | undefined;
  private now = 0;
  private readonly tickMs: number;
  private readonly ticks: number;

  constructor(timeoutMs: number) {
    this.tickMs = Math.max(1, Math.min(LONGEST_TICK_MS, timeoutMs / LEAST_TICKS));
    // One more, for the tick that has begun already.
    this.ticks = Math.ceil(timeoutMs / this.tickMs) + 1;
  }

  /** Ends as the work does, or when its time is up. */
  run<T>(work: Promise<T>, told: Told): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const entry: Waiting = { due: this.now + this.ticks, told, reject };
      this.waiting.push(entry);
      this.timer ??= setTimeout(this.tick, this.tickMs);
      work.then(
        (value) => {
          told.answered(performance.now(), this.end(entry));
          resolve(value);
        },
        (error: unknown) => reject(told.refused(error, this.end(entry))),
      );
    });
  }

  /** @returns whether it had not ended before */
  private end(entry: Waiting): boolean {
    const inTime = entry.told !== undefined;
    entry.told = entry.reject = undefined;
    this.dropEnded();
    return inTime;
  }

  /** Answers come in the order of their commands, so what has ended is nearly always at the front. */
  private dropEnded(): void {
    const { waiting } = this;
    while (this.head < waiting.length && waiting[this.head]?.told === undefined) this.head++;
    if (this.head === waiting.length) {
      waiting.length = this.head = 0;
    } else if (this.head >= COMPACT_AT) {
      this.waiting = waiting.slice(this.head);
      this.head = 0;
    }
  }

  // An event loop that was held up finds the timer due and the answer in the socket at once: answers are read first.
  private readonly tick = (): void => void setImmediate(this.expire);

  private readonly expire = (): void => {
    this.now++;
    for (let at = this.head; at < this.waiting.length; at++) {
      const entry = this.waiting[at];
      if (entry?.told === undefined) continue;
      if (entry.due > this.now) break;
      const { told, reject } = entry;
      entry.told = entry.reject = undefined;
      reject?.(told.late());
    }
    this.dropEnded();
    this.timer = this.waiting.length === 0 ? undefined : setTimeout(this.tick, this.tickMs);
  };
}
