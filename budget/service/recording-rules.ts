/**
 * The guide's four monitoring queries as recording rules of Prometheus.
 *
 * Each rule returns the right figure without traffic, without errors and with errors only; the guide's own text does not. A
 * ratio without traffic has no value: response time and hit ratio have none then. Error ratio and throughput are 0 without
 * traffic as long as a process is scraped. When no process is scraped they have no value, so that an absent service is never
 * taken for a healthy one.
 */
export interface RecordingRule {
  /** Name of the new series: level, metric, operations, as Prometheus's documentation has it. */
  readonly record: string;
  /** PromQL. */
  readonly expr: string;
  /** The guide's query for the same figure. */
  readonly guide: string;
  /** What the guide's query answers otherwise. */
  readonly difference: string;
  readonly unit: "seconds" | "ratio" | "requests/s";
}

/** Zero as long as a process is scraped: the gauge is there from its start, before the first request. */
const ZERO = "0 * count(http_requests_in_flight)";
const REQUESTS = "sum(rate(http_requests_total[5m]))";
const FAILED = 'sum(rate(http_requests_total{status=~"5.."}[5m]))';
const HITS = "sum by (cache) (rate(redis_cache_hits_total[5m]))";
const MISSES = "sum by (cache) (rate(redis_cache_misses_total[5m]))";

export const RECORDING_RULES: readonly RecordingRule[] = [
  {
    record: "retrofitlink:http_request_duration_seconds:p95_5m",
    expr:
      "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))" +
      ` and on () (${REQUESTS} > 0)`,
    guide: "histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))",
    difference: "one figure for each method, route, status and pod, and NaN for those that nobody asked",
    unit: "seconds",
  },
  {
    record: "retrofitlink:redis_cache_hit:ratio_rate5m",
    expr: `${HITS} / (${HITS} + ${MISSES} > 0)`,
    guide:
      "rate(redis_cache_hits_total[5m]) / (rate(redis_cache_hits_total[5m]) + rate(redis_cache_misses_total[5m]))",
    difference: "one figure for each pod, and NaN while nobody asks",
    unit: "ratio",
  },
  {
    record: "retrofitlink:http_requests:error_ratio_rate5m",
    expr: `(${FAILED} or ${ZERO}) / (${REQUESTS} > 0) or ${ZERO}`,
    guide: 'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m])',
    difference:
      "nothing without errors and 1 with any: both sides have the label status, and a series is divided by itself",
    unit: "ratio",
  },
  {
    record: "retrofitlink:http_requests:rate5m",
    expr: `${REQUESTS} or ${ZERO}`,
    guide: "sum(rate(http_requests_total[5m]))",
    difference: "nothing before the first request",
    unit: "requests/s",
  },
];

/** The rules as Prometheus reads them from a file; JSON is YAML. */
export function recordingRulesFile(rules: readonly RecordingRule[] = RECORDING_RULES): string {
  const group = {
    name: "retrofitlink-performance",
    rules: rules.map(({ record, expr }) => ({ record, expr })),
  };
  return `${JSON.stringify({ groups: [group] }, undefined, 2)}\n`;
}
