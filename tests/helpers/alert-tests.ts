/** Tests of promtool that follow from an alert alone: when it has to fire, when it has to be silent, and that its bound counts. */
import assert from "node:assert/strict";

import { expressionOf, type Alert, type ExampleSeries } from "../../budget/monitoring/alert";
import { alertRule, recordingRule, rulesFile, targetRule } from "../../budget/monitoring/rule-groups";
import type { RecordingRule } from "../../budget/monitoring/recording";
import type { ExportedTarget, Watched } from "../../budget/monitoring/watched";
import { checkRules, runRuleTests, type RuleTest } from "./promtool";

/** Evaluations after which Prometheus has noticed for certain. */
const FEW = 3;
/** Samples that are missing in a gap: less than what is looked back, less than half of the shortest window. */
const GAP = 2;
/** Steps of samples and evaluations, seconds. */
const STEPS = [120, 60, 30, 20, 15, 10, 5] as const;
/** Until here a window has twenty samples, so that two that are missing move a rate by less than a tenth; seconds. */
const SHORT = 3600;
/** From here on three have to do, for a day has many; seconds. */
const LONG = 86_400;
/** How far beyond the bound an example is, and how far on its good side. */
const BEYOND = 0.1;
/** By how much a loosened bound is further off. It has to be more than `BEYOND`. */
const LOOSENED = 0.2;

/**
 * One mocha test for each alert of a noun, and one for its rules: promtool runs once for all of them.
 *
 * @param isTested leaves alerts out which are tested elsewhere. @default all are tested
 */
export function describeAlerts(
  title: string,
  watched: Watched,
  isTested: (alert: Alert) => boolean = () => true,
): void {
  const alerts = watched.alerts.filter(isTested);
  describe(title, function () {
    this.timeout(300_000);
    let said: readonly string[] = [];
    before(() => {
      said = runRuleTests(alerts.map((alert) => alertTest(alert, watched.rules, watched.targets)));
    });

    it("has rules that promtool accepts", () => {
      assert.equal(checkRules(testedRules(watched)), "");
    });
    alerts.forEach((alert, index) => {
      const { name, labels = {} } = alert;
      const which = Object.values(labels).join(", ");
      it(`${name}${which === "" ? "" : ` (${which})`} fires, is silent, survives a gap and resolves`, () => {
        assert.equal(said[index], "");
      });
    });
  });
}

/** Where alerts of a test lead. */
const LINKS = { runbooks: "docs/runbooks/" };

/** Text of a rules file with all of them in one group. */
export function testedRules({ rules = [], alerts = [], targets = [] }: Partial<Watched>): string {
  return textOf([
    ...[...targets.map(targetRule), ...rules].map(recordingRule),
    ...alerts.map((alert) => alertRule(alert, LINKS)),
  ]);
}

function textOf(rules: readonly object[]): string {
  return rulesFile([{ name: "tested", rules }]);
}

/**
 * First the good side of the bound, then beyond it, then the good side again. Both have a gap. Beside the alert is its
 * twin with a bound that is looser by a fifth, which has to be silent: so the examples would notice such a change.
 *
 * @throws RangeError where the bound is 0: nothing is 10 % beyond it
 */
export function alertTest(
  alert: Alert,
  rules: readonly RecordingRule[],
  targets: readonly ExportedTarget[] = [],
): RuleTest {
  const { condition, forSeconds, windowSeconds, name } = alert;
  const [silent, firing] = examplesOf(alert);
  const needed = rulesFor(
    alert,
    [...targets.map(targetRule), ...rules].filter(
      ({ record }) => ![...silent, ...firing].some(({ series }) => nameOf(series) === record),
    ),
  );
  const step = stepFor([expressionOf(alert), ...needed.map(({ expr }) => expr)], windowSeconds + forSeconds);
  const steps = (seconds: number): number => Math.ceil(seconds / step);

  const noticed = steps(windowSeconds + forSeconds) + FEW;
  const fired = 2 * noticed;
  const gapOver = fired + GAP + FEW;
  const resolved = gapOver + steps(windowSeconds) + FEW;
  const phases: readonly Phase[] = [
    { series: silent, until: noticed, gapAt: noticed - GAP - 1 },
    { series: firing, until: gapOver, gapAt: fired + 1 },
    { series: silent, until: resolved + FEW, gapAt: undefined },
  ];

  const [twin, loosened] =
    condition.kind === "threshold"
      ? [`${name}Loosened`, 1 + (condition.comparison === ">" ? LOOSENED : -LOOSENED)]
      : [undefined, undefined];
  const during = (of: string, from: number, to: number, least: boolean): string =>
    `${least ? "min" : "max"}(${least ? "min" : "max"}_over_time(tested:firing{of="${of}"}[${(to - from) * step}s]))`;
  return {
    stepSeconds: step,
    rules: textOf([
      ...needed.map(recordingRule),
      alertRule(alert, LINKS),
      ...(twin === undefined ? [] : [alertRule({ ...alert, name: twin }, LINKS, loosened)]),
      ...[name, ...(twin === undefined ? [] : [twin])].map((of) => ({
        record: "tested:firing",
        labels: { of },
        expr: isFiring(of),
      })),
    ]),
    series: seriesOver(phases, step),
    expectations: [
      { expr: during(name, 0, noticed - 1, false), value: 0, atSeconds: (noticed - 1) * step },
      { expr: isFiring(name), value: 1, atSeconds: fired * step },
      { expr: during(name, fired, gapOver - 1, true), value: 1, atSeconds: (gapOver - 1) * step },
      { expr: isFiring(name), value: 0, atSeconds: resolved * step },
      ...(twin === undefined
        ? []
        : [{ expr: during(twin, 0, resolved, false), value: 0, atSeconds: resolved * step }]),
    ],
  };
}

/** 1 while an alert fires, else 0. */
function isFiring(name: string): string {
  return `((count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)) > bool 0)`;
}

function examplesOf({
  condition,
  name,
}: Alert): readonly [readonly ExampleSeries[], readonly ExampleSeries[]] {
  if (condition.kind === "state") return [condition.silent, condition.firing];
  const { threshold, comparison, example } = condition;
  if (threshold === 0) throw new RangeError(`${name}: a bound of 0 is a state`);
  const beyond = comparison === ">" ? 1 + BEYOND : 1 - BEYOND;
  return [example(threshold * (2 - beyond)), example(threshold * beyond)];
}

/** The rules that an alert reads, directly or through others, in their order. */
function rulesFor(alert: Alert, rules: readonly RecordingRule[]): readonly RecordingRule[] {
  const needed = new Set<RecordingRule>();
  const texts = [expressionOf(alert)];
  for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
    const selectors = [...text.matchAll(/([a-zA-Z_:][\w:]*)(?:\{([^}]*)\})?/g)];
    for (const rule of rules) {
      if (needed.has(rule) || !selectors.some(([, name, of]) => name === rule.record && mayFind(of, rule)))
        continue;
      needed.add(rule);
      texts.push(rule.expr);
    }
  }
  return rules.filter((rule) => needed.has(rule));
}

/** Whether matchers may find what a rule records: figures of the plan are many, and of one name. */
function mayFind(matchers = "", { labels = {} }: RecordingRule): boolean {
  return [...matchers.matchAll(/(\w+)="([^"]*)"/g)].every(
    ([, label = "", value]) => (labels[label] ?? value) === value,
  );
}

/** One stretch of the time. */
interface Phase {
  readonly series: readonly ExampleSeries[];
  /** Step at which the next one begins. */
  readonly until: number;
  /** Step at which samples are missing. */
  readonly gapAt: number | undefined;
}

const COUNTER = /_(total|count|sum|bucket)$/;

/** A counter goes on counting when a phase ends; a gauge jumps to where it would have been in the next one. */
function seriesOver(phases: readonly Phase[], step: number): RuleTest["series"] {
  const names = new Set(phases.flatMap(({ series }) => series.map(({ series: name }) => name)));
  return [...names].map((name) => {
    let last: number | undefined;
    let from = 0;
    const values = phases.flatMap(({ series, until, gapAt }) => {
      const found = series.find((one) => one.series === name);
      const length = until - from;
      const begun = from;
      from = until;
      if (found === undefined) return ["stale", ...(length > 1 ? [`_x${length - 1}`] : [])];
      const { start = 0, perMinute = 0 } = found;
      const perStep = (perMinute * step) / 60;
      const counts = COUNTER.test(nameOf(name)) && last !== undefined;
      const first = counts ? (last ?? 0) + perStep : start + perStep * begun;
      last = first + perStep * (length - 1);
      const part = (at: number, count: number): string[] =>
        count < 1 ? [] : [`${first + perStep * at}${perStep < 0 ? "" : "+"}${perStep}x${count - 1}`];
      if (gapAt === undefined) return part(0, length);
      const before = gapAt - begun;
      return [...part(0, before), `_x${GAP}`, ...part(before + GAP, length - before - GAP)];
    });
    return { series: name, values: values.join(" ") };
  });
}

function nameOf(series: string): string {
  return series.replace(/\{.*$/s, "");
}

/** The longest step at which every window has samples enough. */
function stepFor(expressions: readonly string[], alertSeconds: number): number {
  const windows = expressions.flatMap((expr) =>
    Array.from(expr.matchAll(/\[([\w]+)(?::\w*)?\]/g), ([, text = ""]) => secondsOf(text)),
  );
  const shortest = Math.min(...windows, 300);
  const samples = alertSeconds <= SHORT ? 20 : alertSeconds < LONG ? 5 : 2.5;
  return STEPS.find((step) => step * samples <= shortest) ?? 5;
}

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

function secondsOf(duration: string): number {
  return Array.from(duration.matchAll(/(\d+)(ms|[smhdwy])/g)).reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (SECONDS[unit] ?? 0),
    0,
  );
}
