/** One piece of work that several wait for. */
export interface Flight<T> {
  readonly result: Promise<T>;
  readonly tags: readonly string[];
  /** Whether there is a stale value that can be had meanwhile. */
  readonly refresh: boolean;
  /** Whether what it makes was invalidated while it was made: those who wait may have it, nobody else. */
  superseded: boolean;
}

/** Work by key: whoever asks while it runs gets the same result. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  get size(): number {
    return this.flights.size;
  }

  running(key: string): Flight<T> | undefined {
    return this.flights.get(key);
  }

  /** Begins the work. It is told of its own flight, and begins in this turn of the event loop. */
  begin(
    key: string,
    about: Pick<Flight<T>, "tags" | "refresh">,
    work: (flight: Flight<T>) => Promise<T>,
  ): Flight<T> {
    const end = (): void => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    // The work needs its flight, and begins when there is one.
    const result = Promise.resolve().then(() => work(flight));
    const flight: Flight<T> = { ...about, result: result.finally(end), superseded: false };
    this.flights.set(key, flight);
    return flight;
  }

  /** What is under way is out of date: the next who asks begins anew. */
  supersede(concerns: (key: string, tags: readonly string[]) => boolean): void {
    for (const [key, flight] of this.flights) {
      if (!concerns(key, flight.tags)) continue;
      flight.superseded = true;
      this.flights.delete(key);
    }
  }
}
