import { type RedisArgument, RESP_TYPES, createClient, createSentinel } from "redis";
import type { CacheSettings } from "./settings";

/** Reply of a command, bulk strings as Buffers. */
export type Reply = Buffer | string | number | null | readonly Reply[];

/** Longest time from the start of a connection until it takes commands, milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;

/** Commands that may wait on a connection, written or not. Beyond it nothing is waiting for an answer any more. */
const MOST_WAITING = 5000;

/** A connection without any reply for this long, while commands wait, is given up, milliseconds. */
const SILENCE_MS = 2000;

/** Between two attempts to connect: from 50 ms, doubling, up to 2 s, each at random between half of it and all. */
export function reconnectDelayMs(retries: number): number {
  const longest = Math.min(2000, 50 * 2 ** Math.min(retries, 10));
  return longest * (0.5 + Math.random() / 2);
}

/**
 * Bulk strings as Buffers: a hit goes out as it came in. The driver's own timeout is off: it ends once a command is
 * written, and is an AbortSignal with a timer for each.
 */
const COMMAND_OPTIONS = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: undefined };

/** What a connection tells its owner. */
export interface ConnectionEvents {
  readonly ready: () => void;
  readonly failed: (error: unknown) => void;
}

/** What the client and the one behind sentinels have in common. */
interface Client {
  readonly isReady: boolean;
  send(args: RedisArgument[]): Promise<unknown>;
  connect(): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): unknown;
}

/**
 * One connection of the driver, which reconnects by itself. What is added: it is replaced when it falls silent, when it
 * gets no further than the handshake, and when what arrives is not the protocol: after that the driver would hand the
 * next reply to the wrong command.
 */
export class RedisConnection {
  /** Commands that have no answer yet. */
  waiting = 0;
  private client: Client;
  private lastReply = 0;
  private watchdog: NodeJS.Timeout | undefined;
  private closed = false;
  /** Replacements in a row without a reply between them. */
  private replacements = 0;

  constructor(
    private readonly settings: CacheSettings,
    private readonly events: ConnectionEvents,
  ) {
    this.client = this.open();
  }

  get ready(): boolean {
    return this.client.isReady;
  }

  /** Tell what became of it: `answered` or `refused`. */
  send(args: RedisArgument[]): Promise<Reply> {
    this.waiting++;
    return this.client.send(args) as Promise<Reply>;
  }

  /** @param now by `performance.now` */
  answered(now: number): void {
    this.waiting--;
    this.lastReply = now;
    this.replacements = 0;
  }

  refused(): void {
    this.waiting--;
  }

  /** A command got no answer in time. One that is only slow stays; one that says nothing at all is replaced. */
  suspect(): void {
    if (
      this.ready &&
      performance.now() - this.lastReply > Math.max(SILENCE_MS, 4 * this.settings.timeoutMs)
    ) {
      this.replace();
    }
  }

  /** Waits for what is under way, at most so many milliseconds. */
  async close(timeoutMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.watchdog);
    const { client } = this;
    if (!client.isReady) {
      destroy(client);
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([client.close().catch(() => undefined), late]);
    clearTimeout(timer);
    destroy(client);
  }

  private replace(): void {
    if (this.closed) return;
    destroy(this.client);
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      this.watchdog = undefined;
      if (!this.closed) this.client = this.open();
    }, reconnectDelayMs(this.replacements++));
    this.watchdog.unref();
  }

  private open(): Client {
    const { settings } = this;
    const made = settings.sentinels === undefined ? direct(settings) : behindSentinels(settings);
    const opened = made.client;
    const current = (): boolean => opened === this.client && !this.closed;
    made.on("error", (error) => {
      if (!current()) return;
      this.events.failed(error);
      if (isProtocolError(error)) this.replace();
      else this.watch();
    });
    made.on("ready", () => {
      if (!current()) return;
      clearTimeout(this.watchdog);
      this.watchdog = undefined;
      this.lastReply = performance.now();
      this.events.ready();
    });
    this.watch();
    // Errors have been told by then.
    opened.connect().catch(() => {
      if (current()) this.watch();
    });
    return opened;
  }

  /** A server that accepts and then says nothing keeps the driver in its handshake for good. */
  private watch(): void {
    this.watchdog ??= setTimeout(() => {
      this.watchdog = undefined;
      if (!this.ready) this.replace();
    }, CONNECT_TIMEOUT_MS);
    this.watchdog.unref();
  }
}

/** What the driver's decoder throws is a plain Error; sockets' errors have a code, the driver's own a class. */
export function isProtocolError(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error && !("code" in error);
}

function destroy(client: Client): void {
  try {
    const ended = client.destroy();
    if (ended instanceof Promise) ended.catch(() => undefined);
  } catch {
    // It was closed already.
  }
}

interface Opened {
  readonly client: Client;
  on(event: "error" | "ready", listener: (error: unknown) => void): void;
}

function nodeOptions({ password, tls, name }: CacheSettings) {
  return {
    ...(password === undefined ? {} : { password }),
    name: `retrofitlink-${name}`,
    // Commands while it reconnects fail at once instead of waiting: the caller has another way.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MOST_WAITING,
    // An extension of Redis Enterprise.
    maintNotifications: "disabled" as const,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: reconnectDelayMs,
      ...(tls ? { tls: true as const } : {}),
    },
  };
}

function direct(settings: CacheSettings): Opened {
  const options = nodeOptions(settings);
  const client = createClient({ ...options, socket: { ...options.socket, ...settings.address } });
  return {
    on: (event, listener) => void client.on(event, listener),
    client: {
      get isReady() {
        return client.isReady;
      },
      send: (args) => client.sendCommand(args, COMMAND_OPTIONS),
      connect: () => client.connect(),
      close: () => client.close(),
      destroy: () => client.destroy(),
    },
  };
}

/** Between two looks at who is the primary, in case an announcement was missed, milliseconds. */
const SENTINEL_SCAN_MS = 2000;

function behindSentinels(settings: CacheSettings): Opened {
  const { sentinels, password, tls } = settings;
  if (sentinels === undefined) throw new Error("no sentinels");
  const client = createSentinel({
    name: sentinels.master,
    sentinelRootNodes: sentinels.addresses.map(({ host, port }) => ({ host, port })),
    nodeClientOptions: nodeOptions(settings),
    sentinelClientOptions: {
      ...(password === undefined ? {} : { password }),
      socket: { connectTimeout: 1000, ...(tls ? { tls: true as const } : {}) },
    },
    masterPoolSize: 2,
    // Commands share a connection and are written together, as without sentinels.
    reserveClient: true,
    scanInterval: SENTINEL_SCAN_MS,
  });
  return {
    on: (event, listener) => void client.on(event, listener),
    client: {
      get isReady() {
        return client.isReady;
      },
      send: (args) => client.sendCommand(false, args, COMMAND_OPTIONS),
      connect: () => client.connect(),
      close: () => client.close(),
      destroy: () => client.destroy(),
    },
  };
}
