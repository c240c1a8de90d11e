/** One piece of work that several wait for. */
export interface Flight<T> {
  readonly result: Promise<T>;
  readonly tags: readonly string[];
  /** Whether there is a stale value that can be had meanwhile. */
  readonly refresh: boolean;
  /** Whether what it makes was invalidated while it was made: those who wait may have it, nobody else. */
  superseded: boolean;
}

/** Flights that are remembered though nobody waits for them any more. */
const MOST_ASIDE = 1000;

/** Work by key: whoever asks while it runs gets the same result. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();
  /** Late ones, with their key: what they make may still be kept, unless it is invalidated. */
  private readonly aside = new Map<Flight<T>, string>();

  running(key: string): Flight<T> | undefined {
    return this.flights.get(key);
  }

  /** Begins the work. It is told of its own flight, and begins in this turn of the event loop. */
  begin(
    key: string,
    about: Pick<Flight<T>, "tags" | "refresh">,
    work: (flight: Flight<T>) => Promise<T>,
  ): Flight<T> {
    // The work needs its flight, and begins when there is one.
    const result = Promise.resolve().then(() => work(flight));
    const flight: Flight<T> = {
      ...about,
      result: result.finally(() => this.end(key, flight)),
      superseded: false,
    };
    this.flights.set(key, flight);
    return flight;
  }

  /** Nobody is to wait for this one any more; its key is free. Tell when its work has ended: `forget`. */
  putAside(key: string, flight: Flight<T>): void {
    this.end(key, flight);
    const [oldest] = this.aside.keys();
    if (this.aside.size >= MOST_ASIDE && oldest !== undefined) {
      oldest.superseded = true;
      this.aside.delete(oldest);
    }
    if (!flight.superseded) this.aside.set(flight, key);
  }

  forget(flight: Flight<T>): void {
    this.aside.delete(flight);
  }

  /** What is under way is out of date: the next who asks begins anew. */
  supersede(concerns: (key: string, tags: readonly string[]) => boolean): void {
    for (const [key, flight] of this.flights) {
      if (!concerns(key, flight.tags)) continue;
      flight.superseded = true;
      this.flights.delete(key);
    }
    for (const [flight, key] of this.aside) {
      if (!concerns(key, flight.tags)) continue;
      flight.superseded = true;
      this.aside.delete(flight);
    }
  }

  /** As {@link SingleFlight.supersede}, without a look at all the others. */
  supersedeKey(key: string): void {
    const flight = this.flights.get(key);
    if (flight !== undefined) {
      flight.superseded = true;
      this.flights.delete(key);
    }
    for (const [late, of] of this.aside) {
      if (of !== key) continue;
      late.superseded = true;
      this.aside.delete(late);
    }
  }

  private end(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}
