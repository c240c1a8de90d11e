import type { RedisLink } from "./redis-link";

/** What is in Redis under a key, null for nothing. */
type Value = Buffer | null;

/** Keys in one command: behind so many a large value is felt. */
const MOST_KEYS = 64;

/** Keys that are read together. */
export interface ReadBatch {
  /** @returns where in the values the key's is */
  place(key: string): number;
  /** By the place of their key. Rejects with CacheUnavailable. */
  readonly values: Promise<readonly Value[]>;
}

class Batch implements ReadBatch {
  readonly keys: string[] = [];
  readonly values: Promise<readonly Value[]>;
  private readonly places = new Map<string, number>();

  constructor(send: (batch: Batch) => Promise<readonly Value[]>) {
    // The end of this turn of the event loop, when the driver writes as well.
    this.values = new Promise((resolve) => setImmediate(() => resolve(send(this))));
  }

  place(key: string): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.places.set(key, this.keys.length);
    return this.keys.push(key) - 1;
  }
}

/**
 * Reads of one turn of the event loop as one command: requests that arrived together cost the driver one command and not
 * one each, and the tag that all of them carry is read once.
 */
export class ReadBatches {
  private open: Batch | undefined;

  constructor(private readonly link: RedisLink) {}

  /** The batch to join now. Ask for every key before anything is awaited. */
  current(): ReadBatch {
    if (this.open === undefined || this.open.keys.length >= MOST_KEYS) this.open = new Batch(this.send);
    return this.open;
  }

  private readonly send = async (batch: Batch): Promise<readonly Value[]> => {
    if (this.open === batch) this.open = undefined;
    return (await this.link.read(["MGET", ...batch.keys])) as Value[];
  };
}
