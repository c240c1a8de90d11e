/** What is watched of a service: whether it keeps its budget, and what goes before it breaks. */
import { percent } from "../core/format";
import { BUDGET_METRIC_NAMES } from "../core/performance-budget";
import type { Alert } from "../monitoring/alert";
import { matchers } from "../monitoring/series";
import { LEAST_BAD, leastEvents, slos, type Slo, type SloRules } from "../monitoring/slo";
import { SERVICE } from "../monitoring/told";
import { NOTHING_WATCHED, together, type ExportedTarget, type Watched } from "../monitoring/watched";
import { bucketLabels, responseTimeBuckets } from "./buckets";
import { atQuantile, failing, ofPod, slow } from "./example-series";
import {
  BY_SERVICE,
  ofPods,
  perService,
  plannedFigure,
  serviceRules,
  serviceSeries,
  timedRequests,
} from "./recording-rules";
import {
  FIVE_MINUTES,
  FOR_SECONDS,
  STEPS,
  about,
  keyOf,
  ofPlan,
  plannedFigures,
  stepOf,
  steps,
  toldTarget,
  type WatchedService,
  type WatchedServices,
} from "./watched-parts";
import { podAlerts } from "./watched-pods";

export type { WatchedService, WatchedServices } from "./watched-parts";

/**
 * Rules, alerts and targets of all services of a namespace: each is there once, and joins what it needs of a service's plan. Panels are
 * {@link servicePanels}.
 */
export function watchServices(of: WatchedServices): Watched {
  const own: Watched = {
    rules: serviceRules(of.namespace),
    alerts: [
      ...errorAlerts(of),
      ...latencyAlerts(of),
      ...throughputAlerts(of),
      absentAlert(of),
      unmeasuredAlert(of),
      ...podAlerts(of),
    ],
    panels: [],
    targets: of.services.flatMap(targetsOf),
  };
  return together([own, ...serviceObjectives(of).map((one) => ({ ...NOTHING_WATCHED, ...one }))]);
}

/** 1 for the bucket of a service's histogram whose bound is the promise of a percentile. Labels as of the bucket, and `percentile`. */
const PROMISED_BUCKET = "budget_bucket";

/** Objectives that follow from the budgets: errors, and the share of requests within each percentile's promise. */
export function serviceObjectives(of: WatchedServices): SloRules[] {
  const { namespace, services } = of;
  const [first] = services;
  const labelled = ({ job }: WatchedService): Record<string, string> => ({ service: job });
  const common = { labels: { namespace }, subject: SERVICE, each: "service" } as const;
  const counted = timedRequests(namespace);
  const errors: Slo = {
    ...common,
    name: "ServiceErrors",
    bad: serviceSeries(namespace, "failed"),
    all: serviceSeries(namespace, "throughput"),
    subjects: services.map((one) => ({
      labels: labelled(one),
      objective: 1 - one.budget.errorRatio.target,
    })),
    example: (share, perMinute) => failing(first, share, perMinute),
    about: about(["errorRatio"], `${SERVICE} answers with errors`, "Some of what users do fails."),
  };
  const latency = PERCENTILES.map(({ metric, share, percentile }): Slo => {
    const buckets = serviceSeries(namespace, "buckets");
    const promised = `${PROMISED_BUCKET}{namespace="${namespace}",percentile="${percentile}"}`;
    const by = BY_SERVICE.join(", ");
    return {
      ...common,
      name: "ServiceSlow",
      labels: { namespace, percentile },
      bad: perService(counted, "-", `sum by (${by}) (${buckets} and on (${by}, le) ${promised})`),
      all: counted,
      subjects: services.map((one) => ({ labels: labelled(one), objective: share })),
      example: (bad, perMinute) =>
        slow(first, first.budget[metric].target, responseTimeBuckets(first.budget), bad, perMinute),
      about: about(
        [metric],
        `${SERVICE} takes longer than ${toldTarget(metric, "target", "humanizeDuration")}`,
        `Pages are slow: more than ${percent(1 - share)} of requests wait longer than was promised.`,
      ),
    };
  });
  return slos([errors, ...latency]);
}

const PERCENTILES = [
  { metric: "responseTimeP95Seconds", figure: "p95", percentile: "p95", share: 0.95 },
  { metric: "responseTimeP99Seconds", figure: "p99", percentile: "p99", share: 0.99 },
] as const;

function errorAlerts(of: WatchedServices): Alert[] {
  const { namespace, services } = of;
  return steps({ warning: "P2", critical: "P0" }).map(({ step, tier }): Alert => {
    const beyond = stepOf(of, "errorRatio", step);
    // Of so many requests ten may be bad.
    const events = perService(
      `${FIVE_MINUTES} * ${serviceSeries(namespace, "throughput")}`,
      "*",
      beyond.bounds ?? "",
    );
    return {
      name: "ServiceErrorRatio",
      tier,
      labels: { step },
      forSeconds: FOR_SECONDS[step],
      windowSeconds: FIVE_MINUTES,
      condition: {
        kind: "threshold",
        values: [serviceSeries(namespace, "errorRatio")],
        comparison: ">",
        ...beyond,
        guard: `${events} >= ${LEAST_BAD}`,
        example: (share) => failing(services[0], share, (2 * leastEvents(1 - beyond.threshold)) / 5),
      },
      ...about(
        ["errorRatio"],
        `${SERVICE} answers {{ $value | humanizePercentage }} of requests with errors; ${toldTarget("errorRatio", step, "humanizePercentage")} is ${step}.`,
        "What users do fails, at once and for many of them.",
      ),
    };
  });
}

function latencyAlerts(of: WatchedServices): Alert[] {
  const { namespace, services } = of;
  const [first] = services;
  const buckets = responseTimeBuckets(first.budget);
  return PERCENTILES.flatMap(({ metric, figure, percentile, share }) =>
    steps({ warning: "P2", critical: percentile === "p95" ? "P0" : "P1" }).map(({ step, tier }): Alert => {
      const least = leastEvents(share);
      return {
        name: "ServiceResponseTime",
        tier,
        labels: { percentile, step },
        forSeconds: FOR_SECONDS[step],
        windowSeconds: FIVE_MINUTES,
        condition: {
          kind: "threshold",
          values: [serviceSeries(namespace, figure)],
          comparison: ">",
          ...stepOf(of, metric, step),
          guard: `${FIVE_MINUTES} * ${serviceSeries(namespace, "throughput")} >= ${least}`,
          example: (seconds) => atQuantile(first, share, seconds, buckets, (2 * least) / 5),
        },
        ...about(
          [metric],
          `${SERVICE} answers with a ${percentile} of {{ $value | humanizeDuration }}; ${toldTarget(metric, step, "humanizeDuration")} is ${step}.`,
          "Pages are slow, and some never come.",
        ),
      };
    }),
  );
}

/** Fewer requests than a step are an alarm only where quiet hours have more: nobody is told that it is night. */
function throughputAlerts(of: WatchedServices): Alert[] {
  const { namespace, services } = of;
  return steps({ warning: "P2", critical: "P1" }).map(({ step, tier }): Alert => {
    const { bounds = "", ...beyond } = stepOf(of, "throughputRps", step);
    return {
      name: "ServiceThroughput",
      tier,
      labels: { step },
      // A rate is too low for the five minutes after Prometheus first saw the service.
      forSeconds: FOR_SECONDS.warning,
      windowSeconds: FIVE_MINUTES,
      condition: {
        kind: "threshold",
        values: [serviceSeries(namespace, "throughput")],
        comparison: "<",
        ...beyond,
        bounds: perService(bounds, "<", plannedFigure(namespace, "baseRps")),
        example: (rps) => failing(services[0], 0, rps * 60),
      },
      ...about(
        ["throughputRps"],
        `${SERVICE} is asked {{ $value | humanize }} times a second, less than in quiet hours; ${toldTarget("throughputRps", step, "humanize")} is ${step}.`,
        "Users do not get through to the service, or gave up.",
      ),
      keys: [keyOf("budget.throughputRps"), keyOf("demand.baseRps")],
    };
  });
}

function absentAlert({ namespace, services }: WatchedServices): Alert {
  const up = { series: ofPod(services[0], "up") };
  return {
    name: "ServiceAbsent",
    tier: "P0",
    forSeconds: 180,
    windowSeconds: 0,
    condition: {
      kind: "state",
      // Each service has slots in the plan.
      expr: perService(plannedFigure(namespace, "slots"), "unless", `(${upOf(namespace)} == 1)`),
      firing: [],
      silent: [{ ...up, start: 1 }],
    },
    ...about(
      [],
      `No pod of ${SERVICE} answers Prometheus.`,
      "Either nothing of it works, or nobody would see if it did not.",
    ),
  };
}

function unmeasuredAlert({ namespace, services }: WatchedServices): Alert {
  const [first] = services;
  const up = { series: ofPod(first, "up"), start: 1 };
  return {
    name: "ServiceUnmeasured",
    tier: "P2",
    forSeconds: 600,
    windowSeconds: 0,
    condition: {
      kind: "state",
      // It has a value as long as one process counts its requests.
      expr: perService(
        ofPlan(namespace, `(${upOf(namespace)} == 1)`),
        "unless",
        serviceSeries(namespace, "throughput"),
      ),
      firing: [up],
      silent: [up, { series: ofPod(first, "http_requests_in_flight"), start: 0 }],
    },
    ...about(
      [],
      `Pods of ${SERVICE} answer Prometheus, but count no requests.`,
      "None yet. Errors and response times are unknown, and no other alert can come.",
    ),
  };
}

/** 1 for each workload of which a pod answers Prometheus, else 0. */
function upOf(namespace: string): string {
  return ofPods("max", `up{${matchers({ namespace })}}`);
}

/** What rules, alerts and dashboards join: the budget of a service, and what else of its plan is a bound. */
function targetsOf(of: WatchedService): ExportedTarget[] {
  const { namespace, job: service, budget } = of;
  const labels = { namespace, service };
  return [
    ...BUDGET_METRIC_NAMES.flatMap((metric) =>
      STEPS.map((step) => ({ labels: { ...labels, metric, step }, value: budget[metric][step] })),
    ),
    ...Object.entries(plannedFigures(of)).map(([metric, value]) => ({
      labels: { ...labels, metric },
      value,
    })),
    ...PERCENTILES.flatMap(({ metric, percentile }) =>
      bucketLabels(budget[metric].target).map((le) => ({
        record: PROMISED_BUCKET,
        labels: { ...labels, percentile, le },
        value: 1,
      })),
    ),
  ];
}
