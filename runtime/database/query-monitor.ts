import type {
  CommandFailedEvent,
  CommandStartedEvent,
  CommandSucceededEvent,
  Document,
  MongoClient,
} from "mongodb";
import type { Registry } from "prom-client";
import { currentRequestId } from "../shared/correlation";
import type { Logger } from "../shared/logger";
import { counter, histogram } from "../metrics/metric";
import { DATA_COMMANDS, collectionOf, filterShape, sortShape } from "./query-shape";

/**
 * Bounds of `mongodb_query_duration_seconds` and `mongodb_client_duration_seconds`. The budget's steps for a query, 50 and 100 ms, are among them, so that
 * the share of queries within the budget is counted and not interpolated.
 */
export const QUERY_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

/** Where the monitors report to. */
export interface MonitorOptions {
  readonly registry: Registry;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly slowQueryMs: number;
}

interface Running {
  readonly startedMs: number;
  readonly collection: string;
  readonly document: Document;
  /** Undefined outside of a request. */
  readonly request: string | undefined;
}

/**
 * Times every query of a client as the service sees it: the way there and back, and what the server needs. Counts and
 * logs the slow ones by the shape of their filter, for values are personal data.
 *
 * @returns when the last command succeeded, by `performance.now()`; -Infinity before the first
 */
export function monitorQueries(client: MongoClient, options: MonitorOptions): () => number {
  const { registry, logger, slowQueryMs } = options;
  const labelNames = ["collection", "command"] as const;
  const durations = histogram(registry, {
    name: "mongodb_query_duration_seconds",
    help: "Time of one command of the driver, as the service sees it",
    labelNames,
    buckets: [...QUERY_BUCKETS_SECONDS],
  });
  // Percentiles of all queries read this one: the other has a set of buckets for each collection and command.
  const all = histogram(registry, {
    name: "mongodb_client_duration_seconds",
    help: "Time of one command of the driver, as the service sees it, of all commands",
    buckets: [...QUERY_BUCKETS_SECONDS],
  });
  const slow = counter(registry, {
    name: "mongodb_slow_queries_total",
    help: "Commands that took longer than MONGODB_SLOW_QUERY_MS",
    labelNames,
  });

  const running = new Map<number, Running>();
  let lastSuccess = -Infinity;

  client.on("commandStarted", ({ requestId, commandName, command }: CommandStartedEvent) => {
    if (!DATA_COMMANDS.has(commandName)) return;
    const collection = collectionOf(commandName, command);
    const startedMs = performance.now();
    running.set(requestId, { startedMs, collection, document: command, request: currentRequestId() });
  });

  const ended = (event: CommandSucceededEvent | CommandFailedEvent, failed: boolean): void => {
    const now = performance.now();
    if (!failed) lastSuccess = now;
    const found = running.get(event.requestId);
    if (found === undefined) return;
    running.delete(event.requestId);
    const { startedMs, collection, document, request } = found;
    const command = event.commandName;
    const durationMs = now - startedMs;
    durations.observe({ collection, command }, durationMs / 1000);
    all.observe(durationMs / 1000);
    if (durationMs <= slowQueryMs) return;
    slow.inc({ collection, command });
    logger.warn("slow query", {
      collection,
      command,
      durationMs: Math.round(durationMs),
      failed,
      filter: filterShape(command, document),
      sort: sortShape(document),
      ...(request === undefined ? {} : { requestId: request }),
    });
  };
  client.on("commandSucceeded", (event) => ended(event, false));
  client.on("commandFailed", (event) => ended(event, true));
  return () => lastSuccess;
}
