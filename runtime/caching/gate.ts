/**
 * Lets so much in at a time, and the rest in the order in which it came; as much in one turn of the event loop, so that
 * everything which fails at once is no long turn either. What waits here has no deadline that runs: it waits for its own
 * process, and Redis has not been asked.
 */
export class Gate {
  private inside = 0;
  private queue: { readonly weight: number; readonly open: () => void }[] = [];
  private head = 0;
  /** Weight that came in from the queue in this turn. */
  private opened = 0;

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
    if (this.queue.length > 0) this.admit();
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

  private admit(): void {
    for (let next = this.queue[this.head]; next !== undefined; next = this.queue[this.head]) {
      if (!this.fits(next.weight) || this.opened >= this.most) return;
      if (this.opened === 0) setImmediate(this.nextTurn);
      this.head++;
      this.opened += next.weight;
      this.inside += next.weight;
      next.open();
    }
    this.queue = [];
    this.head = 0;
  }

  private readonly nextTurn = (): void => {
    this.opened = 0;
    if (this.queue.length > 0) this.admit();
  };

  private fits(weight: number): boolean {
    return this.inside === 0 || this.inside + weight <= this.most;
  }
}
