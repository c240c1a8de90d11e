/** What is watched of autoscaling: bounds, metrics, forecasts, and pods that find no place. */
import type { Alert, ExampleSeries } from "../monitoring/alert";
import type { Panel } from "../monitoring/panel";
import { asService, matchers } from "../monitoring/series";
import { SERVICE } from "../monitoring/told";
import { BUDGET_TARGET, NOTHING_WATCHED, type Watched, targetSeries } from "../monitoring/watched";
import { DAY_MINUTES } from "./forecast";
import { FORECAST_SERIES, forecastSelector } from "./forecast-rules";

/** One autoscaled workload. */
export interface AutoscaledWorkload {
  /** Its HorizontalPodAutoscaler is called the same, KEDA's too. */
  readonly name: string;
  /** Bounds of its replicas, pods. */
  readonly min: number;
  readonly max: number;
  /** @default "off" */
  readonly forecast?: "off" | "preview" | "on";
}

/** What is watched of all autoscaled workloads of a namespace follows from it. */
export interface WatchedAutoscalers {
  readonly namespace: string;
  /** At least one; tests follow from the first. */
  readonly workloads: readonly [AutoscaledWorkload, ...AutoscaledWorkload[]];
}

/** At its maximum for this long no rollout explains it, seconds. */
const AT_MAXIMUM_SECONDS = 900;
/** A controller asks for metrics every 15 s, and a restart of what serves them is over by then, seconds. */
const WITHOUT_METRICS_SECONDS = 600;
/** Seconds without a forecast, and without the load that it is made from. */
const STALE_SECONDS = 900;
const LOAD_ABSENT_SECONDS = 300;
/** Seconds without a part that pays before someone is told that the forecast is of no use here. */
const USELESS_SECONDS = 3 * 86_400;
/** A drain that waits this long does not end by itself, seconds. */
const NO_DISRUPTION_SECONDS = 900;

/** What users notice while the autoscaler does not see the load. */
const NOT_FOLLOWED = "None yet. A rise in load is not followed, and pages become slow.";

const ABOUT = { noun: "autoscaling", dashboard: "autoscaling" } as const;

/** Alerts and targets of all autoscalers: each alert is there once. */
export function watchAutoscalers(of: WatchedAutoscalers): Watched {
  const { namespace, workloads } = of;
  const forecast = workloads.filter((one) => (one.forecast ?? "off") !== "off").map(({ name }) => name);
  return {
    ...NOTHING_WATCHED,
    alerts: [atMaximum(of), withoutMetrics(of), ...forecastAlerts({ namespace, services: forecast })],
    targets: workloads.flatMap(({ name: service, min, max }) => [
      { labels: { namespace, service, metric: "replicas", step: "min" }, value: min },
      { labels: { namespace, service, metric: "replicas", step: "max" }, value: max },
    ]),
  };
}

function atMaximum({ namespace, workloads: [first] }: WatchedAutoscalers): Alert {
  const [current, most] = ["status_current_replicas", "spec_max_replicas"] as const;
  const ofFirst = (metric: string, start: number): ExampleSeries => ({
    series: autoscalerSeries(namespace, metric, { horizontalpodautoscaler: first.name }),
    start,
  });
  const of = (metric: string): string => ofAutoscalers(autoscalerSeries(namespace, metric));
  return {
    ...ABOUT,
    name: "AutoscalerAtMaximum",
    subject: SERVICE,
    tier: "P1",
    forSeconds: AT_MAXIMUM_SECONDS,
    windowSeconds: 0,
    condition: {
      kind: "state",
      // Where both bounds are one number, the maximum is what was meant.
      expr:
        `(${of(current)} >= ${of(most)}) and on (namespace, service)` +
        ` (${boundOf(namespace, "max")} > on (namespace, service) ${boundOf(namespace, "min")})`,
      firing: [ofFirst(current, first.max), ofFirst(most, first.max)],
      silent: [ofFirst(current, first.max - 1), ofFirst(most, first.max)],
    },
    summary: `${SERVICE} has as many pods as it may, {{ $value }}.`,
    impact: "None yet. More load makes it slow: no pod is added.",
    keys: ["retrofitlink:services.<name>.demand.peakRps", "retrofitlink:services.<name>.margin"],
  };
}

function withoutMetrics({ namespace, workloads: [first] }: WatchedAutoscalers): Alert {
  const condition = (more: Readonly<Record<string, string>>): string =>
    autoscalerSeries(namespace, "status_condition", {
      ...more,
      condition: "ScalingActive",
      status: "false",
    });
  const one = condition({ horizontalpodautoscaler: first.name });
  return {
    ...ABOUT,
    name: "AutoscalerWithoutMetrics",
    subject: SERVICE,
    tier: "P1",
    forSeconds: WITHOUT_METRICS_SECONDS,
    windowSeconds: 0,
    condition: {
      kind: "state",
      expr: `(${ofAutoscalers(condition({}))} == 1) and on (namespace, service) ${boundOf(namespace, "max")}`,
      firing: [{ series: one, start: 1 }],
      silent: [{ series: one, start: 0 }],
    },
    summary: `The autoscaler of ${SERVICE} gets no metrics, and changes nothing.`,
    impact: NOT_FOLLOWED,
    keys: ["retrofitlink:services.<name>.autoscaling", "retrofitlink:autoscaling.prometheus"],
  };
}

/** Series of HorizontalPodAutoscalers, as kube-state-metrics has them. @param more matchers besides */
function autoscalerSeries(
  namespace: string,
  metric: string,
  more: Readonly<Record<string, string>> = {},
): string {
  return `kube_horizontalpodautoscaler_${metric}{${matchers({ namespace, ...more })}}`;
}

/** A bound of each workload's replicas in the plan. */
function boundOf(namespace: string, step: "min" | "max"): string {
  return targetSeries({ namespace, metric: "replicas", step });
}

/** The largest of each autoscaler's series, with the labels `namespace` and `service`. */
function ofAutoscalers(series: string): string {
  return asService(`max by (namespace, horizontalpodautoscaler) (${series})`, "horizontalpodautoscaler");
}

/** Forecasts of a namespace; tests follow from the first. */
export interface WatchedForecasts {
  readonly namespace: string;
  readonly services: readonly string[];
}

/** Says when a forecast is stale, or wrong: believed, and asking for more than it saves. */
export function forecastAlerts({ namespace, services }: WatchedForecasts): Alert[] {
  const [first] = services;
  if (first === undefined) return [];
  const example = forecastSelector({ namespace, service: first });
  const at = (name: string, more: Readonly<Record<string, string>> = {}): string =>
    `${name}{${matchers({ namespace, ...more })},service=~"${services.join("|")}"}`;
  const { now, gated, believed } = FORECAST_SERIES;
  const load = { series: example(now), start: 100 };
  const common = {
    ...ABOUT,
    subject: SERVICE,
    windowSeconds: 0,
    keys: ["retrofitlink:services.<name>.autoscaling.forecast"],
  };
  const tooFull = "service:load:too_full";
  const part = example(believed, ',part="peak"');
  const replicas = at(BUDGET_TARGET, { metric: "replicas", step: "max" });
  return [
    {
      ...common,
      name: "ForecastStale",
      tier: "P2",
      forSeconds: STALE_SECONDS,
      condition: {
        kind: "state",
        expr: `${at(now)} unless on (namespace, service) ${at(gated)}`,
        firing: [load],
        silent: [load, { series: example(gated), start: 50 }],
      },
      summary: `${SERVICE}: no forecast for 15 minutes although the load is measured; the reactive trigger is alone.`,
      impact: "A surge may be slow for as long as pods take to start.",
    },
    {
      ...common,
      name: "ForecastLoadAbsent",
      tier: "P1",
      forSeconds: LOAD_ABSENT_SECONDS,
      condition: {
        kind: "state",
        // Each of them has a bound in the plan.
        expr: `${replicas} unless on (namespace, service) ${at(now)}`,
        firing: [],
        silent: [load],
      },
      summary: `${SERVICE}: the load is not measured, so that neither trigger sees a rise.`,
      impact: NOT_FOLLOWED,
    },
    {
      ...common,
      name: "ForecastWrong",
      tier: "P2",
      forSeconds: USELESS_SECONDS,
      windowSeconds: DAY_MINUTES * 60,
      condition: {
        kind: "state",
        expr:
          `max by (namespace, service) (${at(believed)}) == 0` +
          ` and on (namespace, service) sum_over_time(${at(tooFull)}[${DAY_MINUTES * 60 - 1}s]) > 0`,
        firing: [
          { series: part, start: 0 },
          { series: example(tooFull), start: 1 },
        ],
        silent: [
          { series: part, start: 1 },
          { series: example(tooFull), start: 1 },
        ],
      },
      summary: `${SERVICE}: no part of the forecast paid for three days in which pods were too full.`,
      impact: "Surges are slow as they would be without a forecast.",
    },
  ];
}

/** What is watched of all workloads of a namespace together. @param forecasts whether one of them has a forecast */
export function watchNamespace(namespace: string, forecasts: boolean): Watched {
  return {
    ...NOTHING_WATCHED,
    alerts: [noDisruption(namespace), pending(namespace)],
    panels: autoscalingPanels(namespace, forecasts),
  };
}

function noDisruption(namespace: string): Alert {
  const of = { namespace, poddisruptionbudget: "backend" };
  const [allowed, expected] = [
    "kube_poddisruptionbudget_status_pod_disruptions_allowed",
    "kube_poddisruptionbudget_status_expected_pods",
  ];
  const pods = { series: `${expected}{${matchers(of)}}`, start: 3 };
  const sel = `{${matchers({ namespace })}}`;
  return {
    ...ABOUT,
    name: "DisruptionBudgetAtZero",
    subject: "{{ $labels.poddisruptionbudget }}",
    tier: "P2",
    forSeconds: NO_DISRUPTION_SECONDS,
    windowSeconds: 0,
    condition: {
      kind: "state",
      expr: `${allowed}${sel} == 0 and on (namespace, poddisruptionbudget) ${expected}${sel} > 0`,
      firing: [{ series: `${allowed}{${matchers(of)}}`, start: 0 }, pods],
      silent: [{ series: `${allowed}{${matchers(of)}}`, start: 1 }, pods],
    },
    summary: "No pod of {{ $labels.poddisruptionbudget }} may be moved: nodes cannot be drained.",
    impact: "None yet. Updates of nodes wait, and a pod less than planned is there already.",
    keys: [],
  };
}

/** Pods wait for a node as long as the cloud takes to start one; then something is missing. */
const PENDING_SECONDS = 900;

function pending(namespace: string): Alert {
  const phase = (pod: string): string =>
    `kube_pod_status_phase{${matchers({ namespace, pod, phase: "Pending" })}}`;
  const pod = "backend-6d9c7b58f4-x2x2x";
  return {
    ...ABOUT,
    name: "PodsPending",
    tier: "P1",
    forSeconds: PENDING_SECONDS,
    windowSeconds: 0,
    condition: {
      kind: "state",
      expr: `sum by (namespace) (kube_pod_status_phase{${matchers({ namespace, phase: "Pending" })}}) > 0`,
      firing: [{ series: phase(pod), start: 1 }],
      silent: [{ series: phase(pod), start: 0 }],
    },
    summary: "{{ $value }} pods have found no node for 15 minutes.",
    impact: "None yet, or pages are slow: the pods that were asked for are not there.",
    keys: ["retrofitlink:autoscaling.nodes"],
  };
}

function autoscalingPanels(namespace: string, forecasts: boolean): Panel[] {
  const hpa = (metric: string): string => autoscalerSeries(namespace, metric);
  const base = { dashboard: "autoscaling", unit: "pods" } as const;
  const replicas: Panel = {
    ...base,
    id: "replicas",
    row: "Replicas",
    title: "Replicas and their bounds",
    description:
      "Pods that are there, and the bounds of the plan. At the upper one no more load can be followed.",
    queries: [
      { expr: hpa("status_current_replicas"), legend: "{{horizontalpodautoscaler}}" },
      { expr: boundOf(namespace, "min"), legend: "{{service}} at least" },
      { expr: boundOf(namespace, "max"), legend: "{{service}} at most" },
    ],
  };
  const wanted: Panel = {
    ...base,
    id: "replicas-wanted",
    row: "Replicas",
    title: "Replicas that are wanted and not there",
    description: "What the autoscaler asks for beyond what it has. Above 0 for minutes, pods find no node.",
    queries: [
      {
        expr: `${hpa("status_desired_replicas")} - ${hpa("status_current_replicas")}`,
        legend: "{{horizontalpodautoscaler}}",
      },
    ],
  };
  const pendingPods: Panel = {
    ...base,
    id: "pods-pending",
    row: "Replicas",
    title: "Pods without a node",
    description: "They wait for room. A node that starts explains minutes, not more.",
    queries: [
      {
        expr: `sum(kube_pod_status_phase{${matchers({ namespace, phase: "Pending" })}})`,
        legend: "pending",
      },
    ],
  };
  const { recent, expected, gated, error } = FORECAST_SERIES;
  const forecast: readonly Panel[] = [
    {
      dashboard: "performance",
      id: "forecast",
      row: "Autoscaling",
      title: "Load and forecast",
      description:
        "The load, what the days before let expect, and what the believed parts ask for. Surges above the last are slow.",
      unit: "requests/s",
      queries: [
        { expr: recent, legend: "{{service}}" },
        { expr: expected, legend: "{{service}} expected" },
        { expr: gated, legend: "{{service}} asked for" },
      ],
    },
    {
      dashboard: "autoscaling",
      id: "forecast-error",
      row: "Forecast",
      title: "Error of the forecast",
      description: "Sum of errors by sum of loads over a day. Above a third the days are not alike.",
      unit: "ratio",
      queries: [{ expr: error, legend: "{{service}}" }],
    },
  ];
  return [replicas, wanted, pendingPods, ...(forecasts ? forecast : [])];
}
