/** What is watched, as rules of Prometheus. */
import { expressionOf, runbookUrl, subjectOf, type Alert } from "./alert";
import type { RecordingRule } from "./recording";
import { BUDGET_TARGET, type ExportedTarget, type Watched } from "./watched";

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

/** The plan does not change between two deployments. Prometheus forgets a series that has had no sample for five minutes. */
const TARGETS_EVERY_SECONDS = 120;

/** Rules of one group, of some hundred bytes each: an object of the operator's has 512 KiB. */
const RULES_OF_GROUP = 400;

/** What knows how often it is evaluated, seconds. */
interface Paced {
  readonly everySeconds?: number;
}

/** A group for each interval that there is: a rule of its own interval does not wait for others. */
function paced<One extends Paced>(
  name: string,
  all: readonly One[],
  ruleOf: (one: One) => object,
): RuleGroup[] {
  const paces = [...new Set(all.map(({ everySeconds }) => everySeconds))];
  return paces.map((pace) => ({
    name: pace === undefined ? name : `${name}-every-${pace}s`,
    ...(pace === undefined ? {} : { interval: `${pace}s` }),
    rules: all.filter(({ everySeconds }) => everySeconds === pace).map(ruleOf),
  }));
}

/**
 * Three kinds of groups, so that a slow query of one noun delays no alert of another: what the plan promises, what is recorded,
 * and alerts by their nouns, each with a group for every interval. Alerts that read a recorded series see what the evaluation
 * before left.
 *
 * What a stack brings along is not among them, see {@link ownRuleGroups}.
 */
export function ruleGroups({ rules, alerts, targets }: Watched, links: AlertLinks): RuleGroup[] {
  const platforms = alerts.filter(({ own = false }) => !own);
  const nouns = [...new Set(platforms.map(({ noun }) => noun))];
  const groups: readonly RuleGroup[] = [
    ...inGroups({
      name: "retrofitlink-targets",
      interval: `${TARGETS_EVERY_SECONDS}s`,
      rules: targets.map(targetRule).map(recordingRule),
    }),
    ...paced(
      "retrofitlink-recording",
      rules.filter(({ own = false }) => !own),
      recordingRule,
    ),
    ...nouns.flatMap((noun) =>
      paced(
        `retrofitlink-alerts-${noun}`,
        platforms.filter((alert) => alert.noun === noun),
        (alert) => alertRule(alert, links),
      ),
    ),
  ];
  return groups.filter((group) => group.rules.length > 0);
}

/** What a stack brings along. The operator refuses an object as a whole: a mistake in one of these leaves the platform's alone. */
export function ownRuleGroups({ rules, alerts }: Watched, links: AlertLinks): RuleGroup[] {
  const [recorded, told] = [
    rules.filter(({ own }) => own === true),
    alerts.filter(({ own }) => own === true),
  ];
  return [
    ...paced("retrofitlink-recording-own", recorded, recordingRule),
    ...paced("retrofitlink-alerts-own", told, (alert) => alertRule(alert, links)),
  ];
}

/** Rules that do not read each other, in as many groups as an object of the operator's has room for: `<name>`, `<name>-2`. */
export function inGroups({ name, rules, ...of }: RuleGroup): RuleGroup[] {
  const count = Math.ceil(rules.length / RULES_OF_GROUP);
  return Array.from({ length: count }, (_, index) => ({
    name: index === 0 ? name : `${name}-${index + 1}`,
    ...of,
    rules: rules.slice(index * RULES_OF_GROUP, (index + 1) * RULES_OF_GROUP),
  }));
}

/** A figure of the plan as a rule that records it. */
export function targetRule({ record = BUDGET_TARGET, labels, value }: ExportedTarget): RecordingRule {
  return { record, labels, expr: `vector(${value})` };
}

/** A recording rule as Prometheus reads it. */
export function recordingRule({ record, labels, expr }: RecordingRule): object {
  return { record, expr, ...(labels === undefined ? {} : { labels }) };
}

/** An alert as Prometheus reads it. @param loosened factor of its bound, see {@link expressionOf} */
export function alertRule(alert: Alert, { runbooks, grafana }: AlertLinks, loosened?: number): object {
  const { name, tier, noun, labels = {}, forSeconds, summary, impact, dashboard } = alert;
  return {
    alert: name,
    expr: expressionOf(alert, loosened),
    ...(forSeconds === 0 ? {} : { for: `${forSeconds}s` }),
    labels: { ...labels, tier, noun, subject: subjectOf(alert) },
    annotations: {
      summary,
      description: impact,
      runbook_url: runbookUrl(alert, runbooks),
      ...(grafana === undefined ? {} : { dashboard_url: `${grafana}/d/${dashboard}` }),
    },
  };
}
