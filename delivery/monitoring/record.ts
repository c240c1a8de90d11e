/** A run of the reference backend that Prometheus watched, as the page shows it. */
import { expressionOf, runbookOf, type Alert } from "../../budget/monitoring/alert";
import { ruleGroups, rulesFile } from "../../budget/monitoring/rule-groups";
import { matchers } from "../../budget/monitoring/series";
import { WATCHDOG } from "../../budget/monitoring/watched-monitoring";
import { dashboards } from "../../components/monitoring/dashboards/render";
import { watchedRun, type RecordedRun, type WatchedRun } from "../../sandbox/monitoring/run";
import { alertPath, type AlertPath } from "./alert-path";
import { dashboardModel, type AnsweredSeries, type AskRange } from "./page-model";
import type { PerformancePage } from "./page";
import type { ReferenceStack } from "./reference-stack";
import { reasons } from "./sources";

export type RunLength = Pick<WatchedRun, "seconds" | "everySeconds" | "progress" | "signal">;

/** @throws UserError when a program of the run is missing */
export async function recordedPage(stack: ReferenceStack, length: RunLength): Promise<PerformancePage> {
  const { namespace, watched, environment } = stack;
  const { performance } = dashboards(watched.panels, { stack: "reference", namespaces: [namespace] });
  if (performance === undefined) throw new Error("no panel is on the performance dashboard");
  // A run of minutes has no half hours: what a cluster evaluates more seldom is evaluated with everything else.
  const groups = ruleGroups(watched, { runbooks: "docs/runbooks/" }).map(({ name, rules }) => ({
    name,
    rules,
  }));
  const run: WatchedRun = {
    ...length,
    namespace,
    environment,
    rules: rulesFile(groups),
    alertmanager: routes,
  };
  return await watchedRun(run, async (recorded) => {
    const { prometheus, from, to, events } = recorded;
    const ask: AskRange = async (query, start, end, step) =>
      await answer(prometheus, "query_range", { query, start: `${start}`, end: `${end}`, step: `${step}` });
    const span = { from, to, scrapeSeconds: length.everySeconds };
    const paths: AlertPath[] = [];
    for (const alert of watched.alerts.filter(({ name }) => name !== WATCHDOG.name)) {
      const path = await pathOf(alert, recorded);
      if (path !== undefined) paths.push(path);
    }
    return {
      about:
        `The backend of the staging stack and its Redis under a scripted load of ${length.seconds} s, ` +
        "with rules, alerts and panels as they are deployed; objectives of 30 days are judged by these minutes alone.",
      dashboard: await dashboardModel(performance, ask, span, events, reasons(watched.rules)),
      paths: paths.sort((a, b) => a.tier.localeCompare(b.tier) || a.firedAt - b.firedAt),
    };
  });
}

/** A receiver for each tier. In the run each of them is the same webhook. */
function routes(webhook: string): object {
  const receivers = { P0: "page at once", P1: "within the hour", P2: "business hours" };
  return {
    route: {
      receiver: receivers.P2,
      group_by: ["alertname"],
      group_wait: "1s",
      group_interval: "2s",
      routes: Object.entries(receivers).map(([tier, receiver]) => ({
        receiver,
        matchers: [`tier="${tier}"`],
      })),
    },
    receivers: Object.values(receivers).map((name) => ({ name, webhook_configs: [{ url: webhook }] })),
  };
}

async function pathOf(
  alert: Alert,
  { prometheus, from, to, events, notifications }: RecordedRun,
): Promise<AlertPath | undefined> {
  const { name, tier, labels = {}, forSeconds } = alert;
  const selector = matchers({ alertname: name, tier, ...labels });
  return alertPath({
    alert: name,
    tier,
    labels,
    expr: expressionOf(alert),
    forSeconds,
    runbook: runbookOf(alert),
    // Its samples themselves: steps of a range would be later than the moment of the evaluation.
    states: await answer(prometheus, "query", {
      query: `ALERTS{${selector}}[${Math.ceil(to - from)}s]`,
      time: `${to}`,
    }),
    events,
    notifications,
  });
}

async function answer(
  prometheus: string,
  path: "query" | "query_range",
  asked: Readonly<Record<string, string>>,
): Promise<AnsweredSeries[]> {
  const response = await fetch(`${prometheus}/api/v1/${path}`, {
    method: "POST",
    body: new URLSearchParams(asked),
  });
  const { data, error = "no answer" } = (await response.json()) as {
    readonly error?: string;
    readonly data?: { readonly result: AnsweredSeries[] };
  };
  if (data === undefined) throw new Error(`${asked["query"]}: ${error}`);
  return data.result;
}
