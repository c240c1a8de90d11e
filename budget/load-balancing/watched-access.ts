/**
 * What is watched of a proxy's answers, by its access log: an objective at the edge for each public service. What the proxy answers by
 * itself counts like what the service answers; the service's own figures do not have it.
 */
import { percent } from "../core/format";
import type { Alert, ExampleSeries } from "../monitoring/alert";
import { seriesOf, type Workload } from "../monitoring/series";
import { slos, type Slo, type SloRules } from "../monitoring/slo";
import { SERVICE, told } from "../monitoring/told";
import type { Watched } from "../monitoring/watched";
import { ACCESS_SERIES, accessBuckets, accessOf } from "./access-metrics";
import { accessPanels } from "./access-panels";
import {
  PERCENTILES,
  accessRules,
  answered,
  inTime,
  labelsOf,
  promisedBuckets,
  rate,
  series,
  type WatchedAccess,
} from "./access-rules";

/** Share of requests that are denied for their number at which it is no longer a single client. */
const DENIED = 0.05;

/** Requests/s below which a share of them says nothing. */
const FEW = 1;

const ABOUT = { noun: "proxy", dashboard: "load-balancer" } as const;

/** Rules, alerts and panels of the proxy's answers. */
export function watchAccess(of: WatchedAccess): Watched {
  const objectives = edgeObjectives(of);
  return {
    rules: [...accessRules(of), ...objectives.flatMap(({ rules }) => rules)],
    alerts: [...objectives.flatMap(({ alerts }) => alerts), denies(of), unmeasured(of)],
    panels: accessPanels(of, objectives.length > 0),
    targets: [...promisedBuckets(of), ...objectives.flatMap(({ targets }) => targets)],
  };
}

/** Objectives of public services at the edge: errors, and the share of answers within each percentile's promise. */
export function edgeObjectives(of: WatchedAccess): SloRules[] {
  const { services } = of;
  const [first] = services;
  const { requests } = ACCESS_SERIES;
  const key = "retrofitlink:services.<name>.budget";
  const common = { labels: labelsOf(of), subject: SERVICE, each: "public service" } as const;
  const errors: Slo = {
    ...common,
    name: "ProxyErrors",
    bad: `sum by (service) (${rate(of, requests, 'code="5xx"')})`,
    all: `sum by (service) (${rate(of, requests)})`,
    subjects: services.map(({ name, budget }) => ({
      labels: { service: name },
      objective: 1 - budget.errorRatio.target,
    })),
    example: (share, perMinute) => failing(of, first.name, share, perMinute),
    about: {
      ...ABOUT,
      summary: `Clients of ${SERVICE} get errors from ${of.job}, its own refusals among them,`,
      impact: "Users see an error page, also where the service itself has no errors.",
      keys: [`${key}.errorRatio`],
    },
  };
  const slow = PERCENTILES.map(({ metric, percentile, share }): Slo => {
    const promise = told({ metric, step: "target" }, "humanizeDuration");
    return {
      ...common,
      name: "ProxySlow",
      labels: { ...common.labels, percentile },
      bad: `${answered(of)} - ${inTime(of, percentile)}`,
      all: answered(of),
      subjects: services.map(({ name }) => ({ labels: { service: name }, objective: share })),
      example: (bad, perMinute) => late(of, first.name, first.budget[metric].target, bad, perMinute),
      about: {
        ...ABOUT,
        summary: `${of.job} waits for ${SERVICE} longer than ${promise}`,
        impact: `Pages are slow: more than ${percent(1 - share)} of requests wait longer than was promised.`,
        keys: [`${key}.${metric}`],
      },
    };
  });
  return slos([errors, ...slow]);
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

function firstOf({ services }: WatchedAccess): string {
  return services[0].name;
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
