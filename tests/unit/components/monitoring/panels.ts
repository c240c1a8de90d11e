/** A small list of panels as nouns have them. */
import type { Panel } from "../../../../budget/monitoring/panel";

const BACKEND = 'namespace="retrofitlink",job="backend"';

export const LATENCY: Panel = {
  id: "backend-latency",
  dashboard: "performance",
  row: "backend",
  title: "Response time",
  description: "How long users wait. A bad picture: the 95th percentile stays above its line.",
  unit: "seconds",
  queries: [0.5, 0.95, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (rate(http_request_duration_seconds_bucket{${BACKEND}}[$__rate_interval])))`,
    legend: `p${100 * quantile}`,
  })),
  bounds: [
    { value: 0.2, worseWhen: "higher", label: "promise" },
    { value: 0.5, worseWhen: "higher", label: "alarm" },
  ],
};

export const P95: Panel = {
  id: "backend-p95",
  dashboard: "performance",
  row: "Budget",
  title: "backend: 95 % answered within",
  description: "The promise of the budget, now.",
  unit: "seconds",
  kind: "stat",
  queries: [{ expr: "retrofitlink:http_request_duration_seconds:p95_5m", legend: "p95" }],
  bounds: [{ value: 0.2, worseWhen: "higher", label: "promise" }],
};

export const HITS: Panel = {
  id: "backend-hits",
  dashboard: "redis",
  row: "Hits",
  title: "Answered from the cache",
  description:
    "Share of look-ups that are hits. A bad picture: it falls below the line, and the database has to do it.",
  unit: "ratio",
  queries: [{ expr: "retrofitlink:redis_cache_hit:ratio_rate5m", legend: "{{cache}}" }],
  bounds: [
    { value: 0.7, worseWhen: "lower", label: "alarm" },
    { value: 0.8, worseWhen: "lower", label: "warning" },
  ],
};
