/** What ties a log line, a metric and a query to the request that they belong to. */
import { AsyncLocalStorage } from "node:async_hooks";
import type * as OpenTelemetry from "@opentelemetry/api";

const requests = new AsyncLocalStorage<string>();

/** Runs `work`, and all that it awaits or schedules, as a part of the request. */
export function inRequest<T>(requestId: string, work: () => T): T {
  return requests.run(requestId, work);
}

/** Id of the request that the caller works on; undefined outside of one, and without the middleware `requestIds`. */
export function currentRequestId(): string | undefined {
  return requests.getStore();
}

let loaded: typeof OpenTelemetry | undefined | "not looked for" = "not looked for";

/** OpenTelemetry's API, where the service has installed it. */
export function openTelemetry(): typeof OpenTelemetry | undefined {
  if (loaded === "not looked for") {
    try {
      // An optional peer: an import would make every service install it.
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      loaded = require("@opentelemetry/api") as typeof OpenTelemetry;
    } catch {
      loaded = undefined;
    }
  }
  return loaded;
}

/** The span that is active, by the names of W3C Trace Context. */
export interface ActiveTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether it is kept: an exemplar of another leads nowhere. */
  readonly sampled: boolean;
}

/** The active span; undefined without OpenTelemetry, and outside of spans. */
export function activeTrace(): ActiveTrace | undefined {
  const api = openTelemetry();
  const context = api?.trace.getActiveSpan()?.spanContext();
  if (api === undefined || context === undefined || !api.isSpanContextValid(context)) return undefined;
  const { traceId, spanId, traceFlags } = context;
  return { traceId, spanId, sampled: (traceFlags & api.TraceFlags.SAMPLED) !== 0 };
}
