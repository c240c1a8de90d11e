import { ClientOfflineError, ErrorReply, type RedisArgument } from "redis";
import { RedisCluster, UnreachableRedis } from "./errors";
import { COMMAND_OPTIONS, type Client, destroy, newClient } from "./redis-client";
import { type Sentinels, sameAddress } from "./sentinels";
import type { Address, CacheSettings } from "./settings";

/** Reply of a command, bulk strings as Buffers. */
export type Reply = Buffer | string | number | null | readonly Reply[];

/** Longest time from the start of a connection until it takes commands, milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;

/** A connection without any reply for this long, while commands wait, is given up, milliseconds. */
const SILENCE_MS = 2000;

/** Between two attempts to connect: from 50 ms, doubling, up to 2 s, each at random between half of it and all. */
function retryDelayMs(attempts: number): number {
  const longest = Math.min(2000, 50 * 2 ** Math.min(attempts, 10));
  return longest * (0.5 + Math.random() / 2);
}

/** What a connection tells its owner. */
export interface ConnectionEvents {
  readonly ready: () => void;
  readonly failed: (error: unknown) => void;
}

/** One attempt to have a connection, from the first question until it is lost. */
interface Attempt {
  /** Ends every socket of it. */
  readonly ending: AbortController;
  client?: Client;
  address?: Address;
  /** Takes commands since then, by `performance.now`. */
  readySince?: number;
}

/**
 * One connection to Redis: at any time one client of the driver, or a pause before the next. It is given up when it is
 * lost, when it falls silent, when it gets no further than the handshake, when the server is the primary no more, and when
 * what arrives is not the protocol: after that the driver would hand the next reply to the wrong command.
 */
export class RedisConnection {
  /** Commands that have no answer yet. */
  waiting = 0;
  private attempt: Attempt | undefined;
  private lastReply = 0;
  /** Until the attempt has to be ready, or the next one begins. */
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** Attempts in a row without a reply. */
  private attempts = 0;

  /** @param sentinels who know the address; @default it is in the settings */
  constructor(
    private readonly settings: CacheSettings,
    private readonly events: ConnectionEvents,
    private readonly sentinels?: Sentinels,
  ) {
    this.open();
  }

  get ready(): boolean {
    return this.attempt?.readySince !== undefined && this.attempt.client?.isReady === true;
  }

  /** Tell what became of it: `answered` or `refused`. */
  send(args: RedisArgument[]): Promise<Reply> {
    this.waiting++;
    const { client, readySince } = this.attempt ?? {};
    if (client === undefined || readySince === undefined) return Promise.reject(new ClientOfflineError());
    return client.sendCommand(args, COMMAND_OPTIONS) as Promise<Reply>;
  }

  /** @param now by `performance.now` */
  answered(now: number): void {
    this.waiting--;
    this.lastReply = now;
    this.attempts = 0;
  }

  refused(error: unknown): void {
    this.waiting--;
    // Another one has become the primary, and the Sentinels know which.
    if (this.sentinels !== undefined && this.ready && isReadOnly(error)) this.replace();
  }

  /** A command got no answer in time. One that is only slow stays; one that says nothing at all is replaced. */
  suspect(): void {
    const longest = Math.max(SILENCE_MS, 4 * this.settings.timeoutMs);
    if (this.ready && performance.now() - this.lastReply > longest) this.replace();
  }

  /** Another server is the primary. */
  moved(primary: Address): void {
    const address = this.attempt?.address;
    if (address !== undefined && !sameAddress(address, primary)) this.replace();
  }

  /** Waits for what is under way, at most so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    const { attempt } = this;
    if (attempt === undefined) return;
    if (attempt.client !== undefined && this.ready) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
      await Promise.race([attempt.client.close().catch(() => undefined), late]);
      clearTimeout(timer);
    }
    this.end(attempt);
  }

  private open(): void {
    const attempt: Attempt = { ending: new AbortController() };
    this.attempt = attempt;
    this.after(CONNECT_TIMEOUT_MS, () => this.lost(attempt, new UnreachableRedis("no connection in time")));
    this.connect(attempt).then(
      () => {
        if (this.attempt !== attempt || this.closed) return;
        clearTimeout(this.timer);
        attempt.readySince = this.lastReply = performance.now();
        this.events.ready();
      },
      (error: unknown) => this.lost(attempt, error),
    );
  }

  private async connect(attempt: Attempt): Promise<void> {
    const { settings, sentinels } = this;
    const address = sentinels === undefined ? settings.address : await sentinels.primary();
    if (attempt.ending.signal.aborted) return;
    const client = newClient(settings, address, CONNECT_TIMEOUT_MS, attempt.ending.signal);
    Object.assign(attempt, { client, address });
    client.on("error", (error) => this.lost(attempt, error));
    await client.connect();
    const { mode, role } = await hello(client);
    if (mode === "cluster") throw new RedisCluster();
    if (sentinels !== undefined && role !== "master") throw new UnreachableRedis("the primary is a replica");
  }

  private lost(attempt: Attempt, error: unknown): void {
    if (attempt !== this.attempt || this.closed) return;
    this.replace();
    this.events.failed(error);
  }

  private replace(): void {
    const { attempt } = this;
    if (this.closed || attempt === undefined) return;
    // One that lasted was not refused.
    if (performance.now() - (attempt.readySince ?? Infinity) > CONNECT_TIMEOUT_MS) this.attempts = 0;
    this.end(attempt);
    this.attempt = undefined;
    this.after(retryDelayMs(this.attempts++), () => this.open());
  }

  private end({ client, ending }: Attempt): void {
    if (client !== undefined) destroy(client);
    ending.abort();
  }

  private after(delayMs: number, what: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(what, delayMs);
    this.timer.unref();
  }
}

/** What the server says of itself. Every user may ask, whatever else it may not. */
async function hello(client: Client): Promise<{ readonly mode?: unknown; readonly role?: unknown }> {
  return (await client.sendCommand(["HELLO"])) as { mode?: unknown; role?: unknown };
}

function isReadOnly(error: unknown): boolean {
  return error instanceof ErrorReply && error.message.startsWith("READONLY");
}

/** What the driver's decoder throws is a plain Error; sockets' errors have a code, the driver's own a class. */
export function isProtocolError(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error && !("code" in error);
}
