/** Alerts as values: what is compared with what, who is told, and the series that prove it. */
import type { DashboardName } from "./panel";

/** Who is told, and when: P0 wakes somebody now, P1 is looked at within the hour, P2 in business hours. */
export type Tier = "P0" | "P1" | "P2";

/** A series of an alert's own test. */
export interface ExampleSeries {
  /** Metric with its labels: `redis_up{job="redis-cache"}`. */
  readonly series: string;
  /** First value. @default 0 */
  readonly start?: number;
  /** What is added each minute: the rate per minute of a counter. @default 0, a gauge that stays */
  readonly perMinute?: number;
}

/** What is measured against a bound. */
export interface ThresholdCondition {
  readonly kind: "threshold";
  /** PromQL; where there are several, each has to be beyond the bound at the same time. At least one. */
  readonly values: readonly string[];
  readonly comparison: ">" | "<";
  /** In the unit of the values. Where each thing has a bound of its own, that of the thing in the example. */
  readonly threshold: number;
  /** PromQL of bounds, one series for each thing, matched on the labels `by`. @default all things have the threshold as their bound */
  readonly bounds?: string;
  /** PromQL that has to have a value besides, matched on `by`: enough requests for a verdict. @default none */
  readonly guard?: string;
  /** Labels by which things are told apart, or all that a series has. @default none: values and guard are one series each */
  readonly by?: readonly string[] | "all";
  /** Series with which each of `values` comes to `value` for good. */
  readonly example: (value: number) => readonly ExampleSeries[];
}

/** What is so or not. */
export interface StateCondition {
  readonly kind: "state";
  /** PromQL that has a value only while it is so. */
  readonly expr: string;
  readonly firing: readonly ExampleSeries[];
  readonly silent: readonly ExampleSeries[];
}

/**
 * One alert. With its entry it has a rule of Prometheus, its route to a person, a test of promtool and its place on a
 * dashboard; a page of docs/runbooks is all that it needs besides.
 */
export interface Alert {
  /** Camel case, one word for one meaning: several alerts of a name differ by their labels. */
  readonly name: string;
  readonly tier: Tier;
  readonly condition: ThresholdCondition | StateCondition;
  /** How long it has to be so, seconds. 0 fires at once. */
  readonly forSeconds: number;
  /** Seconds until an evaluation notices that the series have changed: the longest window that is looked at, 0 for a gauge. */
  readonly windowSeconds: number;
  /** Between two evaluations, whole seconds; for what lasts for hours before somebody is told. @default Prometheus's own */
  readonly everySeconds?: number;
  /** Labels of the alert besides `tier` and `noun`, such as the service. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** What it is about: "service", "cache", "database", "proxy", "cdn", "autoscaling", "cluster", "monitoring", "own". */
  readonly noun: string;
  /** One sentence for a person who was asleep; templates of Prometheus are allowed. */
  readonly summary: string;
  /** What users notice. */
  readonly impact: string;
  /** Where it is looked at first. */
  readonly dashboard: DashboardName;
  /** Keys of the stack file from which the bound follows. */
  readonly keys: readonly string[];
  /**
   * Which of the things of its noun it is about, as a label: a more urgent alert keeps back what is said of the same thing.
   * Templates of Prometheus are allowed: `{{ $labels.pod }}`. @default see {@link subjectOf}
   */
  readonly subject?: string | undefined;
  /** Its PromQL was written into the stack file, and stands apart from the platform's. @default false */
  readonly own?: boolean;
  /** Its page: a file of docs/runbooks, or an address that a browser opens. @default the page named after it */
  readonly runbook?: string | undefined;
}

/** Nouns of which a stack has one. */
const ONLY_ONES: readonly string[] = ["database", "cdn"];

/**
 * What an alert is about: the thing that its labels name, or the only one of its noun. What names nothing is about itself
 * alone: it keeps back and is kept back by alerts of its own name.
 */
export function subjectOf({ subject, labels = {}, noun, name }: Alert): string {
  const named = labels["service"] ?? labels["cache"] ?? labels["proxy"];
  return subject ?? named ?? (ONLY_ONES.includes(noun) ? noun : name);
}

/** Of two tiers the one that can wait. @param most how urgent it may be */
export function lessUrgent(tier: Tier, most: Tier = "P0"): Tier {
  return tier > most ? tier : most;
}

/** File name of the alert's page in docs/runbooks: `ServiceErrors` is explained in `service-errors.md`. */
export function runbookOf({ name }: Pick<Alert, "name">): string {
  return `${name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase()}.md`;
}

/** Where its page is. @param folder address of docs/runbooks, with its slash */
export function runbookUrl({ name, runbook }: Pick<Alert, "name" | "runbook">, folder: string): string {
  const page = runbook ?? runbookOf({ name });
  return isAddress(page) ? page : `${folder}${page}`;
}

/** Whether a runbook is an address, and no page of docs/runbooks. */
export function isAddress(runbook: string): boolean {
  return /^https?:/.test(runbook);
}

/** The condition as PromQL. @param loosened the bound is multiplied by it: a test changes the bound and expects to notice. @default 1 */
export function expressionOf({ condition }: Pick<Alert, "condition">, loosened = 1): string {
  if (condition.kind === "state") return condition.expr;
  const { values, comparison, threshold, bounds, guard, by = [] } = condition;
  const on = by === "all" ? "" : ` on (${by.join(", ")})`;
  const beyond =
    bounds === undefined
      ? `${comparison} ${threshold * loosened}`
      : `${comparison}${on === "" ? "" : `${on} group_left ()`} ${loosened === 1 ? "" : `${loosened} * `}(${bounds})`;
  const all = values.map((value) => `(${value}) ${beyond}`).join(" and ");
  return guard === undefined ? all : `(${all}) and${on} (${guard})`;
}
