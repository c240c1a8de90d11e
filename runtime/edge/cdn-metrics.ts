import { type Registry, register } from "prom-client";
import { type Logger, defaultLogger } from "../shared/logger";
import { counter, gauge } from "../metrics/metric";

/** What a CDN did between two moments. */
export interface CdnWindow {
  readonly requests: number;
  /** Requests that were answered without the origin. */
  readonly hits: number;
  /** Answers with a status of 500 or more. */
  readonly serverErrors: number;
  /** Bytes sent to clients. */
  readonly bytes: number;
  /** Time of the origin for what missed, seconds; undefined when nothing missed or the CDN does not tell. */
  readonly originSeconds?: number;
}

/** Where the figures come from. */
export interface CdnSource {
  readonly provider: "cloudfront" | "cloudflare";
  /** Figures of whole minutes, `from` included and `to` not. */
  read(from: Date, to: Date): Promise<CdnWindow>;
}

export interface CdnMetricsOptions {
  readonly source: CdnSource;
  /** Until a minute is complete in the CDN's books, whole minutes. @default 5 */
  readonly delayMinutes?: number;
  /** Longest stretch that is read again after a failure, minutes; what is older is lost. @default 60 */
  readonly mostMinutes?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** @default prom-client's default registry */
  readonly registry?: Registry;
  readonly logger?: Logger;
}

const MINUTE_MS = 60_000;

/**
 * Brings the figures of a CDN into Prometheus. Every minute is read once, late enough to be complete, so that the
 * counters add up; after a failure it goes on where it stopped.
 *
 * - `cdn_requests_total`, `cdn_cache_hits_total`, `cdn_server_errors_total`, `cdn_bytes_total`
 * - `cdn_origin_latency_seconds`, of the last window
 * - `cdn_window_end_timestamp_seconds`: how far the figures reach; alert when it stays behind
 * - `cdn_collections_total{result}`
 *
 * One process of a stack runs it: two would count everything twice.
 */
export class CdnMetrics {
  private readTo: number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: CdnMetricsOptions) {}

  /** Collects every minute until `stop`. */
  start(): void {
    this.timer ??= setInterval(() => void this.collect(), MINUTE_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /** Reads what is complete and not read yet. Never fails; what went wrong is counted and logged. */
  async collect(): Promise<void> {
    this.running ??= this.readOnce().finally(() => {
      this.running = undefined;
    });
    await this.running;
  }

  private async readOnce(): Promise<void> {
    const { source, delayMinutes = 5, mostMinutes = 60, logger = defaultLogger } = this.options;
    const now = (this.options.now ?? Date.now)();
    const to = Math.floor(now / MINUTE_MS - delayMinutes) * MINUTE_MS;
    const from = Math.max(this.readTo ?? to - MINUTE_MS, to - mostMinutes * MINUTE_MS);
    if (from >= to) return;
    const metrics = this.metrics();
    const { provider } = source;
    try {
      const window = await source.read(new Date(from), new Date(to));
      metrics.requests.inc({ provider }, window.requests);
      metrics.hits.inc({ provider }, window.hits);
      metrics.errors.inc({ provider }, window.serverErrors);
      metrics.bytes.inc({ provider }, window.bytes);
      if (window.originSeconds !== undefined) metrics.origin.set({ provider }, window.originSeconds);
      metrics.end.set({ provider }, to / 1000);
      metrics.collections.inc({ provider, result: "done" });
      this.readTo = to;
    } catch (error) {
      metrics.collections.inc({ provider, result: "failed" });
      this.readTo ??= from;
      const reason = error instanceof Error ? error.message : "unknown";
      logger.warn("the CDN's figures could not be read", { provider, reason });
    }
  }

  private metrics() {
    const { registry = register } = this.options;
    const counts = <Label extends string>(name: string, help: string, ...more: Label[]) =>
      counter<Label | "provider">(registry, { name, help, labelNames: ["provider", ...more] });
    const value = (name: string, help: string) =>
      gauge(registry, { name, help, labelNames: ["provider"] as const });
    return {
      requests: counts("cdn_requests_total", "Requests that the CDN answered"),
      hits: counts("cdn_cache_hits_total", "Requests that the CDN answered without the origin"),
      errors: counts("cdn_server_errors_total", "Answers of the CDN with a status of 500 or more"),
      bytes: counts("cdn_bytes_total", "Bytes that the CDN sent to clients"),
      collections: counts("cdn_collections_total", "Times the CDN's figures were read", "result"),
      origin: value("cdn_origin_latency_seconds", "Time of the origin for what the CDN had to ask for"),
      end: value("cdn_window_end_timestamp_seconds", "End of the last minute in the figures"),
    };
  }
}
