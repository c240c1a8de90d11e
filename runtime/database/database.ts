import { type Collection, type Db, type Document, MongoClient } from "mongodb";
import { type Registry, register } from "prom-client";
import { currentRequestId } from "../shared/correlation";
import { type Logger, defaultLogger } from "../shared/logger";
import { counter } from "../metrics/metric";
import type { Environment } from "../shared/variables";
import { clientOptions, maxTimeMs } from "./client-options";
import { DatabaseUnavailable, translated } from "./errors";
import { monitorPool } from "./pool-monitor";
import { type QueryClass, readPreferenceOf } from "./query-class";
import { monitorQueries } from "./query-monitor";
import { type DatabaseSettings, databaseSettings } from "./settings";

/** Database of a connection string that names none. */
export const DEFAULT_DATABASE = "retrofitlink";

/** Longest answer of a health check, milliseconds: below the kubelet's own limit of a second. */
const PING_TIMEOUT_MS = 800;

/** Longest farewell to the server, milliseconds. */
const GOODBYE_MS = 500;

export interface DatabaseOptions {
  /** @default what `environment` says */
  readonly settings?: DatabaseSettings;
  /** Variables as the platform writes them. @default process.env */
  readonly environment?: Environment;
  /** Name of the service in the server's logs. @default "retrofitlink" */
  readonly appName?: string;
  /** @default the default logger: JSON lines on stderr */
  readonly logger?: Logger;
  /** Registry of the metrics. @default prom-client's default registry */
  readonly registry?: Registry;
}

/** Limits of one operation: pass them on to the driver as options. */
export interface QueryLimits {
  /** The server gives up by itself after so many milliseconds. */
  readonly maxTimeMS: number;
  /** Aborts what is still waiting when the caller's time is up. */
  readonly signal: AbortSignal;
  /** Id of the request, which the server's slow query log, profiler and `currentOp` show. Undefined outside of one. */
  readonly comment?: string | undefined;
}

/**
 * Opens the database. Answers also when it cannot be reached yet: a service starts, is not ready, and becomes ready
 * when the database is back, which a crash loop would only delay.
 *
 * @throws VariablesError that names every variable which is missing or wrong
 */
export async function connectDatabase(options: DatabaseOptions = {}): Promise<Database> {
  const settings = options.settings ?? databaseSettings(options.environment ?? process.env);
  const database = new Database(settings, options);
  try {
    await database.connect();
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error;
    (options.logger ?? defaultLogger).warn("database not reached at start", { reason: error.reason });
  }
  return database;
}

/** The database of a service: collections by query class, every operation bounded, and a way to leave in order. */
export class Database {
  private readonly client: MongoClient;
  private readonly db: Db;
  private readonly logger: Logger;
  private readonly lastSuccess: () => number;
  private readonly countUnavailable: (reason: string) => void;
  private running = 0;
  private closing = false;
  private whenIdle: (() => void) | undefined;
  private connected = false;
  private connecting: Promise<void> | undefined;

  constructor(
    private readonly settings: DatabaseSettings,
    options: Pick<DatabaseOptions, "appName" | "logger" | "registry"> = {},
  ) {
    const { appName = "retrofitlink", logger = defaultLogger, registry = register } = options;
    this.logger = logger;
    this.client = newClient(settings, appName);
    this.db = this.client.db(/^[^/]+\/\/[^/?]+\/[^?]/.test(settings.uri) ? undefined : DEFAULT_DATABASE);
    // Without a listener the driver's own errors would be thrown at nobody.
    this.client.on("error", () => undefined);
    monitorPool(this.client, registry);
    this.lastSuccess = monitorQueries(this.client, { registry, logger, slowQueryMs: settings.slowQueryMs });
    const unavailable = counter(registry, {
      name: "mongodb_unavailable_total",
      help: "Operations that the database did not answer, by reason",
      labelNames: ["reason"],
    });
    this.countUnavailable = (reason) => unavailable.inc({ reason });
  }

  /** Opens the first connections. @throws DatabaseUnavailable */
  connect(): Promise<void> {
    return this.run(() => Promise.resolve());
  }

  /** A collection that is read as its class of queries demands. Use it inside {@link Database.run}. */
  collection<T extends Document>(name: string, queryClass: QueryClass): Collection<T> {
    const readPreference = readPreferenceOf(queryClass, this.settings.readReplicaTags);
    return this.db.collection<T>(name, { readPreference });
  }

  /**
   * Runs an operation within `timeoutMs`, whatever it waits for: a server, a connection, an answer, a second try.
   *
   * @example
   * const found = await database.run((limits) => properties.find({ city }, limits).limit(20).toArray());
   * @throws DatabaseUnavailable when the database cannot answer now; other errors as they are
   */
  async run<T>(work: (limits: QueryLimits) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.settings;
    try {
      if (this.closing) throw new DatabaseUnavailable("closing");
      const limited = async (signal: AbortSignal): Promise<T> => {
        await this.reached();
        // Nothing begins for a caller who has its answer already.
        signal.throwIfAborted();
        return await work({ maxTimeMS: maxTimeMs(timeoutMs), signal, comment: currentRequestId() });
      };
      return await this.counted(() => within(timeoutMs, limited));
    } catch (error) {
      const unavailable = translated(error);
      if (unavailable instanceof DatabaseUnavailable) this.countUnavailable(unavailable.reason);
      throw unavailable;
    }
  }

  /**
   * Whether the database answers, for a readiness probe. Bounded by 800 ms. An answer to any command in the last
   * 800 ms will do: a busy database is not gone, and to take a pod out for it would send its load to the others.
   *
   * @throws DatabaseUnavailable
   */
  async ping(): Promise<void> {
    if (this.closing) throw new DatabaseUnavailable("closing");
    if (performance.now() - this.lastSuccess() < PING_TIMEOUT_MS) return;
    const timeoutMs = Math.min(PING_TIMEOUT_MS, this.settings.timeoutMs);
    try {
      await within(timeoutMs, async (signal) => {
        await this.reached();
        const readPreference = readPreferenceOf("read-your-writes", {});
        await this.db.command({ ping: 1, maxTimeMS: maxTimeMs(timeoutMs) }, { readPreference, signal });
      });
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * Takes no new operations, waits for the running ones, then closes every connection. Safe to repeat.
   *
   * @param timeoutMs what is still running after it is cut off, within another 500 ms. @default the longest operation
   */
  async close(timeoutMs = this.settings.timeoutMs): Promise<void> {
    this.closing = true;
    if (this.running > 0) {
      await orAfter(timeoutMs, new Promise<void>((resolve) => (this.whenIdle = resolve)));
      if (this.running > 0) this.logger.warn("database closed on operations", { running: this.running });
    }
    // The driver says goodbye to the server, which may be just what does not answer.
    await orAfter(GOODBYE_MS, this.client.close());
  }

  /**
   * A client whose first attempt to connect has failed stays closed for good, unless it is told to connect again. After
   * the first success the driver reconnects by itself.
   */
  private async reached(): Promise<void> {
    if (this.connected) return;
    this.connecting ??= this.client
      .connect()
      .then(() => void (this.connected = true))
      .finally(() => (this.connecting = undefined));
    await this.connecting;
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
      if (this.running === 0) this.whenIdle?.();
    }
  }
}

/** The driver puts the connection string, password included, into some of its complaints about it. */
function newClient(settings: DatabaseSettings, appName: string): MongoClient {
  try {
    return new MongoClient(settings.uri, clientOptions(settings, appName));
  } catch {
    throw new Error("MONGODB_URI is no connection string that the driver understands");
  }
}

/** Ends with the work, or without it when its time is up. */
async function orAfter(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends with the work, or with a `DatabaseUnavailable` when its time is up. */
async function within<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new DatabaseUnavailable("timeout");
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
