/**
 * Objectives: what share of events has to be good, and who is told when the rest is used up too fast. Units: seconds, shares 0..1.
 *
 * A burn rate is the share of bad events divided by what the objective allows: at 1 the budget of the period is used up at its
 * end. An alert needs two windows: the long one says that it matters, the short one that it still goes on.
 *
 * All shares are sums of bad events by sums of all events. A mean of five-minute ratios would let a quiet hour weigh as much as
 * the peak.
 *
 * Source: The Site Reliability Workbook, chapter 5, "Alerting on SLOs": multiwindow, multi-burn-rate alerts.
 */
import { issueList, issuesOf, within, type Issue } from "../core/issues";
import { text, type SettingPath } from "../core/settings";
import { lessUrgent, type Alert, type ExampleSeries, type Tier } from "./alert";
import { matchers } from "./series";
import type { RecordingRule } from "./recording";
import type { ExportedTarget } from "./watched";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Over which the objective is kept. */
export const SLO_PERIOD_SECONDS = 30 * DAY;

/** One pair of windows. */
export interface BurnRate {
  /** Share of the period's budget that is used up when the alert comes. */
  readonly share: number;
  readonly longSeconds: number;
  readonly shortSeconds: number;
  readonly forSeconds: number;
  readonly tier: Tier;
}

/** Pages: 2 % of the budget within an hour, 5 % within six. Tickets: 10 % within a day, 10 % within three. */
export const BURN_RATES: readonly BurnRate[] = [
  { share: 0.02, longSeconds: HOUR, shortSeconds: 5 * MINUTE, forSeconds: 2 * MINUTE, tier: "P0" },
  { share: 0.05, longSeconds: 6 * HOUR, shortSeconds: 30 * MINUTE, forSeconds: 15 * MINUTE, tier: "P0" },
  { share: 0.1, longSeconds: DAY, shortSeconds: 2 * HOUR, forSeconds: HOUR, tier: "P1" },
  { share: 0.1, longSeconds: 3 * DAY, shortSeconds: 6 * HOUR, forSeconds: 3 * HOUR, tier: "P2" },
];

/** Pair of windows of the alert for little traffic. */
const LOW_TRAFFIC: BurnRate = {
  share: 0.1,
  longSeconds: DAY,
  shortSeconds: 2 * HOUR,
  forSeconds: HOUR,
  tier: "P1",
};

/** Bad events of the long window below which nobody is told: a single one may be anything. */
export const LEAST_BAD = 10;

/**
 * Windows from here on are made of half hours, each recorded once: the samples of 30 days at 30 s would be 86,400, read again at
 * every evaluation.
 */
const COARSE_FROM = DAY;
const COARSE = 30 * MINUTE;

/**
 * Windows from here on change slowly, and they are the dear ones: they are looked at every two minutes. Prometheus forgets a
 * series that has had no sample for five.
 */
const SELDOM_FROM = 2 * HOUR;
const SELDOM = 2 * MINUTE;

/** One of the things that an objective is about: a service, for one. */
export interface SloSubject {
  /** By which its series differ from those of the others. @default none: there is only one */
  readonly labels?: Readonly<Record<string, string>>;
  /** Share of events that have to be good, above 0 and below 1. */
  readonly objective: number;
}

/**
 * An objective, of one thing or of many alike: rules and alerts are there once, and each thing has a bound of its own. A set of
 * rules for each of a hundred services would cost Prometheus ten times as much.
 */
export interface Slo {
  /** Camel case, the name of its alerts: `ServiceErrors`. */
  readonly name: string;
  /** Labels that its series have besides those of its subjects. @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Events/s of the last 5 minutes as PromQL, a series for each subject. Of bad ones there may be none at all. */
  readonly bad: string;
  readonly all: string;
  /** At least one. */
  readonly subjects: readonly SloSubject[];
  /** Templates of Prometheus: which of the subjects an alert is about. @default that which its labels name */
  readonly subject?: string;
  /** Of how many things all of it is. @default "objective" */
  readonly each?: RecordingRule["each"];
  /** How urgent it is at most: what would be more is told as this. @default "P0" */
  readonly mostUrgent?: Tier | undefined;
  /** Its PromQL was written into the stack file: the rules that have it stand apart from the platform's. @default false */
  readonly own?: boolean;
  /** Series with which all events of the first subject come to so many a minute, and bad ones to that share of them. */
  readonly example: (badShare: number, allPerMinute: number) => readonly ExampleSeries[];
  /** As {@link Alert} has them; the windows are added to the summary. */
  readonly about: Pick<Alert, "noun" | "summary" | "impact" | "dashboard" | "keys" | "runbook">;
}

/** What follows from an objective. */
export interface SloRules {
  readonly rules: readonly RecordingRule[];
  readonly alerts: readonly Alert[];
  /** Share of events of each subject that may be bad. */
  readonly targets: readonly ExportedTarget[];
  /** PromQL of the share of the period's budget that is left: 1 untouched, 0 used up, below it broken. */
  readonly budgetLeft: string;
}

/** Series that each subject of an objective adds to Prometheus: by the objective's own rules and figures, and by {@link windowRules}. */
export const SERIES_OF_SLO = { own: 2, targets: 1, windows: 16 } as const;

/** Share of events that may be bad, 1 - objective, of each subject of each objective. */
export const ALLOWED = "slo:allowed:ratio";

/** How many times faster than allowed the budget is used up: share * period / long window. 2 % within an hour of 30 days: 14.4. */
export function burnFactor({ share, longSeconds }: Pick<BurnRate, "share" | "longSeconds">): number {
  return Number(((share * SLO_PERIOD_SECONDS) / longSeconds).toFixed(6));
}

/**
 * Seconds until the long window is beyond its bound, when from one moment on a share of events is bad and none was before:
 * t = factor * (1 - objective) / share * long window. The time that it has to last comes on top.
 *
 * @param badShare above 0, at most 1
 * @returns Infinity where the bound is never reached
 */
export function detectionSeconds(burn: BurnRate, objective: number, badShare: number): number {
  const share = bound(burnFactor(burn), objective) / badShare;
  return share > 1 ? Infinity : share * burn.longSeconds;
}

/**
 * Events of a long window that are enough for a verdict: those of which ten may be bad, 10 / (1 - objective). With fewer a
 * single bad one would page; for those there is the alert for little traffic.
 */
export function leastEvents(objective: number): number {
  return Math.ceil(Number((LEAST_BAD / (1 - objective)).toFixed(6)));
}

/** Whether the bound of a pair of windows can be reached: 14.4 times a tenth is more than all events. */
export function isReachable(burn: BurnRate, objective: number): boolean {
  return burnFactor(burn) * (1 - objective) < 1;
}

/** Name of an alert. */
export const alertName = text(/^[A-Z][A-Za-z0-9]{0,99}$/, {
  allowed: "letters and digits, a capital letter first",
  fix: "Write words together, each with a capital letter: CheckoutErrors.",
});

/** What is wrong with an objective. */
export function sloIssues(
  { objective, name }: Pick<SloSubject, "objective"> & Pick<Slo, "name">,
  path: SettingPath,
): Issue[] {
  const { issues, check } = issueList();
  check(
    objective > 0 && objective < 1,
    [...path, "objective"],
    objective,
    "a share above 0 and below 1",
    "0.99 means that one of a hundred may be bad; with 1 nothing may ever be.",
  );
  return [...issues, ...within([...path, "name"], issuesOf(alertName, name))];
}

/**
 * Rules and alerts of several objectives. A promise that nothing at all may be bad has no budget to burn: such subjects are left out.
 */
export function slos(all: readonly Slo[]): SloRules[] {
  return all.flatMap((of) => {
    const subjects = of.subjects.filter(({ objective }) => objective > 0 && objective < 1);
    return subjects.length === 0 ? [] : slo({ ...of, subjects });
  });
}

/** Rules and alerts of an objective, and where its budget is. */
export function slo(of: Slo): SloRules {
  const labels = { ...of.labels, slo: of.name };
  const selector = matchers(labels);
  const at = (metric: string): string => `${metric}{${selector}}`;
  const counted = (record: string, expr: string): RecordingRule => ({
    record,
    expr,
    labels,
    ...(of.each === undefined ? {} : { each: of.each }),
    ...(of.own === true ? { own: true } : {}),
  });
  const reachable = BURN_RATES.filter((burn) => of.subjects.some((one) => isReachable(burn, one.objective)));
  return {
    rules: [
      counted("slo:events:rate5m", of.all),
      // Without errors there is no series of them, as long as no request has failed.
      counted("slo:bad_events:rate5m", `(${of.bad}) or 0 * (${of.all})`),
      ...windowRules(of.labels?.["namespace"]),
    ],
    targets: of.subjects.map((one) => ({
      record: ALLOWED,
      labels: { ...one.labels, ...labels },
      value: number(1 - one.objective),
    })),
    alerts: [...reachable.map((burn) => burnAlert(of, at, burn)), lowTrafficAlert(of, at)],
    budgetLeft: at(leftOver(SLO_PERIOD_SECONDS)),
  };
}

const KNOWN = new Map<string | undefined, readonly RecordingRule[]>();

/**
 * What happened in each window, of all objectives of a namespace at once: a rule for each of thousands of windows would cost
 * ten times as much. The same rules for every objective, so that `together` keeps them once, behind what they read.
 */
function windowRules(namespace: string | undefined): readonly RecordingRule[] {
  const known = KNOWN.get(namespace);
  if (known !== undefined) return known;
  const of = namespace === undefined ? "" : `{${matchers({ namespace })}}`;
  const span = (events: Events, seconds: number): string =>
    `slo:${events}:${seconds >= COARSE_FROM ? "rate30m" : "rate5m"}${of}[${duration(seconds)}]`;
  const paced = (seconds: number): Pick<RecordingRule, "everySeconds"> =>
    seconds >= SELDOM_FROM ? { everySeconds: SELDOM } : {};
  const half = (events: Events): RecordingRule => ({
    record: `slo:${events}:rate30m`,
    expr: `avg_over_time(slo:${events}:rate5m${of}[${duration(COARSE)}])`,
    everySeconds: COARSE,
  });
  const share = (seconds: number): RecordingRule => ({
    record: shareOver(seconds),
    expr: `sum_over_time(${span("bad_events", seconds)}) / (sum_over_time(${span("events", seconds)}) > 0)`,
    ...paced(seconds),
  });
  const count = (events: Events, seconds: number): RecordingRule => ({
    record: eventsOver(events, seconds),
    expr: `${seconds} * avg_over_time(${span(events, seconds)})`,
    ...paced(seconds),
  });
  const all = [...BURN_RATES, LOW_TRAFFIC];
  const windows = [...new Set(all.flatMap(({ longSeconds, shortSeconds }) => [longSeconds, shortSeconds]))];
  const rules: RecordingRule[] = [
    half("events"),
    half("bad_events"),
    ...[...windows, SLO_PERIOD_SECONDS].map(share),
    ...[...new Set(all.map(({ longSeconds }) => longSeconds))].map((seconds) => count("events", seconds)),
    count("bad_events", LOW_TRAFFIC.longSeconds),
    {
      record: leftOver(SLO_PERIOD_SECONDS),
      expr: `1 - ${shareOver(SLO_PERIOD_SECONDS)}${of} / ${ALLOWED}${of}`,
      everySeconds: SELDOM,
    },
  ];
  const each = rules.map((rule): RecordingRule => ({ ...rule, each: "objective" }));
  KNOWN.set(namespace, each);
  return each;
}

type Events = "events" | "bad_events";

type At = (metric: string) => string;

function burnAlert(of: Slo, at: At, burn: BurnRate): Alert {
  const { longSeconds, shortSeconds, forSeconds } = burn;
  const factor = burnFactor(burn);
  // The first that can be told of; where it is silent for good, there is no example of it.
  const { objective } = of.subjects.find((one) => isReachable(burn, one.objective)) ?? { objective: NaN };
  // Twice the events that are needed, in the shortest of the windows that are looked at as a whole.
  const perMinute = Math.max(1, (2 * leastEvents(objective) * MINUTE) / longSeconds);
  return {
    ...whatOf(of, burn),
    labels: { ...of.labels, window: duration(longSeconds) },
    forSeconds,
    condition: {
      kind: "threshold",
      values: [at(shareOver(longSeconds)), at(shareOver(shortSeconds))],
      comparison: ">",
      threshold: bound(factor, objective),
      bounds: `${factor} * ${at(ALLOWED)}`,
      guard: `${at(eventsOver("events", longSeconds))} * ${at(ALLOWED)} >= ${LEAST_BAD}`,
      by: "all",
      example: (share) => of.example(share, perMinute),
    },
    summary:
      `${of.about.summary} ${factor} times as much as promised for ${duration(longSeconds)}: ` +
      `${Math.round(burn.share * 100)} % of the budget of ${duration(SLO_PERIOD_SECONDS)} is gone.`,
  };
}

/** Share of all events that is the bound at most: of loose objectives not all of what the factor asks can be bad. */
const MOST_BAD = 0.9;

/** For services with few requests, which the guard keeps from paging: slower, and by the number of bad events. */
function lowTrafficAlert(of: Slo, at: At): Alert {
  const { longSeconds, shortSeconds, forSeconds } = LOW_TRAFFIC;
  const [{ objective } = { objective: NaN }] = of.subjects;
  const factor = burnFactor(LOW_TRAFFIC);
  return {
    ...whatOf(of, LOW_TRAFFIC),
    labels: { ...of.labels, window: `${duration(longSeconds)} of little traffic` },
    forSeconds,
    condition: {
      kind: "threshold",
      values: [at(shareOver(longSeconds)), at(shareOver(shortSeconds))],
      comparison: ">",
      threshold: Math.min(bound(factor, objective), MOST_BAD),
      bounds: `clamp_max(${factor} * ${at(ALLOWED)}, ${MOST_BAD})`,
      guard:
        `(${at(eventsOver("bad_events", longSeconds))} >= ${LEAST_BAD})` +
        ` and (${at(eventsOver("events", longSeconds))} * ${at(ALLOWED)} < ${LEAST_BAD})`,
      by: "all",
      // Few enough for the guard, and of them twice as many bad ones as are needed.
      example: (share) => of.example(share, (0.9 * leastEvents(objective) * MINUTE) / longSeconds),
    },
    summary: `${of.about.summary} up to ${factor} times as much as promised for ${duration(longSeconds)}, with few requests.`,
  };
}

/** What all alerts of an objective have. */
function whatOf(
  of: Slo,
  { tier, longSeconds }: BurnRate,
): Omit<Alert, "labels" | "forSeconds" | "condition"> {
  return {
    name: of.name,
    tier: lessUrgent(tier, of.mostUrgent),
    ...(of.subject === undefined ? {} : { subject: of.subject }),
    ...paceOf(longSeconds),
    ...of.about,
  };
}

function bound(factor: number, objective: number): number {
  return Number((factor * (1 - objective)).toFixed(9));
}

/** What came after the end of the last half hour is seen later. */
function paceOf(seconds: number): Pick<Alert, "windowSeconds" | "everySeconds"> {
  return seconds >= COARSE_FROM
    ? { windowSeconds: seconds + COARSE, everySeconds: SELDOM }
    : { windowSeconds: seconds };
}

/** Series of the share of bad events over a window. */
function shareOver(seconds: number): string {
  return `slo:bad_events:ratio${duration(seconds)}`;
}

/** Series of the share of a period's budget that is left. */
function leftOver(seconds: number): string {
  return `slo:error_budget_left:ratio${duration(seconds)}`;
}

/** Series of the number of events of a window. */
function eventsOver(events: Events, seconds: number): string {
  return `slo:${events}:count${duration(seconds)}`;
}

function duration(seconds: number): string {
  if (seconds % DAY === 0) return `${seconds / DAY}d`;
  return seconds % HOUR === 0 ? `${seconds / HOUR}h` : `${seconds / MINUTE}m`;
}

/** Without the noise of binary fractions. */
function number(value: number): number {
  return Number(value.toPrecision(9));
}
