import { type Server, createServer } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry } from "prom-client";
import type { Logger } from "../shared/logger";
import { processMetrics } from "../metrics";
import { createApp } from "./app";
import { LiveUpdates } from "./live-updates";
import type { Caches } from "./caches";
import type { Store } from "./model";
import type { Sessions } from "./sessions";
import type { BackendSettings } from "./settings";

/** What a backend is made of. Its `stop` closes the store, the sessions and the caches. */
export interface BackendParts {
  readonly settings: BackendSettings;
  readonly store: Store;
  readonly sessions: Sessions;
  /** @default none */
  readonly caches?: Caches | undefined;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Address to listen on. @default every address */
  readonly host?: string;
  /** Between two pings of a WebSocket, milliseconds. @default 25,000 */
  readonly heartbeatMs?: number;
}

/** Longest time in which a client sends the headers of a request, milliseconds. */
const HEADERS_TIMEOUT_MS = 60_000;

/** Between two looks for clients that send too slowly, milliseconds. The default of 30 s is longer than most requests may take. */
const CHECK_MS = 2000;

/** What is kept of the shutdown for closing the pools and leaving, milliseconds. */
const LEAVE_MS = 2000;

/** How long a shutdown goes on answering on open connections, each answer the last on its own, milliseconds. */
const LINGER_MS = 1000;

/** An HTTP server with its parts: starts, serves, and leaves without losing a request. */
export class Backend {
  private readonly server: Server;
  private readonly live: LiveUpdates;
  private draining = false;
  private inFlight = 0;
  private stopped: Promise<boolean> | undefined;

  constructor(private readonly parts: BackendParts) {
    const { settings, store, sessions, caches, registry, logger, heartbeatMs } = parts;
    const { requestTimeoutMs, keepAliveTimeoutMs, buckets, traced } = settings;
    processMetrics(registry);
    this.live = new LiveUpdates({ registry, ...(heartbeatMs === undefined ? {} : { heartbeatMs }) });
    const app = createApp({
      store,
      sessions,
      caches,
      registry,
      logger,
      buckets,
      exemplars: traced,
      requestTimeoutMs,
      quoted: ({ id, propertyId, trade, total }) =>
        this.live.broadcast({ type: "quote", id, propertyId, trade, total }),
      draining: () => this.draining,
    });
    const timeouts = {
      keepAliveTimeout: keepAliveTimeoutMs,
      requestTimeout: requestTimeoutMs,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(CHECK_MS, requestTimeoutMs),
    };
    this.server = createServer(timeouts, (request, response) => {
      this.inFlight++;
      response.once("close", () => this.inFlight--);
      app(request, response);
    });
    this.server.on("upgrade", (request, socket, head) => this.live.upgrade(request, socket, head));
  }

  /** @returns the port that it listens on */
  async start(): Promise<number> {
    const { settings, host, store, sessions, logger } = this.parts;
    this.server.listen(settings.port, host);
    await once(this.server, "listening");
    const { port } = this.server.address() as AddressInfo;
    logger.info("listening", { port, store: store.kind, sessions: sessions.kind });
    return port;
  }

  /**
   * Not ready, no new connections, running requests finished, WebSockets asked to leave, pools closed. Safe to repeat.
   *
   * @returns whether everything ended by itself within `SHUTDOWN_TIMEOUT_MS`
   */
  stop(): Promise<boolean> {
    this.stopped ??= this.shutDown();
    return this.stopped;
  }

  private async shutDown(): Promise<boolean> {
    const { settings, store, sessions, caches, logger } = this.parts;
    const { shutdownTimeoutMs } = settings;
    const end = performance.now() + Math.max(shutdownTimeoutMs / 2, shutdownTimeoutMs - LEAVE_MS);
    const left = (): number => Math.max(0, end - performance.now());
    this.draining = true;
    logger.info("shutting down", { inFlight: this.inFlight });

    const webSockets = this.live.drain(left());
    const closed = this.closeListener();
    await this.linger(Math.min(LINGER_MS, shutdownTimeoutMs / 10));
    this.server.closeIdleConnections();
    const late = new AbortController();
    const finished = await Promise.race([
      Promise.all([closed, webSockets]).then(() => true),
      sleep(left(), false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (!finished) {
      logger.warn("requests cut off at the end of the shutdown", { inFlight: this.inFlight });
      this.server.closeAllConnections();
      await closed;
    }
    await Promise.all([store.close(LEAVE_MS / 2), sessions.close(), caches?.close()]);
    logger.info("shut down", { complete: finished });
    return finished;
  }

  /**
   * Refuses new connections and leaves the open ones. An HTTP server's own `close` drops idle connections at once, and
   * with one of them perhaps a request that is on its way.
   */
  private closeListener(): Promise<boolean> {
    return new Promise((resolve) => NetServer.prototype.close.call(this.server, () => resolve(true)));
  }

  /** Answers on a little while, each answer the last on its connection. Without connections there is nothing to wait for. */
  private async linger(longestMs: number): Promise<void> {
    const end = performance.now() + longestMs;
    while (performance.now() < end && (await this.connections()) > 0) await sleep(20);
  }

  private connections(): Promise<number> {
    return new Promise((resolve) => this.server.getConnections((error, count) => resolve(error ? 0 : count)));
  }
}
