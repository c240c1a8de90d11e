/** What is watched of a service: whether it keeps its budget, and what goes before it breaks. */
import { duration, percent } from "../core/format";
import { BUDGET_METRIC_NAMES } from "../core/performance-budget";
import type { Alert, ThresholdCondition } from "../monitoring/alert";
import { seriesOf } from "../monitoring/series";
import { leastEvents, slo, type Slo, type SloRules } from "../monitoring/slo";
import { NOTHING_WATCHED, together, type ExportedTarget, type Watched } from "../monitoring/watched";
import { bucketMatcher, responseTimeBuckets } from "./buckets";
import { atQuantile, failing, ofPod, slow } from "./example-series";
import { serviceLabels, serviceRules, serviceSeries, timedRequests } from "./recording-rules";
import { FIVE_MINUTES, FOR_SECONDS, about, steps, type WatchedService } from "./watched-parts";
import { podAlerts } from "./watched-pods";

export type { WatchedService } from "./watched-parts";

/** Rules, alerts and targets of one service. Its panels are those of all services, see {@link servicePanels}. */
export function watchService(of: WatchedService): Watched {
  const own: Watched = {
    rules: serviceRules(of, of.pod),
    alerts: [
      ...errorAlerts(of),
      ...latencyAlerts(of),
      ...throughputAlerts(of),
      absentAlert(of),
      unmeasuredAlert(of),
      ...podAlerts(of),
    ],
    panels: [],
    targets: budgetTargets(of),
  };
  return together([own, ...serviceObjectives(of).map((one) => ({ ...NOTHING_WATCHED, ...one }))]);
}

/** Objectives that follow from the budget: errors, and the share of requests within each percentile's promise. */
export function serviceObjectives(of: WatchedService): SloRules[] {
  const { budget } = of;
  const labels = serviceLabels(of);
  const buckets = responseTimeBuckets(budget);
  const requests = `sum(${serviceSeries(of, "throughput")})`;
  const counted = `sum(${timedRequests(of)})`;
  const errors: Slo = {
    name: "ServiceErrors",
    labels,
    bad: `sum(${serviceSeries(of, "failed")})`,
    all: requests,
    objective: 1 - budget.errorRatio.target,
    example: (share, perMinute) => failing(of, share, perMinute),
    about: about(of, ["errorRatio"], `${of.job} answers with errors`, "Some of what users do fails."),
  };
  const latency = PERCENTILES.map(({ metric, share, percentile }): Slo => {
    const seconds = budget[metric].target;
    const within = `sum(${serviceSeries(of, "buckets", bucketMatcher(seconds))})`;
    return {
      name: "ServiceSlow",
      labels: { ...labels, percentile },
      bad: `${counted} - ${within}`,
      all: counted,
      objective: share,
      example: (bad, perMinute) => slow(of, seconds, buckets, bad, perMinute),
      about: about(
        of,
        [metric],
        `${of.job} takes longer than ${duration(seconds)}`,
        `Pages are slow: more than ${percent(1 - share)} of requests wait longer than was promised.`,
      ),
    };
  });
  // A promise of no errors at all has no budget to burn; any error is above its thresholds.
  return [errors, ...latency].filter(({ objective }) => objective > 0 && objective < 1).map(slo);
}

const PERCENTILES = [
  { metric: "responseTimeP95Seconds", figure: "p95", percentile: "p95", share: 0.95 },
  { metric: "responseTimeP99Seconds", figure: "p99", percentile: "p99", share: 0.99 },
] as const;

function errorAlerts(of: WatchedService): Alert[] {
  return steps(of, "errorRatio", { warning: "P2", critical: "P0" }).flatMap(
    ({ step, bound, tier }): Alert[] => {
      if (bound >= 1) return [];
      const least = leastEvents(1 - bound);
      return [
        {
          name: "ServiceErrorRatio",
          tier,
          labels: { ...serviceLabels(of), step },
          forSeconds: FOR_SECONDS[step],
          windowSeconds: FIVE_MINUTES,
          condition: {
            kind: "threshold",
            values: [serviceSeries(of, "errorRatio")],
            comparison: ">",
            threshold: bound,
            guard: enough(of, least),
            example: (share) => failing(of, share, (2 * least) / 5),
          },
          ...about(
            of,
            ["errorRatio"],
            `${of.job} answers {{ $value | humanizePercentage }} of requests with errors; ${percent(bound)} is ${step}.`,
            "What users do fails, at once and for many of them.",
          ),
        },
      ];
    },
  );
}

function latencyAlerts(of: WatchedService): Alert[] {
  const buckets = responseTimeBuckets(of.budget);
  return PERCENTILES.flatMap(({ metric, figure, percentile, share }) =>
    steps(of, metric, { warning: "P2", critical: percentile === "p95" ? "P0" : "P1" }).map(
      ({ step, bound, tier }): Alert => {
        const least = leastEvents(share);
        const condition: ThresholdCondition = {
          kind: "threshold",
          values: [serviceSeries(of, figure)],
          comparison: ">",
          threshold: bound,
          guard: enough(of, least),
          example: (seconds) => atQuantile(of, share, seconds, buckets, (2 * least) / 5),
        };
        return {
          name: "ServiceResponseTime",
          tier,
          labels: { ...serviceLabels(of), percentile, step },
          forSeconds: FOR_SECONDS[step],
          windowSeconds: FIVE_MINUTES,
          condition,
          ...about(
            of,
            [metric],
            `${of.job} answers with a ${percentile} of {{ $value | humanizeDuration }}; ${duration(bound)} is ${step}.`,
            "Pages are slow, and some never come.",
          ),
        };
      },
    ),
  );
}

/** Requests of five minutes that are enough for a verdict. */
function enough(of: WatchedService, events: number): string {
  return `${FIVE_MINUTES} * ${serviceSeries(of, "throughput")} >= ${events}`;
}

/** Fewer requests than a step are an alarm only where quiet hours have more: nobody is told that it is night. */
function throughputAlerts(of: WatchedService): Alert[] {
  return steps(of, "throughputRps", { warning: "P2", critical: "P1" })
    .filter(({ bound }) => bound < of.baseRps)
    .map(({ step, bound, tier }) => ({
      name: "ServiceThroughput",
      tier,
      labels: { ...serviceLabels(of), step },
      // A rate is too low for the five minutes after Prometheus first saw the service.
      forSeconds: FOR_SECONDS.warning,
      windowSeconds: FIVE_MINUTES,
      condition: {
        kind: "threshold",
        values: [serviceSeries(of, "throughput")],
        comparison: "<",
        threshold: bound,
        example: (rps) => failing(of, 0, rps * 60),
      },
      ...about(
        of,
        ["throughputRps"],
        `${of.job} is asked {{ $value | humanize }} times a second, less than in quiet hours; ${bound} is ${step}.`,
        "Users do not get through to the service, or gave up.",
      ),
      keys: [`${of.key}.budget.throughputRps`, `${of.key}.demand.baseRps`],
    }));
}

function absentAlert(of: WatchedService): Alert {
  const up = { series: ofPod(of, "up") };
  return {
    name: "ServiceAbsent",
    tier: "P0",
    labels: serviceLabels(of),
    forSeconds: 180,
    windowSeconds: 0,
    condition: {
      kind: "state",
      expr: `absent(up{${seriesOf(of)}} == 1)`,
      firing: [],
      silent: [{ ...up, start: 1 }],
    },
    ...about(
      of,
      [],
      `No pod of ${of.job} answers Prometheus.`,
      "Either nothing of it works, or nobody would see if it did not.",
    ),
  };
}

function unmeasuredAlert(of: WatchedService): Alert {
  const up = { series: ofPod(of, "up"), start: 1 };
  return {
    name: "ServiceUnmeasured",
    tier: "P2",
    labels: serviceLabels(of),
    forSeconds: 600,
    windowSeconds: 0,
    condition: {
      kind: "state",
      expr: `absent(http_requests_in_flight{${seriesOf(of)}}) and on () (max(up{${seriesOf(of)}}) == 1)`,
      firing: [up],
      silent: [up, { series: ofPod(of, "http_requests_in_flight"), start: 0 }],
    },
    ...about(
      of,
      [],
      `Pods of ${of.job} answer Prometheus, but count no requests.`,
      "None yet. Errors and response times are unknown, and no other alert can come.",
    ),
  };
}

/** The budget as series: dashboards and alerts join it. */
function budgetTargets({ budget, ...of }: WatchedService): ExportedTarget[] {
  const { namespace, service } = serviceLabels(of);
  return BUDGET_METRIC_NAMES.flatMap((metric) =>
    STEPS.map((step) => ({ labels: { namespace, service, metric, step }, value: budget[metric][step] })),
  );
}

const STEPS = ["target", "warning", "critical"] as const;
