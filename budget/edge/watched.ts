/**
 * What is watched of the CDN, by the series of the runtime package's `CdnMetrics`: the same for CloudFront and Cloudflare.
 *
 * No exporter of Cloudflare is maintained (the last change of lablabs/cloudflare-exporter was in May 2024), and that of
 * CloudWatch has gauges of each period and no hits in requests; `CdnMetrics` reads the same interfaces and counts. Errors of the
 * cloud's load balancer itself are its own alarms' (components/load-balancing/public), and the probe's of the public address.
 */
import type { PerformanceBudget, Threshold } from "../core/performance-budget";
import type { Alert } from "../monitoring/alert";
import { gauge, type Measured } from "../monitoring/conditions";
import type { Panel } from "../monitoring/panel";
import { NOTHING_WATCHED, type Watched } from "../monitoring/watched";
import type { CdnPlan } from "./plan";

/** What the watch of a CDN follows from. */
export interface EdgeWatch {
  /** Of the service that runs `CdnMetrics`. */
  readonly namespace: string;
  readonly plan: CdnPlan;
  readonly budget: Pick<PerformanceBudget, "cacheHitRatio" | "errorRatio">;
}

/** Figures come a minute's at a time and may be late: a window of fifteen minutes has always some, seconds. */
const WINDOW_SECONDS = 900;

/** Requests in a window below which a ratio is chance. */
const LEAST_REQUESTS = 1000;

/** Half of the hour that `CdnMetrics` reads again after a failure: there is time to mend it before figures are lost, seconds. */
export const LATEST_FIGURES_SECONDS = 1800;

const RULES = {
  requests: "provider:cdn_requests:rate15m",
  bytes: "provider:cdn_bytes:rate15m",
  hits: "provider:cdn_hit:ratio_rate15m",
  errors: "provider:cdn_errors:ratio_rate15m",
} as const;

const SHARES = { hits: "cdn_cache_hits_total", errors: "cdn_server_errors_total" } as const;

/** Everything about the CDN of a stack, and its load balancer. */
export function watchEdge(watch: EdgeWatch): Watched {
  return {
    ...NOTHING_WATCHED,
    rules: [
      { record: RULES.requests, expr: perSecond(watch, "cdn_requests_total") },
      { record: RULES.bytes, expr: perSecond(watch, "cdn_bytes_total") },
      { record: RULES.hits, expr: shareOf(watch, SHARES.hits, 0) },
      { record: RULES.errors, expr: shareOf(watch, SHARES.errors, 0) },
    ],
    alerts: alertsOf(watch),
    panels: panelsOf(watch),
  };
}

const seriesOf = ({ namespace }: EdgeWatch): string => `namespace="${namespace}"`;

/** A series of the process that reads the figures, for an example. */
const example = (metric: string, watch: EdgeWatch): string =>
  `${metric}{${seriesOf(watch)},job="backend",pod="backend-0",provider="cloudfront"}`;

function perSecond(watch: EdgeWatch, counter: string): string {
  return `sum by (namespace, provider) (rate(${counter}{${seriesOf(watch)}}[15m]))`;
}

/** A part of the requests. @param least requests/s for a value */
function shareOf(watch: EdgeWatch, part: string, least: number): string {
  return `${perSecond(watch, part)} / (${perSecond(watch, "cdn_requests_total")} > ${least})`;
}

/** A share of the requests, measured where there are enough of them. */
function share(watch: EdgeWatch, part: string, comparison: ">" | "<", threshold: number): Measured {
  return {
    ...gauge(shareOf(watch, part, LEAST_REQUESTS / WINDOW_SECONDS), comparison, threshold, (value) => [
      { series: example(part, watch), perMinute: 6000 * value },
      { series: example("cdn_requests_total", watch), perMinute: 6000 },
    ]),
    windowSeconds: WINDOW_SECONDS,
  };
}

/** Hits / requests when what is cached hits as often as a step of the budget says, or less where less is planned. */
export function hitRatioAt(step: keyof Threshold, { plan, budget }: EdgeWatch): number {
  const all = plan.classes.reduce((sum, { rps }) => sum + rps, 0);
  const hits = plan.classes.reduce(
    (sum, { rps, hitRatio }) => sum + rps * Math.min(hitRatio, budget.cacheHitRatio[step]),
    0,
  );
  return all === 0 ? 0 : hits / all;
}

const COMMON = { noun: "cdn", dashboard: "cdn", forSeconds: 300 } as const;

/** The two steps that tell somebody. */
const STEPS = ["warning", "critical"] as const;

function alertsOf(watch: EdgeWatch): Alert[] {
  const { plan, budget } = watch;
  const end = "cdn_window_end_timestamp_seconds";
  return [
    ...STEPS.map((step): Alert => ({
      ...COMMON,
      name: "CdnErrors",
      tier: step === "critical" ? "P0" : "P2",
      labels: { step },
      ...share(watch, SHARES.errors, ">", budget.errorRatio[step]),
      summary: "{{ $value | humanizePercentage }} of the CDN's answers are errors.",
      impact: "Pages or parts of them do not come.",
      keys: [`retrofitlink:budget.errorRatio.${step}`],
    })),
    // A CDN without a class that is cached has no ratio to keep.
    ...STEPS.filter((step) => hitRatioAt(step, watch) > 0).map((step): Alert => ({
      ...COMMON,
      name: "CdnHitRatioLow",
      tier: step === "critical" ? "P1" : "P2",
      labels: { step },
      ...share(watch, SHARES.hits, "<", hitRatioAt(step, watch)),
      forSeconds: 900,
      summary: "The CDN answers {{ $value | humanizePercentage }} of the requests by itself.",
      impact: "Pages take longer, and the service is asked for what the CDN should have.",
      keys: [`retrofitlink:budget.cacheHitRatio.${step}`, "retrofitlink:cdn.traffic"],
    })),
    {
      ...COMMON,
      name: "CdnTrafficAbovePlan",
      tier: "P2",
      ...gauge(
        `max(max_over_time(${RULES.requests}{${seriesOf(watch)}}[15m]))`,
        ">",
        plan.numbers.peakRps.value,
        (rps) => [{ series: example("cdn_requests_total", watch), perMinute: 60 * rps }],
      ),
      windowSeconds: 2 * WINDOW_SECONDS,
      summary: `Clients ask {{ $value | humanize }} times a second; ${plan.numbers.peakRps.value} are planned.`,
      impact: "None yet. What the CDN passes on may be more than the service is planned for.",
      keys: ["retrofitlink:cdn.traffic.peakRps"],
    },
    {
      ...COMMON,
      name: "CdnFiguresLate",
      tier: "P2",
      ...gauge(`time() - max(${end}{${seriesOf(watch)}})`, ">", LATEST_FIGURES_SECONDS, (seconds) => [
        { series: example(end, watch), start: -seconds, perMinute: 60 },
      ]),
      summary: "The CDN's figures end {{ $value | humanizeDuration }} ago.",
      impact: "None, but nobody would see an error of the CDN.",
      keys: ["retrofitlink:cdn"],
    },
  ];
}

function panelsOf(watch: EdgeWatch): Panel[] {
  const { plan, budget } = watch;
  const of = `{${seriesOf(watch)}}`;
  const bounds = (values: Partial<Record<keyof Threshold, number>>, worseWhen: "higher" | "lower") =>
    Object.entries(values).map(([step, value]) => ({
      value,
      worseWhen,
      label: step === "target" ? "promise" : step === "critical" ? "alarm" : step,
    }));
  const hitBounds = { target: plan.numbers.hitRatio.value, critical: hitRatioAt("critical", watch) };
  const panel = (
    name: string,
    title: string,
    description: string,
    rest: Pick<Panel, "unit" | "queries" | "bounds">,
  ): Panel => ({ id: `cdn-${name}`, dashboard: "cdn", row: "CDN", title, description, ...rest });
  return [
    {
      id: "cdn-performance-hits",
      dashboard: "performance",
      row: "CDN",
      title: "Answered by the CDN",
      description:
        "Hits / requests over all classes of paths. A cliff is a purge of everything or a changed key.",
      unit: "ratio",
      queries: [{ expr: `${RULES.hits}${of}`, legend: "{{provider}}" }],
      bounds: bounds(hitBounds, "lower"),
    },
    panel("requests", "Requests at the edge", "What clients ask, and what is planned.", {
      unit: "requests/s",
      queries: [{ expr: `${RULES.requests}${of}`, legend: "requests" }],
      bounds: [{ value: plan.numbers.peakRps.value, worseWhen: "higher", label: "planned" }],
    }),
    panel("misses", "Passed on", "Requests that a bucket, the images' function or the service answered.", {
      unit: "requests/s",
      queries: [{ expr: `${RULES.requests}${of} * (1 - ${RULES.hits}${of})`, legend: "passed on" }],
    }),
    panel("errors", "Errors of the CDN", "Share of answers with a status of 500 or more.", {
      unit: "ratio",
      queries: [{ expr: `${RULES.errors}${of}`, legend: "errors" }],
      bounds: bounds(budget.errorRatio, "higher"),
    }),
    panel("bytes", "Bytes to clients", "What the CDN sends, and what is paid for.", {
      unit: "bytes/s",
      queries: [{ expr: `${RULES.bytes}${of}`, legend: "bytes" }],
    }),
    panel("origin", "Time of the origin", "For what missed; CloudFront tells the 95th percentile.", {
      unit: "seconds",
      queries: [{ expr: `max(cdn_origin_latency_seconds${of})`, legend: "origin" }],
    }),
    panel(
      "purges",
      "Purged",
      "Paths and tags that were purged. A wave of them explains a cliff of the hits.",
      {
        unit: "operations/s",
        queries: [
          {
            expr: `sum(rate(cdn_invalidated_items_total{namespace="${watch.namespace}"}[15m]))`,
            legend: "purged",
          },
        ],
      },
    ),
  ];
}
