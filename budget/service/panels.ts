/** Panels of all services: one curve a service, so that a stack of a hundred has as many panels as one of two. */
import type { PerformanceBudget, BudgetMetric } from "../core/performance-budget";
import { BUDGET_METRICS } from "../core/performance-budget";
import type { Panel, PanelBound } from "../monitoring/panel";
import { matchers } from "../monitoring/series";
import { targetSeries } from "../monitoring/watched";
import { SERVICE_SERIES, type ServiceFigure } from "./recording-rules";

const LEGEND = "{{service}}";

/** @param budget the stack's own: its bounds are drawn in, those of a service are joined as `budget_target` */
export function servicePanels(namespace: string, budget: PerformanceBudget): Panel[] {
  const at = (figure: ServiceFigure): string => `${SERVICE_SERIES[figure]}{${matchers({ namespace })}}`;
  const panel = (
    of: Pick<Panel, "id" | "row" | "title" | "description" | "unit"> & Partial<Panel>,
    expr: string,
  ): Panel => ({
    dashboard: "performance",
    queries: [{ expr, legend: LEGEND }],
    ...of,
  });
  return [
    ...PROMISES.map(({ metric, figure }) =>
      panel(
        {
          id: `promise-${metric}`,
          row: "Budget",
          kind: "stat",
          title: `Promise: ${BUDGET_METRICS[metric].title}`,
          description: `Now by what is promised to the service. Above 100 % the promise is broken.`,
          unit: "ratio",
          bounds: [{ value: 1, worseWhen: "higher", label: "promise" }],
        },
        `${at(figure)} / on (namespace, service) group_left () ${targetSeries({ namespace, metric, step: "target" })}`,
      ),
    ),
    panel(
      {
        id: "error-budget-left",
        row: "Budget",
        kind: "stat",
        title: "Error budget left",
        description:
          "Share of what may be bad within 30 days that is still left, of each objective. Below 0 the objective is broken.",
        unit: "ratio",
        bounds: [{ value: 0, worseWhen: "lower", label: "broken" }],
        queries: [
          {
            expr: `slo:error_budget_left:ratio30d{${matchers({ namespace })}}`,
            legend: "{{service}} {{slo}} {{percentile}}",
          },
        ],
      },
      "",
    ),
    ...(["p50", "p95", "p99"] as const).map((figure) =>
      panel(
        {
          id: `response-time-${figure}`,
          row: "Latency",
          title: `Response time, ${figure}`,
          description:
            "Of all requests of five minutes, at the service. It rises with the load before errors come.",
          unit: "seconds",
          ...(figure === "p50"
            ? {}
            : {
                bounds: boundsOf(
                  budget,
                  figure === "p95" ? "responseTimeP95Seconds" : "responseTimeP99Seconds",
                ),
              }),
        },
        at(figure),
      ),
    ),
    panel(
      {
        id: "throughput",
        row: "Throughput",
        title: "Throughput",
        description:
          "Requests/s that were answered, errors among them. A sudden fall is users who do not get through.",
        unit: "requests/s",
      },
      at("throughput"),
    ),
    panel(
      {
        id: "error-ratio",
        row: "Errors",
        title: "Errors",
        description: "Share of requests that were answered with a 5xx. What the proxy refuses is not in it.",
        unit: "ratio",
        bounds: boundsOf(budget, "errorRatio"),
      },
      at("errorRatio"),
    ),
    panel(
      {
        id: "errors-by-route",
        row: "Errors",
        title: "Errors by route",
        description: "Which routes the errors come from, the ten with the most.",
        unit: "requests/s",
        queries: [
          {
            expr: `topk(10, sum by (job, route) (rate(http_requests_total{${matchers({ namespace })},status=~"5.."}[5m])))`,
            legend: "{{job}} {{route}}",
          },
        ],
      },
      "",
    ),
    panel(
      {
        id: "saturation",
        row: "Saturation",
        title: "Slots busy",
        description:
          "Requests in flight by what all pods can work on at the same time. Beyond 100 % requests wait.",
        unit: "ratio",
        bounds: [{ value: 1, worseWhen: "higher", label: "all busy" }],
      },
      at("saturation"),
    ),
    panel(
      {
        id: "event-loop-lag",
        row: "Saturation",
        title: "Event loop lag, p99",
        description: "Of the pod that is worst. It is the time for which nothing at all is answered.",
        unit: "seconds",
      },
      at("eventLoopLag"),
    ),
    panel(
      {
        id: "cpu",
        row: "Saturation",
        title: "CPU by requests",
        description: "CPU in use by what the pods request. The autoscaler keeps it at its target.",
        unit: "ratio",
        bounds: boundsOf(budget, "cpuUtilization"),
      },
      at("cpu"),
    ),
    panel(
      {
        id: "memory",
        row: "Saturation",
        title: "Memory by limit",
        description: "Of the fullest pod. At 100 % it is killed.",
        unit: "ratio",
        bounds: boundsOf(budget, "memoryUtilization"),
      },
      at("memory"),
    ),
    panel(
      {
        id: "heap",
        row: "Saturation",
        title: "Heap of the largest process",
        description: "Bytes in use of V8's heap. A saw is health, a staircase is a leak.",
        unit: "bytes",
      },
      at("heap"),
    ),
    panel(
      {
        id: "heap-growth",
        row: "Saturation",
        title: "Growth of the heap",
        description: "What it gains a second, over an hour. Above 0 for hours it is a leak.",
        unit: "bytes/s",
      },
      at("heapGrowth"),
    ),
  ];
}

const PROMISES = [
  { metric: "responseTimeP95Seconds", figure: "p95" },
  { metric: "responseTimeP99Seconds", figure: "p99" },
  { metric: "errorRatio", figure: "errorRatio" },
  { metric: "cpuUtilization", figure: "cpu" },
  { metric: "memoryUtilization", figure: "memory" },
] as const;

function boundsOf(budget: PerformanceBudget, metric: BudgetMetric): PanelBound[] {
  const { worseWhen } = BUDGET_METRICS[metric];
  const { target: promise, warning, critical } = budget[metric];
  const all = [
    { value: promise, worseWhen, label: "promise" },
    { value: warning, worseWhen, label: "warning" },
    { value: critical, worseWhen, label: "alarm" },
  ] as const;
  // Of equal ones the gravest is drawn.
  return all.filter(({ value }, index) => all.slice(index + 1).every((later) => later.value !== value));
}
