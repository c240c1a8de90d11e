/** A run of the reference backend that Prometheus watched, as the page shows it. */
import { expressionOf, runbookOf, type Alert } from "../../budget/monitoring/alert";
import { ruleGroups, rulesFile } from "../../budget/monitoring/rule-groups";
import type { Watched } from "../../budget/monitoring/watched";
import { dashboards } from "../../components/monitoring/dashboards/render";
import { watchedRun, type RecordedRun, type WatchedRun } from "../../sandbox/monitoring/run";
import { alertPath, type AlertPath } from "./alert-path";
import { dashboardModel, type AnsweredSeries, type AskRange } from "./page-model";
import type { PerformancePage } from "./page";

export type RunLength = Pick<WatchedRun, "seconds" | "everySeconds" | "namespace" | "progress" | "signal">;

/** @throws UserError when a program of the run is missing */
export async function recordedPage(watched: Watched, length: RunLength): Promise<PerformancePage> {
  const { performance } = dashboards(watched.panels, { stack: "reference", namespaces: [length.namespace] });
  if (performance === undefined) throw new Error("no panel is on the performance dashboard");
  const run: WatchedRun = {
    ...length,
    rules: rulesFile(ruleGroups(watched, { runbooks: "docs/runbooks/" })),
    alertmanager: routes,
  };
  return await watchedRun(run, async (recorded) => {
    const { prometheus, from, to, events } = recorded;
    const ask: AskRange = async (query, start, end, step) =>
      await answer(prometheus, "query_range", { query, start: `${start}`, end: `${end}`, step: `${step}` });
    const span = { from, to, scrapeSeconds: length.everySeconds };
    const paths: AlertPath[] = [];
    for (const alert of watched.alerts) {
      const path = await pathOf(alert, recorded);
      if (path !== undefined) paths.push(path);
    }
    return {
      about: `The reference backend and its cache under a scripted load of ${length.seconds} s.`,
      dashboard: await dashboardModel(performance, ask, span, events),
      paths,
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
  const { name, tier, summary, forSeconds } = alert;
  return alertPath({
    alert: name,
    tier,
    summary,
    expr: expressionOf(alert),
    forSeconds,
    runbook: runbookOf(alert),
    // Its samples themselves: steps of a range would be later than the moment of the evaluation.
    states: await answer(prometheus, "query", {
      query: `ALERTS{alertname="${name}"}[${Math.ceil(to - from)}s]`,
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
