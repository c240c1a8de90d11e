import type { RequestHandler } from "express";
import { Registry, type RegistryContentType, register } from "prom-client";
import { activeTrace } from "../shared/correlation";
import { bucketsFrom } from "./buckets";
import { counter, gauge, histogram } from "./metric";
import { RouteLabels } from "./route-labels";

export interface HttpMetricsOptions {
  /** @default prom-client's default registry */
  readonly registry?: Registry;
  /** Bounds of the histogram, seconds, ascending. @default those of HTTP_DURATION_BUCKETS_SECONDS */
  readonly buckets?: readonly number[];
  /** Paths that are not counted: what the platform asks says nothing about users. @default /metrics, /health, /ready */
  readonly ignore?: readonly string[];
  /**
   * Adds the trace of a request to the bucket that it falls in, where OpenTelemetry samples it. The registry speaks
   * OpenMetrics then, the only format that has exemplars; a Prometheus keeps them with `--enable-feature=exemplar-storage`.
   *
   * @default false
   */
  readonly exemplars?: boolean;
}

const IGNORED: readonly string[] = ["/metrics", "/health", "/ready"];

/** Methods with a time series of their own. Node.js accepts some thirty more, and anybody may send them. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Status of a request whose client left before the answer was through. nginx counts it the same way. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Middleware that counts and times every request. It belongs before everything else.
 *
 * - `http_requests_total{method,route,status}`
 * - `http_request_duration_seconds{method,route,status}`, until the last byte is handed to the network
 * - `http_server_duration_seconds`, the same of all requests together
 * - `http_requests_in_flight`
 *
 * `route` is the pattern that matched, with those of the routers it is mounted on, as in `/api/properties/:id`, and
 * `unmatched` where none did. {@link RouteLabels} says how many there can be.
 *
 * @throws VariablesError when the bounds come from the environment, and are wrong
 */
export function httpMetrics(options: HttpMetricsOptions = {}): RequestHandler {
  const { registry = register, buckets = bucketsFrom(process.env), exemplars = false } = options;
  if (exemplars) speakOpenMetrics(registry);
  const ignored = new Set(options.ignore ?? IGNORED);
  const labelNames = ["method", "route", "status"] as const;
  const requests = counter(registry, {
    name: "http_requests_total",
    help: "Requests, by what became of them; 499 is a client that left before the answer",
    labelNames,
  });
  const durations = histogram(registry, {
    name: "http_request_duration_seconds",
    help: "Time from a request's headers to the last byte of its answer",
    labelNames,
    buckets: [...buckets],
    enableExemplars: exemplars,
  });
  // Percentiles and objectives of the whole service read this one: the other has a set of buckets for each route and status.
  const all = histogram(registry, {
    name: "http_server_duration_seconds",
    help: "Time from a request's headers to the last byte of its answer, of all requests",
    buckets: [...buckets],
  });
  const observe = exemplars
    ? (labels: RequestLabels, value: number, exemplarLabels: ExemplarLabels) =>
        durations.observe({ labels, value, exemplarLabels })
    : (labels: RequestLabels, value: number) => durations.observe(labels, value);
  const inFlight = gauge(registry, {
    name: "http_requests_in_flight",
    help: "Requests that have no complete answer yet",
  });
  const routes = new RouteLabels();

  return (request, response, next) => {
    if (ignored.has(request.path)) {
      next();
      return;
    }
    const started = performance.now();
    const routeOf = routes.watch(request);
    // When the answer is through the span may have ended.
    const exemplar = exemplars ? exemplarLabels() : {};
    inFlight.inc();
    response.once("close", () => {
      inFlight.dec();
      const seconds = (performance.now() - started) / 1000;
      const status = String(response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST);
      const labels = {
        method: METHODS.has(request.method) ? request.method : "other",
        route: routeOf(),
        status,
      };
      requests.inc(labels);
      observe(labels, seconds, exemplar);
      all.observe(seconds);
    });
    next();
  };
}

type RequestLabels = Readonly<Record<"method" | "route" | "status", string>>;
type ExemplarLabels = Readonly<Record<string, string>>;

/** By the names that Grafana looks for. */
function exemplarLabels(): ExemplarLabels {
  const trace = activeTrace();
  return trace?.sampled === true ? { trace_id: trace.traceId, span_id: trace.spanId } : {};
}

function speakOpenMetrics(registry: Registry): void {
  // prom-client types a registry by the format that it was made with.
  const either = registry as unknown as Registry<RegistryContentType>;
  either.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
}
