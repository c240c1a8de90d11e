import type { RedisArgument } from "redis";
import { type Logger, defaultLogger } from "../shared/logger";
import type { CacheMetrics } from "./cache-metrics";
import { CircuitBreaker, type CircuitBreakerOptions } from "./circuit-breaker";
import { DeadlineQueue, type Told } from "./deadline-queue";
import { CacheUnavailable, type CacheUnavailableReason, unavailableReason } from "./errors";
import { PacedLog } from "./paced-log";
import { type ConnectionEvents, type RedisConnection, type Reply, isProtocolError } from "./redis-connection";
import type { CacheSettings } from "./settings";
import { SharedConnections } from "./shared-connections";

/** Commands on a connection before the next one is used: behind so many a large value is felt. */
const SHARED_BY = 64;

/** How long nothing is written after Redis said that it is full, milliseconds. */
const FULL_MS = 1000;

/** Longest wait for commands under way when closing, milliseconds. */
const CLOSE_MS = 500;

export interface RedisLinkOptions {
  readonly settings: CacheSettings;
  readonly metrics: CacheMetrics;
  /** @default the default logger */
  readonly logger?: Logger | undefined;
  /** @default 5 failures in a row open it, for half a second up to ten */
  readonly breaker?: CircuitBreakerOptions | undefined;
}

type Operation = "read" | "write";

/** A command under way: one object and no closures, for there is one for every request. */
class Command implements Told {
  private readonly started = performance.now();

  constructor(
    private readonly link: RedisLink,
    private readonly connection: RedisConnection,
    private readonly operation: Operation,
  ) {}

  answered(now: number, inTime: boolean): void {
    this.connection.answered(now);
    if (inTime) this.link.succeeded(this.operation, (now - this.started) / 1000);
  }

  refused(error: unknown, inTime: boolean): Error {
    this.connection.refused(error);
    const reason = unavailableReason(error);
    return inTime ? this.link.failed(reason, error) : new Error(reason);
  }

  late(): Error {
    this.connection.suspect();
    return this.link.failed("timeout");
  }
}

/**
 * Commands to one Redis, each bounded by the deadline, and none at all while it is known to fail. Its connections open at
 * once and in the background, shared with the other managers of the same settings: a service starts without its cache.
 */
export class RedisLink {
  private readonly connections: readonly RedisConnection[];
  private readonly shared: SharedConnections;
  private readonly events: ConnectionEvents;
  private readonly deadlines: DeadlineQueue;
  private readonly breaker: CircuitBreaker;
  private readonly logger: Logger;
  private readonly readyListeners: (() => void)[] = [];
  private readonly paced = new PacedLog();
  /** Who waits for a connection, to be told of every change. */
  private readonly waiters = new Set<() => void>();
  private fullUntil = 0;
  private closing = false;
  private turn: Promise<void> | undefined;
  /** What was logged last, so that a state is said once and not with every attempt. */
  private told: CacheUnavailableReason | "available" | undefined;

  constructor(private readonly options: RedisLinkOptions) {
    const { settings, metrics, logger = defaultLogger, breaker } = options;
    this.logger = logger;
    this.deadlines = new DeadlineQueue(settings.timeoutMs);
    this.breaker = new CircuitBreaker(breaker, (state) => metrics.available(state === "closed"));
    this.events = { ready: () => this.connected(), failed: (error) => this.disconnected(error) };
    this.shared = SharedConnections.of(settings, this.events);
    this.connections = this.shared.all;
  }

  /** Whether a command would go out now. */
  get available(): boolean {
    return !this.closing && this.breaker.state !== "open" && this.connections.some(({ ready }) => ready);
  }

  /** Calls back every time that a connection takes commands. */
  onReady(listener: () => void): void {
    this.readyListeners.push(listener);
  }

  /**
   * Resolves with whether a connection is there, at the latest after so many milliseconds, or when this is closed.
   *
   * @throws CacheUnavailable when it is a Redis Cluster, which waiting does not change
   */
  connectedWithin(timeoutMs: number): Promise<boolean> {
    if (this.connections.some(({ ready }) => ready)) return Promise.resolve(true);
    if (this.closing) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const ready = this.connections.some((connection) => connection.ready);
        if (!ready && this.told !== "cluster" && !this.closing) return;
        clearTimeout(timer);
        this.waiters.delete(look);
        if (this.told === "cluster") reject(this.unavailable("cluster"));
        else resolve(ready);
      };
      const timer = setTimeout(() => {
        this.waiters.delete(look);
        resolve(false);
      }, timeoutMs);
      this.waiters.add(look);
      look();
    });
  }

  /** @throws CacheUnavailable */
  read(args: RedisArgument[]): Promise<Reply> {
    return this.run("read", args);
  }

  /** @throws CacheUnavailable */
  write(args: RedisArgument[]): Promise<Reply> {
    if (performance.now() < this.fullUntil) return Promise.reject(this.unavailable("out-of-memory"));
    return this.run("write", args);
  }

  /** A command that frees memory: not held back when Redis is full. @throws CacheUnavailable */
  remove(args: RedisArgument[]): Promise<Reply> {
    return this.run("write", args);
  }

  /** Takes no new commands, waits half a second for those under way, and closes. Safe to repeat. */
  async close(): Promise<void> {
    this.closing = true;
    this.paced.close();
    for (const look of this.waiters) look();
    await this.shared.release(this.events, CLOSE_MS);
  }

  /**
   * Resolves at the end of this turn of the event loop, before the driver writes what was sent in it: what is sent then
   * goes out with it.
   */
  endOfTurn(): Promise<void> {
    this.turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.turn = undefined;
        resolve();
      });
    });
    return this.turn;
  }

  private run(operation: Operation, args: RedisArgument[]): Promise<Reply> {
    // Asked for before the driver asks for its own, so that it comes before it.
    void this.endOfTurn();
    if (this.closing) return Promise.reject(this.unavailable("closing"));
    if (!this.breaker.allows()) return Promise.reject(this.unavailable("circuit-open"));
    const connection = this.pick();
    return this.deadlines.run(connection.send(args), new Command(this, connection, operation));
  }

  /** What {@link Command}s tell. @param seconds until it was answered */
  succeeded(operation: Operation, seconds: number): void {
    this.breaker.succeeded();
    this.options.metrics.took(operation, seconds);
    if (this.told !== "available") this.recovered(operation);
  }

  /** The first with room, so that commands share it; when all are full, the one with the fewest. */
  private pick(): RedisConnection {
    let best: RedisConnection | undefined;
    for (const connection of this.connections) {
      if (!connection.ready) continue;
      if (connection.waiting < SHARED_BY) return connection;
      if (best === undefined || connection.waiting < best.waiting) best = connection;
    }
    return best ?? (this.connections[0] as RedisConnection);
  }

  /** What {@link Command}s tell. */
  failed(reason: CacheUnavailableReason, cause?: unknown): CacheUnavailable {
    this.judge(reason);
    return this.unavailable(reason, cause);
  }

  private judge(reason: CacheUnavailableReason): void {
    if (reason === "out-of-memory") {
      this.fullUntil = performance.now() + FULL_MS;
      this.tell(reason);
      // It answers, and what it has can be read.
      this.breaker.succeeded();
      return;
    }
    // Of this process and not of Redis.
    if (reason === "overloaded" && this.breaker.state === "closed") return;
    this.breaker.failed();
    if (this.breaker.state === "open") this.tell(reason);
  }

  /** One that was full is back when it takes something again. */
  private recovered(operation: Operation): void {
    if (this.breaker.state !== "closed" || (this.told === "out-of-memory" && operation === "read")) return;
    this.tell("available");
  }

  private unavailable(reason: CacheUnavailableReason, cause?: unknown): CacheUnavailable {
    this.options.metrics.error(reason);
    return new CacheUnavailable(this.options.settings.name, reason, cause === undefined ? {} : { cause });
  }

  private connected(): void {
    // What failed before was another connection.
    this.breaker.reset();
    this.tell("available");
    for (const listener of this.readyListeners) listener();
    for (const look of this.waiters) look();
  }

  private disconnected(error: unknown): void {
    this.tell(isProtocolError(error) ? "protocol" : unavailableReason(error));
    for (const look of this.waiters) look();
  }

  /** Reasons only: the driver's messages quote commands, and with them keys and passwords. */
  private tell(state: CacheUnavailableReason | "available"): void {
    if (this.told === state || this.closing) return;
    // A command without a connection says less than what has been said of why there is none.
    if (state === "not-connected" && this.told !== undefined && this.told !== "available") return;
    const first = this.told === undefined;
    this.told = state;
    const cache = this.options.settings.name;
    this.paced.say(state, () => {
      if (state === "available") this.logger.info(first ? "cache connected" : "cache is back", { cache });
      else if (state === "cluster") this.logger.error(new CacheUnavailable(cache, state).message, { cache });
      else this.logger.warn("cache is away", { cache, reason: state });
    });
  }
}
