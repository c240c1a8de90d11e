/** What is watched in the run of `make performance-page`: the reference backend and its cache, against the default budget. */
import { DEFAULT_BUDGET, type Threshold } from "../../budget/core/performance-budget";
import type { Alert } from "../../budget/monitoring/alert";
import type { Panel, PanelBound } from "../../budget/monitoring/panel";
import { seriesOf } from "../../budget/monitoring/series";
import { NOTHING_WATCHED, type Watched } from "../../budget/monitoring/watched";

/** Namespace of the run's series. */
export const NAMESPACE = "retrofitlink";

const backend = (more?: string): string => seriesOf({ namespace: NAMESPACE, job: "backend" }, more);
const redis = seriesOf({ namespace: NAMESPACE, job: "redis-cache" });

const bounds = ({ target, critical }: Threshold, worseWhen: PanelBound["worseWhen"]): PanelBound[] => [
  { value: target, worseWhen, label: "promise" },
  { value: critical, worseWhen, label: "alarm" },
];

const quantile = (share: number, window: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(http_request_duration_seconds_bucket{${backend()}}[${window}])))`;
/** Without a failure there is no series of failures: the gauge is there as long as a process is. */
const zero = `0 * count(http_requests_in_flight{${backend()}})`;
const requests = (window: string, more?: string): string =>
  `sum(rate(http_requests_total{${backend(more)}}[${window}]))`;
const errors = (window: string): string =>
  `(${requests(window, 'status=~"5.."')} or ${zero}) / (${requests(window)} > 0)`;
const hits = (window: string): string => {
  const of = (what: string): string =>
    `sum by (cache) (rate(redis_cache_${what}_total{${backend()}}[${window}]))`;
  return `${of("hits")} / (${of("hits")} + ${of("misses")} > 0)`;
};

const DASHBOARD = "performance" as const;
const NOW = "1m";
const RATE = "$__rate_interval";

const BUDGET = DEFAULT_BUDGET;
const LATENCY = bounds(BUDGET.responseTimeP95Seconds, "higher");
const ERRORS = bounds(BUDGET.errorRatio, "higher");
const HITS = bounds(BUDGET.cacheHitRatio, "lower");

const PANELS: readonly Panel[] = [
  {
    id: "backend-p95-now",
    dashboard: DASHBOARD,
    row: "Budget",
    title: "95 % answered within",
    description: "Response time at the service, 95th percentile of the last minute.",
    unit: "seconds",
    kind: "stat",
    queries: [{ expr: quantile(0.95, NOW), legend: "p95" }],
    bounds: LATENCY,
  },
  {
    id: "backend-p99-now",
    dashboard: DASHBOARD,
    row: "Budget",
    title: "99 % answered within",
    description: "Response time at the service, 99th percentile of the last minute.",
    unit: "seconds",
    kind: "stat",
    queries: [{ expr: quantile(0.99, NOW), legend: "p99" }],
    bounds: bounds(BUDGET.responseTimeP99Seconds, "higher"),
  },
  {
    id: "backend-errors-now",
    dashboard: DASHBOARD,
    row: "Budget",
    title: "Requests that fail",
    description: "Share of the last minute's requests that are answered with a 5xx.",
    unit: "ratio",
    kind: "stat",
    queries: [{ expr: errors(NOW), legend: "errors" }],
    bounds: ERRORS,
  },
  {
    id: "backend-hits-now",
    dashboard: DASHBOARD,
    row: "Budget",
    title: "Answered from the cache",
    description: "Share of the last minute's look-ups that are hits.",
    unit: "ratio",
    kind: "stat",
    queries: [{ expr: hits(NOW).replaceAll("sum by (cache)", "sum"), legend: "hits" }],
    bounds: HITS,
  },
  {
    id: "backend-latency",
    dashboard: DASHBOARD,
    row: "backend: what users notice",
    title: "Response time",
    description: "How long users wait. A bad picture: the 95th percentile stays above its first line.",
    unit: "seconds",
    queries: [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share, RATE), legend: `p${100 * share}` })),
    bounds: LATENCY,
  },
  {
    id: "backend-errors",
    dashboard: DASHBOARD,
    row: "backend: what users notice",
    title: "Errors",
    description:
      "Share of requests answered with a 5xx. A bad picture: anything above the first line for minutes.",
    unit: "ratio",
    queries: [{ expr: errors(RATE), legend: "errors" }],
    bounds: ERRORS,
  },
  {
    id: "backend-throughput",
    dashboard: DASHBOARD,
    row: "backend: load",
    title: "Throughput by status",
    description:
      "Requests that are answered, by the status of the answer. A bad picture: it falls while users are there.",
    unit: "requests/s",
    queries: [
      { expr: `sum by (status) (rate(http_requests_total{${backend()}}[${RATE}]))`, legend: "{{status}}" },
    ],
  },
  {
    id: "backend-event-loop",
    dashboard: DASHBOARD,
    row: "backend: load",
    title: "Event-loop lag, 99th percentile",
    description: "How late a process comes to its next task. A bad picture: it grows with the load.",
    unit: "seconds",
    queries: [{ expr: `max by (pod) (nodejs_eventloop_lag_p99_seconds{${backend()}})`, legend: "{{pod}}" }],
  },
  {
    id: "cache-hits",
    dashboard: DASHBOARD,
    row: "redis-cache",
    title: "Answered from the cache",
    description:
      "Share of look-ups that are hits. A bad picture: it falls below the lines, and the database has the work.",
    unit: "ratio",
    queries: [{ expr: hits(RATE), legend: "{{cache}}" }],
    bounds: HITS,
  },
  {
    id: "cache-memory",
    dashboard: DASHBOARD,
    row: "redis-cache",
    title: "Memory",
    description: "What values take, of what they may. A bad picture: it stands at its limit while hits fall.",
    unit: "bytes",
    queries: [
      { expr: `redis_memory_used_bytes{${redis}}`, legend: "used by {{pod}}" },
      { expr: `redis_memory_max_bytes{${redis}} > 0`, legend: "limit of {{pod}}" },
    ],
  },
];

/** Long enough to be sure, short enough for a run of minutes. */
const ALERT_WINDOW_SECONDS = 10;

export const ERRORS_ALERT: Alert = {
  name: "ServiceErrors",
  tier: "P0",
  condition: {
    kind: "threshold",
    values: [errors(`${ALERT_WINDOW_SECONDS}s`)],
    comparison: ">",
    threshold: BUDGET.errorRatio.critical,
    example: () => [],
  },
  forSeconds: 4,
  windowSeconds: ALERT_WINDOW_SECONDS,
  labels: { service: "backend" },
  noun: "service",
  summary: `More than ${100 * BUDGET.errorRatio.critical} % of backend's requests fail.`,
  impact: "Users cannot sign in.",
  dashboard: DASHBOARD,
  keys: ["budget.errorRatio"],
};

export const SHOWN: Watched = { ...NOTHING_WATCHED, panels: PANELS, alerts: [ERRORS_ALERT] };
