/**
 * What Prometheus is asked about one workload, as PromQL. Each answers with one value, and with none rather than one that
 * is too low: a fleet must never shrink because somebody stopped measuring.
 */
import type { RecordingRule } from "../monitoring/recording";

/** Pods of one Deployment, as Prometheus finds them in Kubernetes. */
export interface Pods {
  readonly namespace: string;
  readonly deployment: string;
}

/** How far a rate looks back. Four scrapes of 15 s: two of them give a rate, and one may be lost. */
const WINDOW = "1m";

/**
 * Scrapes of one pod within {@link SEEN_WITHIN} from which on Prometheus is taken to know the fleet. Right after a restart it knows
 * some pods and not others, and their sum is too low. A pod that just started has fewer, so the one with the most counts.
 */
const SEEN_SCRAPES = 4;

/** Long enough for four scrapes of 30 s. */
const SEEN_WITHIN = "2m";

/**
 * Series of the pods of a Deployment: `<name>-<hash of the template>-<five letters>`. A Deployment whose name begins alike
 * has one part more.
 */
export function podSeries({ namespace, deployment }: Pods): string {
  return `namespace="${namespace}",pod=~"${deployment}-[0-9a-z]+-[0-9a-z]{5}"`;
}

/** Only once Prometheus knows the fleet, by a metric that every pod has from its start on. */
function knowing(expression: string, metric: string, series: string): string {
  return `${expression} and on () (max(count_over_time(${metric}{${series}}[${SEEN_WITHIN}])) >= ${SEEN_SCRAPES})`;
}

const IN_FLIGHT = "http_requests_in_flight";

/** Requests that all pods work on or keep waiting, mean of a minute. */
export function requestsInFlight(pods: Pods): string {
  const series = podSeries(pods);
  return knowing(`sum(avg_over_time(${IN_FLIGHT}{${series}}[${WINDOW}]))`, IN_FLIGHT, series);
}

/** Requests/s that all pods answer. Nothing was asked of a pod that has no counter yet, so the fleet has 0 then. */
export function requestsPerSecond(pods: Pods): string {
  const series = podSeries(pods);
  const answered = `(sum(rate(http_requests_total{${series}}[${WINDOW}])) or 0 * sum(${IN_FLIGHT}{${series}}))`;
  return knowing(answered, IN_FLIGHT, series);
}

/** Requests in flight beyond what all pods work on at the same time: what waits. @param slots of a pod */
export function queueLength(pods: Pods, slots: number): string {
  const series = podSeries(pods);
  const most = `${slots} * count(${IN_FLIGHT}{${series}})`;
  return knowing(
    `clamp_min(sum(avg_over_time(${IN_FLIGHT}{${series}}[${WINDOW}])) - ${most}, 0)`,
    IN_FLIGHT,
    series,
  );
}

/** Connections of clients to all pods of a proxy. @param labels of the series, where the exporter has several of that name */
export function proxyConnections(
  pods: Pods,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): string {
  const more = Object.entries(labels).map(([label, value]) => `,${label}="${value}"`);
  const series = `${podSeries(pods)}${more.join("")}`;
  return knowing(`sum(avg_over_time(${metric}{${series}}[${WINDOW}]))`, metric, series);
}

/** Names of the series: level, metric, operations, as Prometheus's documentation has it. */
export const SCALING_SERIES = {
  requestsPerSecond: "retrofitlink:service_requests:rate1m",
  requestsInFlight: "retrofitlink:service_requests_in_flight:avg1m",
  queueLength: "retrofitlink:service_queue_length:avg1m",
  connections: "retrofitlink:proxy_connections:avg1m",
} as const;

/** What is recorded of a service. @param slots of a pod */
export function serviceRules(pods: Pods, slots: number): RecordingRule[] {
  const labels = { namespace: pods.namespace, service: pods.deployment };
  return [
    { record: SCALING_SERIES.requestsPerSecond, labels, expr: requestsPerSecond(pods) },
    { record: SCALING_SERIES.requestsInFlight, labels, expr: requestsInFlight(pods) },
    { record: SCALING_SERIES.queueLength, labels, expr: queueLength(pods, slots) },
  ];
}

/** What is recorded of a proxy. */
export function proxyRules(
  pods: Pods,
  metric: string,
  labels?: Readonly<Record<string, string>>,
): RecordingRule[] {
  return [
    {
      record: SCALING_SERIES.connections,
      labels: { namespace: pods.namespace, service: pods.deployment },
      expr: proxyConnections(pods, metric, labels),
    },
  ];
}
