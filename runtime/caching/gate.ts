/**
 * Lets so much in at a time, and the rest in the order in which it came. What waits here has no deadline that runs: it
 * waits for its own process, and Redis has not been asked.
 */
export class Gate {
  private inside = 0;
  private queue: { readonly weight: number; readonly open: () => void }[] = [];
  private head = 0;

  /** @param most weight inside at a time; something heavier goes in alone */
  constructor(private readonly most: number) {}

  /** @returns undefined when it is in already, else a promise of that. Every `enter` needs its `leave`. */
  enter(weight: number): Promise<void> | undefined {
    if (this.head === this.queue.length && this.fits(weight)) {
      this.inside += weight;
      return undefined;
    }
    return new Promise((open) => this.queue.push({ weight, open }));
  }

  leave(weight: number): void {
    this.inside -= weight;
    if (this.queue.length === 0) return;
    for (let next = this.queue[this.head]; next !== undefined; next = this.queue[this.head]) {
      if (!this.fits(next.weight)) return;
      this.head++;
      this.inside += next.weight;
      next.open();
    }
    this.queue = [];
    this.head = 0;
  }

  /** Work behind the gate, which begins in this turn of the event loop where there is room. */
  async through<T>(weight: number, work: () => T | Promise<T>): Promise<T> {
    const waiting = this.enter(weight);
    if (waiting !== undefined) await waiting;
    try {
      return await work();
    } finally {
      this.leave(weight);
    }
  }

  private fits(weight: number): boolean {
    return this.inside === 0 || this.inside + weight <= this.most;
  }
}
