import { UnreachableRedis } from "./errors";
import { destroy, newClient } from "./redis-client";
import type { Address, CacheSettings } from "./settings";

/** Longest time for one Sentinel to answer, with the time to connect, milliseconds. */
const ASK_TIMEOUT_MS = 1000;

/** Between two looks at who is the primary, milliseconds: one that is cut off does not know that it is one no more. */
const LOOK_MS = 2000;

/** Who takes writes, as of which fail-over: each has a higher epoch than the one before. */
interface Primary extends Address {
  readonly epoch: number;
}

/**
 * Asks the Sentinels of a Redis who is the primary. Each question is a connection of its own to one Sentinel after the
 * other, until one answers that has not missed the latest fail-over; the next question begins with another one.
 */
export class Sentinels {
  private known: Primary | undefined;
  private asking: Promise<Primary> | undefined;
  // The pods of a service do not all ask the same one.
  private next = Math.floor(Math.random() * 1000);
  private readonly timer: NodeJS.Timeout;
  private readonly questions = new Set<AbortController>();
  private closed = false;

  /** @param moved is told when another server has become the primary */
  constructor(
    private readonly settings: CacheSettings,
    private readonly sentinels: NonNullable<CacheSettings["sentinels"]>,
    private readonly moved: (primary: Address) => void,
  ) {
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    this.timer.unref();
  }

  /** The primary, as the Sentinels have it now. Rejects when none of them answers. */
  primary(): Promise<Address> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** Ends what is being asked. Safe to repeat. */
  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    for (const question of this.questions) question.abort();
  }

  private async look(): Promise<void> {
    const before = this.known;
    // Who has no connection asks by itself.
    if (before === undefined) return;
    const now = await this.primary().catch(() => before);
    if (!sameAddress(now, before)) this.moved(now);
  }

  private async ask(): Promise<Primary> {
    const { addresses } = this.sentinels;
    let newest: Primary | undefined;
    let failure: Error = new UnreachableRedis("no Sentinel was asked");
    for (let tries = 0; tries < addresses.length && !this.closed; tries++) {
      const address = addresses[this.next++ % addresses.length] as Address;
      try {
        const told = await this.askOne(address);
        if (newest === undefined || told.epoch > newest.epoch) newest = told;
        if (newest.epoch >= (this.known?.epoch ?? 0)) break;
      } catch (error) {
        failure = error as Error;
      }
    }
    // When all of them say less than one said before, they have begun anew.
    if (newest === undefined) throw failure;
    this.known = newest;
    return newest;
  }

  private async askOne(address: Address): Promise<Primary> {
    const question = new AbortController();
    this.questions.add(question);
    const timer = setTimeout(() => question.abort(), ASK_TIMEOUT_MS);
    const client = newClient(this.settings, address, ASK_TIMEOUT_MS, question.signal);
    // What goes wrong rejects what is awaited.
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { master } = this.sentinels;
      // The one that began a fail-over names the former primary here, with the epoch of the new one, until all replicas have
      // followed. The address is asked after the epoch, or it could be older.
      const [state, address] = await Promise.all([
        client.sendCommand(["SENTINEL", "MASTER", master]),
        client.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master]),
      ]);
      return primaryOf(state, address);
    } finally {
      clearTimeout(timer);
      this.questions.delete(question);
      destroy(client);
      question.abort();
    }
  }
}

export function sameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}

/** @param state names and values: a map of RESP 3 @param address host and port, or null */
function primaryOf(state: unknown, address: unknown): Primary {
  const { "config-epoch": epoch } = state as Record<string, unknown>;
  const [host, port] = (address ?? []) as readonly unknown[];
  if (typeof host !== "string" || host === "") throw new UnreachableRedis("a Sentinel names no primary");
  return { host, port: Number(port), epoch: Number(epoch) };
}
