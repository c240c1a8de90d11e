import type { Gate } from "./gate";
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
  values(): Promise<readonly Value[]>;
}

class Batch implements ReadBatch {
  readonly keys: string[] = [];
  private readonly places = new Map<string, number>();
  private sent: Promise<readonly Value[]> | undefined;

  /** @param due when to send it */
  constructor(
    private readonly link: RedisLink,
    private readonly gate: Gate,
    private readonly due: Promise<void> | undefined,
  ) {}

  place(key: string): number {
    const known = this.places.get(key);
    if (known !== undefined) return known;
    this.places.set(key, this.keys.length);
    return this.keys.push(key) - 1;
  }

  values(): Promise<readonly Value[]> {
    this.sent ??= this.due === undefined ? this.send() : this.due.then(() => this.send());
    return this.sent;
  }

  private send(): Promise<readonly Value[]> {
    const { link, gate, keys } = this;
    return gate.through(keys.length, () => link.read(["MGET", ...keys]) as Promise<Value[]>);
  }
}

/**
 * Reads of one turn of the event loop as two commands: the first read goes out by itself, so that one alone waits for
 * nothing, and those that join it as one, along with it. Requests that arrived together cost the driver two commands and
 * not one each, and the tag that all of them carry is read twice.
 */
export class ReadBatches {
  private turn: Promise<void> | undefined;
  private open: Batch | undefined;

  constructor(
    private readonly link: RedisLink,
    private readonly gate: Gate,
  ) {}

  /** The batch to join now. Ask for every key before anything is awaited. */
  current(): ReadBatch {
    if (this.turn === undefined) {
      this.turn = this.link.endOfTurn().then(() => {
        this.turn = this.open = undefined;
      });
      return new Batch(this.link, this.gate, undefined);
    }
    if (this.open === undefined || this.open.keys.length >= MOST_KEYS) {
      this.open = new Batch(this.link, this.gate, this.turn);
    }
    return this.open;
  }
}
