/** What is watched, as rules of Prometheus. */
import { expressionOf, runbookOf, type Alert } from "./alert";
import type { RecordingRule } from "./recording";
import type { ExportedTarget, Watched } from "./watched";

/** Rules that belong together, evaluated one after the other. */
export interface RuleGroup {
  readonly name: string;
  /** @default Prometheus's own */
  readonly interval?: string;
  readonly rules: readonly object[];
}

/** Groups as Prometheus reads them from a file; JSON is YAML. */
export function rulesFile(groups: readonly RuleGroup[]): string {
  return `${JSON.stringify({ groups }, undefined, 2)}\n`;
}

/** Where an alert leads to. */
export interface AlertLinks {
  /** Address of the folder of the runbooks, with its slash. */
  readonly runbooks: string;
  /** Address of Grafana, without a slash; alerts have no dashboard where it is not known. */
  readonly grafana?: string | undefined;
}

/** Name of the series with the figures of the plan. */
export const BUDGET_TARGET = "budget_target";

/**
 * Three kinds of groups, so that a slow query of one noun delays no alert of another: what the plan promises, what is recorded
 * (with a group for each interval), and alerts by their nouns. Alerts that read a recorded series see what the evaluation
 * before left.
 */
export function ruleGroups({ rules, alerts, targets }: Watched, links: AlertLinks): RuleGroup[] {
  const nouns = [...new Set(alerts.map(({ noun }) => noun))];
  const paces = [...new Set(rules.map(({ everySeconds }) => everySeconds))];
  return [
    { name: "retrofitlink-targets", rules: targets.map(targetRule) },
    ...paces.map((pace) => ({
      name: `retrofitlink-recording${pace === undefined ? "" : `-every-${pace}s`}`,
      ...(pace === undefined ? {} : { interval: `${pace}s` }),
      rules: rules.filter(({ everySeconds }) => everySeconds === pace).map(recordingRule),
    })),
    ...nouns.map((noun) => ({
      name: `retrofitlink-alerts-${noun}`,
      rules: alerts.filter((alert) => alert.noun === noun).map((alert) => alertRule(alert, links)),
    })),
  ].filter((group) => group.rules.length > 0);
}

function targetRule({ labels, value }: ExportedTarget): object {
  return { record: BUDGET_TARGET, labels, expr: `vector(${value})` };
}

/** A recording rule as Prometheus reads it. */
export function recordingRule({ record, labels, expr }: RecordingRule): object {
  return { record, expr, ...(labels === undefined ? {} : { labels }) };
}

/** An alert as Prometheus reads it. @param threshold another bound, for a test that loosens it */
export function alertRule(alert: Alert, { runbooks, grafana }: AlertLinks, threshold?: number): object {
  const { name, tier, noun, labels = {}, forSeconds, summary, impact, dashboard } = alert;
  return {
    alert: name,
    expr: expressionOf(alert, threshold),
    ...(forSeconds === 0 ? {} : { for: `${forSeconds}s` }),
    labels: { ...labels, tier, noun },
    annotations: {
      summary,
      description: impact,
      runbook_url: `${runbooks}${runbookOf(alert)}`,
      ...(grafana === undefined ? {} : { dashboard_url: `${grafana}/d/${dashboard}` }),
    },
  };
}
