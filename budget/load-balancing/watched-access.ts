/**
 * What is watched of a proxy's answers, by its access log: an objective at the edge for each public service. What the proxy answers by
 * itself counts like what the service answers; the service's own figures do not have it.
 */
import { duration, percent } from "../core/format";
import type { Alert, ExampleSeries } from "../monitoring/alert";
import type { Panel, PanelBound } from "../monitoring/panel";
import type { RecordingRule } from "../monitoring/recording";
import { matchers, seriesOf, type Workload } from "../monitoring/series";
import { slo, type Slo, type SloRules } from "../monitoring/slo";
import type { Watched } from "../monitoring/watched";
import { bucketMatcher } from "../service/buckets";
import { ACCESS_SERIES, accessBuckets, accessOf, type EdgeBudget } from "./access-metrics";

/** A service that is reached through the proxy. */
export interface EdgeService {
  readonly name: string;
  readonly budget: EdgeBudget;
}

/** What is watched follows from it. */
export interface WatchedAccess extends Workload {
  /** All public services. At least one. */
  readonly services: readonly EdgeService[];
}

/** Names of what Prometheus keeps; all have the labels `namespace`, `proxy` and `service`. */
export const EDGE_SERIES = {
  /** Label `route`. */
  throughput: "proxy:requests:rate5m",
  /** 0 without requests. */
  errorRatio: "proxy:requests:error_ratio_rate5m",
  /** Labels `status` and `reason`. */
  refusals: "proxy:refusals:rate5m",
  /** Share of the answers that began within the promise, by `percentile`. No value without requests. */
  within: "proxy:request_duration_seconds:within_ratio_rate5m",
} as const;

/** Share of requests that are denied for their number at which it is no longer a single client. */
const DENIED = 0.05;

/** Requests/s below which a share of them says nothing. */
const FEW = 1;

const ABOUT = { noun: "proxy", dashboard: "load-balancer" } as const;
const ROW = { dashboard: "load-balancer", row: "Answers" } as const;

const PERCENTILES = [
  { metric: "responseTimeP95Seconds", percentile: "p95", share: 0.95 },
  { metric: "responseTimeP99Seconds", percentile: "p99", share: 0.99 },
] as const;

/** Rules, alerts and panels of the proxy's answers. */
export function watchAccess(of: WatchedAccess): Watched {
  const objectives = of.services.flatMap((service) => edgeObjectives(of, service));
  return {
    rules: [...accessRules(of), ...objectives.flatMap(({ rules }) => rules)],
    alerts: [...objectives.flatMap(({ alerts }) => alerts), denies(of), unmeasured(of)],
    panels: accessPanels(of, objectives),
    targets: [],
  };
}

/** Series of the exporters. @param more matchers besides */
function series(of: Workload, metric: string, more?: string): string {
  return `${metric}{${seriesOf(accessOf(of), more)}}`;
}

function rate(of: Workload, metric: string, more?: string): string {
  return `rate(${series(of, metric, more)}[5m])`;
}

const labelsOf = ({ namespace, job }: Workload): Record<string, string> => ({ namespace, proxy: job });

function accessRules(of: WatchedAccess): RecordingRule[] {
  const { requests, refusals, duration: times } = ACCESS_SERIES;
  const labels = labelsOf(of);
  const all = `sum by (service) (${rate(of, requests)})`;
  const failed = `sum by (service) (${rate(of, requests, 'code="5xx"')})`;
  return [
    { record: EDGE_SERIES.throughput, labels, expr: `sum by (service, route) (${rate(of, requests)})` },
    {
      record: EDGE_SERIES.errorRatio,
      labels,
      expr: `(${failed} or 0 * ${all}) / (${all} > 0) or 0 * ${all}`,
    },
    {
      record: EDGE_SERIES.refusals,
      labels,
      expr: `sum by (service, status, reason) (${rate(of, refusals)})`,
    },
    ...of.services.flatMap(({ name, budget }) =>
      PERCENTILES.map(({ metric, percentile }): RecordingRule => {
        const service = `service="${name}"`;
        const within = rate(of, `${times}_bucket`, `${service},${bucketMatcher(budget[metric].target)}`);
        return {
          record: EDGE_SERIES.within,
          labels: { ...labels, service: name, percentile },
          expr: `sum(${within}) / (sum(${rate(of, `${times}_count`, service)}) > 0)`,
        };
      }),
    ),
  ];
}

/** Objectives of one public service at the edge: errors, and the share of answers within each percentile's promise. */
export function edgeObjectives(of: WatchedAccess, { name, budget }: EdgeService): SloRules[] {
  const { requests, duration: times } = ACCESS_SERIES;
  const labels = { ...labelsOf(of), service: name };
  const service = `service="${name}"`;
  const key = `retrofitlink:services.${name}.budget`;
  const answered = `sum(${rate(of, `${times}_count`, service)})`;
  const errors: Slo = {
    name: "ProxyErrors",
    labels,
    bad: `sum(${rate(of, requests, `${service},code="5xx"`)})`,
    all: `sum(${rate(of, requests, service)})`,
    objective: 1 - budget.errorRatio.target,
    example: (share, perMinute) => failing(of, name, share, perMinute),
    about: {
      ...ABOUT,
      summary: `Clients of ${name} get errors from ${of.job}, its own refusals among them,`,
      impact: "Users see an error page, also where the service itself has no errors.",
      keys: [`${key}.errorRatio`],
    },
  };
  const slow = PERCENTILES.map(({ metric, percentile, share }): Slo => {
    const seconds = budget[metric].target;
    const within = rate(of, `${times}_bucket`, `${service},${bucketMatcher(seconds)}`);
    return {
      name: "ProxySlow",
      labels: { ...labels, percentile },
      bad: `${answered} - sum(${within})`,
      all: answered,
      objective: share,
      example: (bad, perMinute) => late(of, name, seconds, bad, perMinute),
      about: {
        ...ABOUT,
        summary: `${of.job} waits for ${name} longer than ${duration(seconds)}`,
        impact: `Pages are slow: more than ${percent(1 - share)} of requests wait longer than was promised.`,
        keys: [`${key}.${metric}`],
      },
    };
  });
  // A promise of no errors at all has no budget to burn.
  return [errors, ...slow].filter(({ objective }) => objective > 0 && objective < 1).map(slo);
}

/** Refused for their number: no error of the platform, but one of the limit when it hits many. */
function denies(of: WatchedAccess): Alert {
  const { requests, refusals } = ACCESS_SERIES;
  const all = `sum(${rate(of, requests)})`;
  return {
    name: "ProxyDenies",
    tier: "P2",
    labels: { proxy: of.job },
    forSeconds: 600,
    windowSeconds: 300,
    condition: {
      kind: "threshold",
      values: [`sum(${rate(of, refusals, 'status="429"')}) / ${all}`],
      comparison: ">",
      threshold: DENIED,
      guard: `${all} > ${FEW}`,
      example: (share) => [
        ...failing(of, firstOf(of), 0, 600),
        {
          series: example(of, refusals, firstOf(of), 'route="/",status="429",reason="rate limit: requests"'),
          perMinute: 600 * share,
        },
      ],
    },
    ...ABOUT,
    summary: `${of.job} denies {{ $value | humanizePercentage }} of all requests for their number.`,
    impact: "Some clients get 429: an attack, or a limit that is too tight for users behind one address.",
    keys: ["retrofitlink:loadBalancer.rateLimit"],
  };
}

/** The exporter counts nothing of a proxy that runs. The kubelet probes each pod every few seconds, so that a pod without clients counts, too. */
function unmeasured(of: WatchedAccess): Alert {
  const { probes } = ACCESS_SERIES;
  const pod = `pod="${examplePod(of)}"`;
  const up = { series: `up{${seriesOf(of, pod)}}`, start: 1 };
  const heard = `${probes}{${seriesOf(accessOf(of), pod)}}`;
  return {
    name: "ProxyUnmeasured",
    tier: "P2",
    labels: { proxy: of.job },
    forSeconds: 600,
    windowSeconds: 300,
    condition: {
      kind: "state",
      expr: `(up{${seriesOf(of)}} == 1) unless on (pod) (increase(${series(of, probes)}[5m]) > 0)`,
      firing: [up, { series: heard, start: 7 }],
      silent: [up, { series: heard, perMinute: 12 }],
    },
    ...ABOUT,
    summary: "What {{ $labels.pod }} answers is not measured.",
    impact: "None yet. Errors and slow answers at the edge would not be noticed.",
    keys: ["retrofitlink:loadBalancer.proxy"],
  };
}

function accessPanels(of: WatchedAccess, objectives: readonly SloRules[]): Panel[] {
  const { requests, duration: times } = ACCESS_SERIES;
  const sel = `{${matchers(labelsOf(of))}}`;
  return [
    ...(objectives.length === 0
      ? []
      : [
          {
            ...ROW,
            id: "proxy-budget-left",
            title: "Error budget left at the edge",
            description:
              "Of each objective, over a month: 1 is untouched, 0 is used up. A bad picture: the curve falls faster than the month.",
            unit: "ratio" as const,
            queries: [
              {
                expr: `min by (service, slo, percentile) (slo:error_budget_left:ratio30d${sel})`,
                legend: "{{slo}} of {{service}} {{percentile}}",
              },
            ],
            bounds: [{ value: 0, worseWhen: "lower" as const, label: "used up" }],
          },
        ]),
    {
      ...ROW,
      id: "proxy-answers",
      title: "Answers by class",
      description:
        "What clients get, refusals of the proxy among them. 5xx without errors of the service come from the proxy.",
      unit: "requests/s",
      queries: [{ expr: `sum by (code) (${rate(of, requests)})`, legend: "{{code}}" }],
    },
    {
      ...ROW,
      id: "proxy-errors",
      title: "Errors at the edge",
      description:
        "Share of answers that are a 5xx, of a service or of the proxy itself. A bad picture: above the first line for longer than a rollout.",
      unit: "ratio",
      queries: [{ expr: `${EDGE_SERIES.errorRatio}${sel}`, legend: "{{service}}" }],
      bounds: boundsOf(of, ({ budget: { errorRatio } }) => [
        { value: errorRatio.target, worseWhen: "higher", label: "promise" },
        { value: errorRatio.critical, worseWhen: "higher", label: "alarm" },
      ]),
    },
    {
      ...ROW,
      id: "proxy-within",
      title: "Answers within the promise",
      description:
        "Share of answers that began within the promise of each percentile, counted at the proxy. A bad picture: p95 below 95 %.",
      unit: "ratio",
      queries: [{ expr: `${EDGE_SERIES.within}${sel}`, legend: "{{service}} {{percentile}}" }],
      bounds: PERCENTILES.map(({ share, percentile }): PanelBound => ({
        value: share,
        worseWhen: "lower",
        label: percentile,
      })),
    },
    {
      ...ROW,
      id: "proxy-times",
      title: "Waiting for the service",
      description:
        "95th percentile until an answer begins, as the proxy sees it: with the connection, the queue and a second attempt.",
      unit: "seconds",
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (service, le) (${rate(of, `${times}_bucket`)}))`,
          legend: "{{service}}",
        },
      ],
      bounds: boundsOf(of, ({ budget: { responseTimeP95Seconds: p95 } }) => [
        { value: p95.target, worseWhen: "higher", label: "promise" },
      ]),
    },
    {
      ...ROW,
      id: "proxy-routes",
      title: "Requests by path",
      description:
        "Of each public service, by the paths that the stack names. `none` belonged to no service.",
      unit: "requests/s",
      queries: [{ expr: `${EDGE_SERIES.throughput}${sel}`, legend: "{{service}}{{route}}" }],
    },
    {
      ...ROW,
      id: "proxy-refusals",
      title: "Answers of the proxy's own",
      description:
        "Requests that no service answered. 429 is the rate limit, 503 admission, 502 and 504 a service that does not answer.",
      unit: "requests/s",
      queries: [{ expr: `${EDGE_SERIES.refusals}${sel}`, legend: "{{service}} {{status}} {{reason}}" }],
    },
  ];
}

/** Bounds of all services, those that are equal once. */
function boundsOf(of: WatchedAccess, bounds: (service: EdgeService) => PanelBound[]): PanelBound[] {
  const all = of.services.flatMap(bounds);
  return all.filter((one, index) => all.findIndex(({ value }) => value === one.value) === index);
}

function firstOf({ services }: WatchedAccess): string {
  return services[0]?.name ?? "";
}

const examplePod = ({ job }: Workload): string => `${job}-6d9c7b58f4-x2x2x`;

function example(of: Workload, metric: string, service: string, more: string): string {
  return series(of, metric, `pod="${examplePod(of)}",service="${service}",${more}`);
}

/** Answers of which a share is a 5xx. */
function failing(of: Workload, service: string, share: number, perMinute: number): ExampleSeries[] {
  const answers = (code: string, count: number): ExampleSeries => ({
    series: example(of, ACCESS_SERIES.requests, service, `route="/",code="${code}"`),
    perMinute: count,
  });
  return [answers("2xx", (1 - share) * perMinute), answers("5xx", share * perMinute)];
}

/** Answers of which a share begins later than a bound. */
function late(
  of: WatchedAccess,
  service: string,
  seconds: number,
  share: number,
  perMinute: number,
): ExampleSeries[] {
  const times = (suffix: string, le: string, count: number): ExampleSeries => ({
    series: example(of, `${ACCESS_SERIES.duration}_${suffix}`, service, `route="/"${le}`),
    perMinute: count,
  });
  return [
    ...accessBuckets(of.services.map(({ budget }) => budget)).map((bound) =>
      times("bucket", `,le="${bound}"`, bound < seconds ? 0 : (1 - share) * perMinute),
    ),
    times("bucket", ',le="+Inf"', perMinute),
    times("count", "", perMinute),
  ];
}
