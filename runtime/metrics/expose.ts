import type { RequestHandler } from "express";
import { type Registry, collectDefaultMetrics, register } from "prom-client";

/**
 * Adds what prom-client knows about the process: CPU, memory, heap, garbage collection, open files, and the lag of the
 * event loop (`nodejs_eventloop_lag_p99_seconds`), which rises before anything else does. Safe to repeat.
 *
 * @param registry @default prom-client's default registry
 */
export function processMetrics(registry: Registry = register): void {
  if (registry.getSingleMetric("process_cpu_user_seconds_total") !== undefined) return;
  collectDefaultMetrics({ register: registry });
}

/**
 * Handler of `GET /metrics`. Not for the internet: let no proxy pass it on.
 *
 * @param registry @default prom-client's default registry
 */
export function metricsHandler(registry: Registry = register): RequestHandler {
  return async (_request, response) => {
    const text = await registry.metrics();
    // Not `type`, which would rewrite the version in it.
    response.setHeader("Content-Type", registry.contentType);
    response.end(text);
  };
}
