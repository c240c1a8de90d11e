import express, { type Express, type RequestHandler } from "express";
import type { Registry } from "prom-client";
import type { Logger } from "../shared/logger";
import { httpMetrics, metricsHandler } from "../metrics";
import { requestIds } from "../tracing";
import { deadline } from "./deadline";
import { HttpError, errorHandler } from "./errors";
import { type RouteOptions, apiRoutes } from "./routes";

export interface AppOptions extends RouteOptions {
  readonly registry: Registry;
  readonly logger: Logger;
  /** Bounds of the response time histogram, seconds. */
  readonly buckets: readonly number[];
  /** Traces are sent somewhere, and the histogram leads to them. @default false */
  readonly exemplars?: boolean;
  /** Milliseconds. */
  readonly requestTimeoutMs: number;
  /** Whether the process is on its way out. */
  readonly draining: () => boolean;
}

/** The HTTP side of the backend: counted first, then bounded, then answered. */
export function createApp(options: AppOptions): Express {
  const { registry, logger, buckets, exemplars = false, requestTimeoutMs, draining } = options;
  const app = express();
  app.disable("x-powered-by");
  app.use(requestIds());
  app.use(httpMetrics({ registry, buckets, exemplars }));
  app.use(closeWhile(draining));

  // Alive means that the event loop turns. Nothing else: a restart mends no database.
  app.get("/health", (_request, response) => {
    response.json({ status: "ok" });
  });
  app.get("/ready", readiness(options));
  app.get("/metrics", metricsHandler(registry));

  app.use(deadline(requestTimeoutMs));
  app.use(apiRoutes(options));
  app.use(() => {
    throw new HttpError(404, "there is no such endpoint");
  });
  app.use(errorHandler(logger));
  return app;
}

/** While draining, every answer asks the client to leave its connection: it then opens the next to another pod. */
function closeWhile(draining: () => boolean): RequestHandler {
  return (_request, response, next) => {
    if (draining()) response.setHeader("Connection", "close");
    next();
  };
}

/**
 * 200 when the store answers, 503 when it does not, and while draining. Sessions and caches are shown and not judged:
 * all replicas have the same, so to take one out helps nobody, and most requests need neither. One that needs a session
 * which cannot be read is answered with 503.
 */
function readiness({ store, sessions, caches, draining }: AppOptions): RequestHandler {
  return async (_request, response) => {
    if (draining()) {
      response.status(503).json({ ready: false, draining: true });
      return;
    }
    const [storeState, sessionState] = await Promise.all([stateOf(store), stateOf(sessions)]);
    const ready = storeState.ok;
    const cache = caches === undefined ? {} : { cache: { kind: "redis", ok: caches.available } };
    response.status(ready ? 200 : 503).json({ ready, store: storeState, sessions: sessionState, ...cache });
  };
}

interface Part {
  readonly kind: string;
  ping(): Promise<void>;
}

async function stateOf(part: Part): Promise<{ kind: string; ok: boolean; reason?: string }> {
  try {
    await part.ping();
    return { kind: part.kind, ok: true };
  } catch (error) {
    const reason = error instanceof Error && "reason" in error ? String(error.reason) : "no answer";
    return { kind: part.kind, ok: false, reason };
  }
}
