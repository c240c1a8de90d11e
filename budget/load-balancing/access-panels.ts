/** What a person looks at of a proxy's answers. */
import type { Panel, PanelBound } from "../monitoring/panel";
import { matchers } from "../monitoring/series";
import { ACCESS_SERIES } from "./access-metrics";
import {
  EDGE_SERIES,
  PERCENTILES,
  labelsOf,
  rate,
  recorded,
  type EdgeService,
  type WatchedAccess,
} from "./access-rules";

const ROW = { dashboard: "load-balancer", row: "Answers" } as const;

/** @param withObjectives whether there is a budget that can be left */
export function accessPanels(of: WatchedAccess, withObjectives: boolean): Panel[] {
  const { requests } = ACCESS_SERIES;
  const sel = `{${matchers(labelsOf(of))}}`;
  return [
    ...(!withObjectives
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
          expr: `histogram_quantile(0.95, ${recorded(of, EDGE_SERIES.buckets)})`,
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
