/** What Prometheus keeps of a proxy's answers, from its access log. */
import type { RecordingRule } from "../monitoring/recording";
import { matchers, seriesOf, type Workload } from "../monitoring/series";
import type { ExportedTarget } from "../monitoring/watched";
import { bucketLabels } from "../service/buckets";
import { ACCESS_SERIES, accessOf, type EdgeBudget } from "./access-metrics";

/** A service that is reached through the proxy. */
export interface EdgeService {
  readonly name: string;
  readonly budget: EdgeBudget;
}

/** What is watched follows from it. */
export interface WatchedAccess extends Workload {
  /** All public services, whose objectives are the same rules. At least one; tests follow from the first. */
  readonly services: readonly [EdgeService, ...EdgeService[]];
}

/** Names of what Prometheus keeps; all have the labels `namespace`, `proxy` and `service`. */
export const EDGE_SERIES = {
  /** Label `route`. */
  throughput: "proxy:requests:rate5m",
  /** 0 without requests. */
  errorRatio: "proxy:requests:error_ratio_rate5m",
  /** Labels `status` and `reason`. */
  refusals: "proxy:refusals:rate5m",
  /** Answers/s that began within `le` seconds, label `le`. */
  buckets: "proxy:request_duration_seconds_bucket:rate5m",
  /** Share of the answers that began within the promise, by `percentile`. No value without requests. */
  within: "proxy:request_duration_seconds:within_ratio_rate5m",
} as const;

/** Percentiles that a budget promises. */
export const PERCENTILES = [
  { metric: "responseTimeP95Seconds", percentile: "p95", share: 0.95 },
  { metric: "responseTimeP99Seconds", percentile: "p99", share: 0.99 },
] as const;

/** Series of the exporters. @param more matchers besides */
export function series(of: Workload, metric: string, more?: string): string {
  return `${metric}{${seriesOf(accessOf(of), more)}}`;
}

/** What grows each second, over five minutes. */
export function rate(of: Workload, metric: string, more?: string): string {
  return `rate(${series(of, metric, more)}[5m])`;
}

/** Labels that all recorded series of a proxy have. */
export const labelsOf = ({ namespace, job }: Workload): Record<string, string> => ({ namespace, proxy: job });

/** 1 for the bucket whose bound is the promise of a percentile. Labels as of the bucket, and `percentile`. */
const PROMISED_BUCKET = "budget_proxy_bucket";

/** Figures of the plan by which answers in time are counted. */
export function promisedBuckets(of: WatchedAccess): ExportedTarget[] {
  return of.services.flatMap(({ name, budget }) =>
    PERCENTILES.flatMap(({ metric, percentile }) =>
      bucketLabels(budget[metric].target).map((le) => ({
        record: PROMISED_BUCKET,
        labels: { ...labelsOf(of), service: name, percentile, le },
        value: 1,
      })),
    ),
  );
}

/** A recorded series of the proxy. @param more matchers besides */
export function recorded(of: Workload, name: string, more?: string): string {
  return `${name}{${matchers(labelsOf(of))}${more === undefined ? "" : `,${more}`}}`;
}

/** Answers/s of each service. */
export function answered(of: Workload): string {
  return `sum by (service) (${recorded(of, EDGE_SERIES.buckets, 'le="+Inf"')})`;
}

/** Answers/s of each service that began within the promise of a percentile. */
export function inTime(of: Workload, percentile: string): string {
  const promised = recorded(of, PROMISED_BUCKET, `percentile="${percentile}"`);
  return `sum by (service) (${recorded(of, EDGE_SERIES.buckets)} and on (service, le) ${promised})`;
}

/** Rules of all public services at once. */
export function accessRules(of: WatchedAccess): RecordingRule[] {
  const { requests, refusals, duration: times } = ACCESS_SERIES;
  const labels = labelsOf(of);
  const all = `sum by (service) (${rate(of, requests)})`;
  const failed = `sum by (service) (${rate(of, requests, 'code="5xx"')})`;
  const each = "public service";
  return [
    {
      record: EDGE_SERIES.throughput,
      labels,
      expr: `sum by (service, route) (${rate(of, requests)})`,
      each,
    },
    {
      record: EDGE_SERIES.errorRatio,
      labels,
      expr: `(${failed} or 0 * ${all}) / (${all} > 0) or 0 * ${all}`,
      each,
    },
    {
      record: EDGE_SERIES.refusals,
      labels,
      expr: `sum by (service, status, reason) (${rate(of, refusals)})`,
      each,
    },
    {
      record: EDGE_SERIES.buckets,
      labels,
      expr: `sum by (service, le) (${rate(of, `${times}_bucket`)})`,
      each,
    },
    ...PERCENTILES.map(({ percentile }): RecordingRule => ({
      record: EDGE_SERIES.within,
      labels: { ...labels, percentile },
      expr: `${inTime(of, percentile)} / (${answered(of)} > 0)`,
      each,
    })),
  ];
}
