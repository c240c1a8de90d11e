/** Lets a bounded number of tasks run at once and a bounded number wait. */
export class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param atOnce tasks that run at the same time, >= 1
   * @param inQueue tasks that may wait for their turn, >= 0
   */
  constructor(
    private readonly atOnce: number,
    private readonly inQueue: number,
  ) {}

  /** Runs the task when it is its turn. @throws GateFull at once when too many wait already */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.atOnce) {
      if (this.waiting.length >= this.inQueue) throw new GateFull();
      // The one that leaves hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}

/** There are too many tasks already. */
export class GateFull extends Error {
  constructor() {
    super("too many tasks");
    this.name = "GateFull";
  }
}
