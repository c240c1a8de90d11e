/** A dashboard's page without a Prometheus: curves that are made up, of panels like the real ones. */
import type { Panel } from "../../../../budget/monitoring/panel";
import { dashboards } from "../../../../components/monitoring/dashboards/render";
import { alertPath } from "../../../../delivery/monitoring/alert-path";
import {
  dashboardModel,
  type AnsweredSeries,
  type AskRange,
} from "../../../../delivery/monitoring/page-model";
import type { PerformancePage } from "../../../../delivery/monitoring/page";
import { referenceStack } from "../../../../delivery/monitoring/reference-stack";

/** As they are deployed. */
export const PANELS = referenceStack().watched.panels.filter(({ dashboard }) => dashboard === "performance");

export const FROM = Date.UTC(2026, 0, 5, 14) / 1000;
export const TO = FROM + 240;

/** Each query's curves lie above those of the one before it. @param labels of the series that each query answers; none answers nothing */
export function answering(...labels: readonly Readonly<Record<string, string>>[]): AskRange {
  let asked = 0;
  return (_query, from, to, step) => {
    const above = 0.07 * (asked++ % 6);
    return Promise.resolve(
      labels.map((metric, index) => ({
        metric,
        values: Array.from(
          { length: Math.floor((to - from) / step) + 1 },
          (_, at) => [from + at * step, String(above + 0.1 * (index + 1) + 0.05 * Math.sin(at / 9))] as const,
        ),
      })),
    );
  };
}

export const FIRED: readonly AnsweredSeries[] = [
  {
    metric: { alertstate: "pending" },
    values: [
      [FROM + 106, "1"],
      [FROM + 108, "1"],
    ],
  },
  {
    metric: { alertstate: "firing" },
    values: [
      [FROM + 110, "1"],
      [FROM + 112, "1"],
    ],
  },
];

const TOLD = {
  labels: { alertname: "ServiceErrors", tier: "P0", service: "backend" },
  summary: "Too many requests fail.",
};
const OTHER = {
  labels: { alertname: "ServiceErrors", tier: "P2", service: "backend" },
  summary: "Some fail.",
};

export const PATH = alertPath({
  alert: "ServiceErrors",
  tier: "P0",
  labels: { service: "backend" },
  expr: "errors > 0.05",
  forSeconds: 4,
  runbook: "service-errors.md",
  states: FIRED,
  events: [
    { at: FROM + 60, text: "rush hour begins" },
    { at: FROM + 100, text: "Redis stands still" },
    { at: FROM + 160, text: "Redis goes on" },
  ],
  notifications: [
    { at: FROM + 111.4, receiver: "page at once", status: "firing", alerts: [TOLD] },
    { at: FROM + 170, receiver: "page at once", status: "resolved", alerts: [OTHER, TOLD] },
    { at: FROM + 20, receiver: "business hours", status: "firing", alerts: [OTHER] },
  ],
});

export async function madeUpPage(
  panels: readonly Panel[] = PANELS,
  ask: AskRange = answering({ service: "backend", cache: "api", job: "backend", route: "/" }),
): Promise<PerformancePage> {
  const { performance } = dashboards(panels, { stack: "production", namespaces: ["retrofitlink"] });
  if (performance === undefined) throw new Error("no panel is on the performance dashboard");
  const marks = [{ at: FROM + 100.25, text: "Redis stands still" }];
  const dashboard = await dashboardModel(performance, ask, { from: FROM, to: TO, scrapeSeconds: 2 }, marks);
  return { about: "Made up.", dashboard, paths: PATH === undefined ? [] : [PATH] };
}
