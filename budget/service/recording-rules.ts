/**
 * What Prometheus keeps of a service: the guide's four monitoring queries, and what else its dashboard and its alerts read.
 *
 * Each rule returns the right figure without traffic, without errors and with errors only; the guide's own text does not. A
 * ratio without traffic has no value: response time and hit ratio have none then. Error ratio and throughput are 0 without
 * traffic as long as a process is scraped. When no process is scraped they have no value, so that an absent service is never
 * taken for a healthy one.
 */
import { targetSeries } from "../monitoring/watched";
import type { RecordingRule } from "../monitoring/recording";
import { asService, matchers } from "../monitoring/series";

/** A query of the guide, and the rule that answers it. */
export interface GuideQuery extends RecordingRule {
  /** The guide's query for the same figure. */
  readonly guide: string;
  /** What the guide's query answers otherwise. */
  readonly difference: string;
  readonly unit: "seconds" | "ratio" | "requests/s";
}

/** Names of the series; all have the labels `namespace` and `service`. */
export const SERVICE_SERIES = {
  throughput: "service:http_requests:rate5m",
  /** Requests/s that were answered within `le` seconds, of all pods. Label `le`. */
  buckets: "service:http_request_duration_seconds_bucket:rate5m",
  /** Requests/s that were answered with a 5xx. */
  failed: "service:http_requests_failed:rate5m",
  errorRatio: "service:http_requests:error_ratio_rate5m",
  p50: "service:http_request_duration_seconds:p50_5m",
  p95: "service:http_request_duration_seconds:p95_5m",
  p99: "service:http_request_duration_seconds:p99_5m",
  /** Label `cache`. */
  hitRatio: "service:redis_cache_hit:ratio_rate5m",
  /** Requests in flight by slots of all pods, mean of 5 minutes. */
  saturation: "service:saturation:ratio_avg5m",
  /** p99 of the pod in which the event loop lags most, seconds. */
  eventLoopLag: "service:nodejs_eventloop_lag_p99_seconds:max",
  /** Heap in use of the largest process, bytes, and what it gains a second over an hour. */
  heap: "service:nodejs_heap_size_used_bytes:max",
  heapGrowth: "service:nodejs_heap_size_used_bytes:deriv1h",
  /** CPU by what the pods request, and memory of the fullest pod by its limit. */
  cpu: "service:cpu_utilization:ratio_rate5m",
  memory: "service:memory_utilization:max",
} as const;

export type ServiceFigure = keyof typeof SERVICE_SERIES;

/** By which series of services are told apart. */
export const BY_SERVICE = ["namespace", "service"] as const;

/** One of these series, of all services of a namespace. @param more matchers besides: `le="+Inf"` */
export function serviceSeries(namespace: string, figure: ServiceFigure, more?: string): string {
  return `${SERVICE_SERIES[figure]}{${matchers({ namespace })}${more === undefined ? "" : `,${more}`}}`;
}

/** Figures of the plan that are no promise: their `metric`. */
export type PlannedFigure = "baseRps" | "cpuCores" | "heapBytes" | "maxUtilization" | "memoryBytes" | "slots";

/** A figure of the plan of each service. */
export function plannedFigure(namespace: string, metric: PlannedFigure): string {
  return targetSeries({ namespace, metric });
}

/** `left <operator> right`, each of one value for each service. */
export function perService(left: string, operator: string, right: string): string {
  return `${left} ${operator} on (${BY_SERVICE.join(", ")}) ${right}`;
}

/**
 * An aggregation of what the pods of each service tell. A matcher of their jobs would have Prometheus merge a list of series for each
 * of them: what else of the namespace tells the same is recorded, too, by its job, and joins no plan.
 *
 * @param more labels that stay besides
 */
export function ofPods(aggregation: string, series: string, more: readonly string[] = []): string {
  return asService(
    `${aggregation} by (${["namespace", "job", ...more].join(", ")}) (${series})`,
    "job",
    more,
  );
}

/** An aggregation of what the cluster tells of the containers of each service. */
export function ofContainers(aggregation: string, series: string): string {
  return asService(`${aggregation} by (namespace, container) (${series})`, "container");
}

/**
 * What other rules of services read: their thousands of series are read once for all of them. To be evaluated before them, in
 * their group.
 */
export function readFirst(namespace: string): RecordingRule[] {
  const of = matchers({ namespace });
  const failed = `rate(http_requests_total{${of},status=~"5.."}[5m])`;
  return [
    rule("buckets", ofPods("sum", `rate(http_server_duration_seconds_bucket{${of}}[5m])`, ["le"])),
    rule("failed", `${ofPods("sum", failed)} or ${zeroOf(namespace)}`),
  ];
}

/** Labels are in what is recorded. */
function rule(figure: ServiceFigure, expr: string): RecordingRule {
  return { record: SERVICE_SERIES[figure], expr, each: "service" };
}

/** Zero as long as a process is scraped: the gauge is there from its start, before the first request. */
function zeroOf(namespace: string): string {
  return `0 * ${ofPods("count", `http_requests_in_flight{${matchers({ namespace })}}`)}`;
}

/** Requests/s that were timed, of recorded histograms. */
export function timedRequests(namespace: string): string {
  return `sum by (${BY_SERVICE.join(", ")}) (${serviceSeries(namespace, "buckets", 'le="+Inf"')})`;
}

/** The guide's four queries for each service. They read {@link readFirst}, and each the ones before it. */
export function guideQueries(
  namespace: string,
): Record<"p95" | "hitRatio" | "errorRatio" | "throughput", GuideQuery> {
  const sel = `{${matchers({ namespace })}}`;
  const failed = serviceSeries(namespace, "failed");
  const rateOf = (metric: string): string => `rate(${metric}${sel}[5m])`;
  const hits = ofPods("sum", rateOf("redis_cache_hits_total"), ["cache"]);
  const misses = ofPods("sum", rateOf("redis_cache_misses_total"), ["cache"]);
  return {
    throughput: {
      ...rule("throughput", `${ofPods("sum", rateOf("http_requests_total"))} or ${zeroOf(namespace)}`),
      guide: "sum(rate(http_requests_total[5m]))",
      difference: "nothing before the first request",
      unit: "requests/s",
    },
    errorRatio: {
      ...rule("errorRatio", `${failed} / (${serviceSeries(namespace, "throughput")} > 0) or 0 * ${failed}`),
      guide: 'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m])',
      difference:
        "nothing without errors and 1 with any: both sides have the label status, and a series is divided by itself",
      unit: "ratio",
    },
    p95: {
      ...rule("p95", quantile(namespace, 0.95)),
      guide: "histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))",
      difference: "one figure for each method, route, status and pod, and NaN for those that nobody asked",
      unit: "seconds",
    },
    hitRatio: {
      ...rule("hitRatio", `${hits} / (${hits} + ${misses} > 0)`),
      guide:
        "rate(redis_cache_hits_total[5m]) / (rate(redis_cache_hits_total[5m]) + rate(redis_cache_misses_total[5m]))",
      difference: "one figure for each pod, and NaN while nobody asks",
      unit: "ratio",
    },
  };
}

function quantile(namespace: string, share: number): string {
  const histograms = serviceSeries(namespace, "buckets");
  return perService(
    `histogram_quantile(${share}, ${histograms})`,
    "and",
    `(${timedRequests(namespace)} > 0)`,
  );
}

/** What a pod of the service is given. */
export interface PodOfService {
  /** Requests that it works on at the same time. */
  readonly slots: number;
  readonly cpuCores: number;
  readonly memoryMiB: number;
}

/** Every rule of services but those of their objectives. */
export function serviceRules(namespace: string): RecordingRule[] {
  const sel = `{${matchers({ namespace })}}`;
  // The kubelet has a series for each pod as a whole, too, in which the container has no name.
  const container = `{${matchers({ namespace })},container!=""}`;
  const guide = Object.values(guideQueries(namespace)).map(({ record, expr, each = "service" }) => ({
    record,
    expr,
    each,
  }));
  const busy = ofPods("sum", `avg_over_time(http_requests_in_flight${sel}[5m])`);
  const pods = ofPods("count", `http_requests_in_flight${sel}`);
  const cpu = ofContainers("avg", `rate(container_cpu_usage_seconds_total${container}[5m])`);
  const memory = ofContainers("max", `container_memory_working_set_bytes${container}`);
  return [
    ...readFirst(namespace),
    ...guide,
    rule("p50", quantile(namespace, 0.5)),
    rule("p99", quantile(namespace, 0.99)),
    rule(
      "saturation",
      perService(busy, "/", `(${perService(pods, "*", plannedFigure(namespace, "slots"))})`),
    ),
    rule("eventLoopLag", ofPods("max", `nodejs_eventloop_lag_p99_seconds${sel}`)),
    rule("heap", ofPods("max", `nodejs_heap_size_used_bytes${sel}`)),
    rule("heapGrowth", ofPods("max", `deriv(nodejs_heap_size_used_bytes${sel}[1h])`)),
    rule("cpu", perService(cpu, "/", plannedFigure(namespace, "cpuCores"))),
    rule("memory", perService(memory, "/", plannedFigure(namespace, "memoryBytes"))),
  ];
}
