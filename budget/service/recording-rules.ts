/**
 * What Prometheus keeps of a service: the guide's four monitoring queries, and what else its dashboard and its alerts read.
 *
 * Each rule returns the right figure without traffic, without errors and with errors only; the guide's own text does not. A
 * ratio without traffic has no value: response time and hit ratio have none then. Error ratio and throughput are 0 without
 * traffic as long as a process is scraped. When no process is scraped they have no value, so that an absent service is never
 * taken for a healthy one.
 */
import type { RecordingRule } from "../monitoring/recording";
import { matchers, podsOf, seriesOf, type Workload } from "../monitoring/series";

/** A query of the guide, and the rule that answers it. */
export interface GuideQuery extends RecordingRule {
  /** The guide's query for the same figure. */
  readonly guide: string;
  /** What the guide's query answers otherwise. */
  readonly difference: string;
  readonly unit: "seconds" | "ratio" | "requests/s";
}

/** Labels of every series of a service. */
export function serviceLabels({ namespace, job }: Workload): { namespace: string; service: string } {
  return { namespace, service: job };
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

/** One of these series. @param more matchers besides: `le="+Inf"` */
export function serviceSeries(of: Workload, figure: ServiceFigure, more?: string): string {
  const sel = matchers(serviceLabels(of));
  return `${SERVICE_SERIES[figure]}{${sel}${more === undefined ? "" : `,${more}`}}`;
}

/**
 * What other rules of a service read: its thousands of series are read once for all of them. To be evaluated before them, in
 * their group.
 */
export function readFirst(of: Workload): RecordingRule[] {
  const labels = serviceLabels(of);
  const rate = (series: string, more?: string): string => `(rate(${series}{${seriesOf(of, more)}}[5m]))`;
  return [
    {
      record: SERVICE_SERIES.buckets,
      labels,
      expr: `sum by (le) ${rate("http_request_duration_seconds_bucket")}`,
    },
    {
      record: SERVICE_SERIES.failed,
      labels,
      expr: `sum${rate("http_requests_total", 'status=~"5.."')} or ${zeroOf(of)}`,
    },
  ];
}

/** Zero as long as a process is scraped: the gauge is there from its start, before the first request. */
function zeroOf(of: Workload): string {
  return `0 * count(http_requests_in_flight{${seriesOf(of)}})`;
}

/** Requests/s that were timed, of a recorded histogram. */
export function timedRequests(of: Workload): string {
  return serviceSeries(of, "buckets", 'le="+Inf"');
}

/** The guide's four queries for a service. They read {@link readFirst}, and each the ones before it. */
export function guideQueries(
  of: Workload,
): Record<"p95" | "hitRatio" | "errorRatio" | "throughput", GuideQuery> {
  const labels = serviceLabels(of);
  const sel = (more?: string): string => `{${seriesOf(of, more)}}`;
  const failed = serviceSeries(of, "failed");
  const hits = `sum by (cache) (rate(redis_cache_hits_total${sel()}[5m]))`;
  const misses = `sum by (cache) (rate(redis_cache_misses_total${sel()}[5m]))`;
  return {
    throughput: {
      record: SERVICE_SERIES.throughput,
      labels,
      expr: `sum(rate(http_requests_total${sel()}[5m])) or ${zeroOf(of)}`,
      guide: "sum(rate(http_requests_total[5m]))",
      difference: "nothing before the first request",
      unit: "requests/s",
    },
    errorRatio: {
      record: SERVICE_SERIES.errorRatio,
      labels,
      expr: `${failed} / (${serviceSeries(of, "throughput")} > 0) or 0 * ${failed}`,
      guide: 'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m])',
      difference:
        "nothing without errors and 1 with any: both sides have the label status, and a series is divided by itself",
      unit: "ratio",
    },
    p95: {
      record: SERVICE_SERIES.p95,
      labels,
      expr: quantile(of, 0.95),
      guide: "histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))",
      difference: "one figure for each method, route, status and pod, and NaN for those that nobody asked",
      unit: "seconds",
    },
    hitRatio: {
      record: SERVICE_SERIES.hitRatio,
      labels,
      expr: `${hits} / (${hits} + ${misses} > 0)`,
      guide:
        "rate(redis_cache_hits_total[5m]) / (rate(redis_cache_hits_total[5m]) + rate(redis_cache_misses_total[5m]))",
      difference: "one figure for each pod, and NaN while nobody asks",
      unit: "ratio",
    },
  };
}

function quantile(of: Workload, share: number): string {
  return `histogram_quantile(${share}, ${serviceSeries(of, "buckets")}) and on () (${timedRequests(of)} > 0)`;
}

/** What a pod of the service is given. */
export interface PodOfService {
  /** Requests that it works on at the same time. */
  readonly slots: number;
  readonly cpuCores: number;
  readonly memoryMiB: number;
}

/** Every rule of a service but those of its objectives. */
export function serviceRules(of: Workload, pod: PodOfService): RecordingRule[] {
  const labels = serviceLabels(of);
  const sel = `{${seriesOf(of)}}`;
  // The kubelet has a series for the whole pod, too, in which the container has no name.
  const container = `{${podsOf(of)},container="${of.job}"}`;
  const guide = Object.values(guideQueries(of)).map(({ record, expr }) => ({ record, expr, labels }));
  const rule = (figure: ServiceFigure, expr: string): RecordingRule => ({
    record: SERVICE_SERIES[figure],
    expr,
    labels,
  });
  return [
    ...readFirst(of),
    ...guide,
    rule("p50", quantile(of, 0.5)),
    rule("p99", quantile(of, 0.99)),
    rule(
      "saturation",
      `sum(avg_over_time(http_requests_in_flight${sel}[5m])) / (${pod.slots} * count(http_requests_in_flight${sel}))`,
    ),
    rule("eventLoopLag", `max(nodejs_eventloop_lag_p99_seconds${sel})`),
    rule("heap", `max(nodejs_heap_size_used_bytes${sel})`),
    rule("heapGrowth", `max(deriv(nodejs_heap_size_used_bytes${sel}[1h]))`),
    rule("cpu", `avg(rate(container_cpu_usage_seconds_total${container}[5m])) / ${pod.cpuCores}`),
    rule("memory", `max(container_memory_working_set_bytes${container}) / ${pod.memoryMiB * 2 ** 20}`),
  ];
}
