/** Series of a service in which something is so: the other half of each of its alerts, from which their tests follow. */
import type { ExampleSeries } from "../monitoring/alert";
import { seriesOf, type Workload } from "../monitoring/series";

/** Name of a pod, as a Deployment makes it. */
export function examplePod({ job }: Workload): string {
  return `${job}-6d9c7b58f4-x2x2x`;
}

/** A series that the pod itself tells. */
export function ofPod(of: Workload, metric: string, more?: string): string {
  const labels = seriesOf(of, `pod="${examplePod(of)}"${more === undefined ? "" : `,${more}`}`);
  return `${metric}{${labels}}`;
}

/** A series that the kubelet or kube-state-metrics tells of its container. */
export function ofContainer(of: Workload, metric: string, more?: string): string {
  const labels = `namespace="${of.namespace}",pod="${examplePod(of)}",container="${of.job}"`;
  return `${metric}{${labels}${more === undefined ? "" : `,${more}`}}`;
}

const ROUTE = 'method="GET",route="/api/properties"';

/** Requests of which a share fails. */
export function failing(of: Workload, share: number, perMinute: number): ExampleSeries[] {
  const requests = (status: number, count: number): ExampleSeries => ({
    series: ofPod(of, "http_requests_total", `${ROUTE},status="${status}"`),
    perMinute: count,
  });
  return [
    { series: ofPod(of, "http_requests_in_flight"), start: 1 },
    requests(200, (1 - share) * perMinute),
    requests(503, share * perMinute),
  ];
}

/** Requests with a histogram. @param below share of them within each bound, by bound */
function timed(
  of: Workload,
  below: (bound: number) => number,
  buckets: readonly number[],
  perMinute: number,
): ExampleSeries[] {
  const status = `${ROUTE},status="200"`;
  // What is timed of all requests, and by route.
  const histograms = [
    ["http_server_duration_seconds", ""],
    ["http_request_duration_seconds", `${status},`],
  ] as const;
  return [
    ...failing(of, 0, perMinute),
    ...histograms.flatMap(([name, labels]) =>
      [...buckets.map((bound) => [String(bound), below(bound)] as const), ["+Inf", 1] as const].map(
        ([le, share]): ExampleSeries => ({
          series: ofPod(of, `${name}_bucket`, `${labels}le="${le}"`),
          perMinute: share * perMinute,
        }),
      ),
    ),
    { series: ofPod(of, "http_request_duration_seconds_count", status), perMinute },
  ];
}

/** Requests of which a share takes longer than a bound of the histogram. */
export function slow(
  of: Workload,
  seconds: number,
  buckets: readonly number[],
  share: number,
  perMinute: number,
): ExampleSeries[] {
  return timed(of, (bound) => (bound < seconds ? 0 : 1 - share), buckets, perMinute);
}

/** Requests whose percentile is a number of seconds, as Prometheus interpolates it within a bucket. */
export function atQuantile(
  of: Workload,
  quantile: number,
  seconds: number,
  buckets: readonly number[],
  perMinute: number,
): ExampleSeries[] {
  const above = buckets.find((bound) => bound >= seconds) ?? seconds;
  const below = buckets.filter((bound) => bound < seconds).at(-1) ?? 0;
  // Of the bucket `part` is below the percentile. What is in it and what is below it come to the quantile.
  const part = (seconds - below) / (above - below);
  const [before, within] =
    part <= quantile ? [(quantile - part) / (1 - part), (1 - quantile) / (1 - part)] : [0, quantile / part];
  return timed(of, (bound) => (bound <= below ? before : before + within), buckets, perMinute);
}
