/** Recording rules, evaluated one group after the other, as Prometheus does (rules/group.go, as of 3.5). */
import { compileVector, type Source } from "./compile";
import { PromqlError } from "./expression";
import { parseDuration } from "./parse";
import type { Labels } from "./label-sets";
import { STALE, type Series, type SeriesStore } from "./series";
import { following, type VectorAt } from "./vector";

/** One rule as a PrometheusRule or a rules file has it. Alerts are left out. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string | number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  /** As in `1m`. @default 1m, Prometheus's `evaluation_interval` */
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

interface Recorded {
  readonly name: string;
  readonly evaluate: VectorAt;
  readonly seriesOf: (labels: readonly Labels[]) => readonly Series[];
  last: readonly Series[];
}

export interface EvaluationOptions {
  /** As before Prometheus 3. @default false */
  readonly closedWindows?: boolean;
  /** Whether somebody reads the metric: the rule is read in any case, and evaluated only then. @default all are */
  readonly isNeeded?: (record: string) => boolean;
  /** @default compileVector */
  readonly compile?: (text: string, source: Source) => VectorAt;
}

/** A group that records into a store what its rules come to. */
export class EvaluatedGroup {
  /** Between two evaluations, milliseconds. */
  readonly interval: number;
  private readonly rules: readonly Recorded[];

  /** @throws PromqlError */
  constructor(
    group: RuleGroup,
    private readonly store: SeriesStore,
    { closedWindows = false, isNeeded = () => true, compile = compileVector }: EvaluationOptions = {},
  ) {
    const interval = parseDuration(group.interval ?? "1m");
    if (interval === undefined || interval <= 0) {
      throw new PromqlError(`the interval "${group.interval ?? ""}" of the group`, group.name);
    }
    this.interval = interval;
    const rules = group.rules.flatMap(({ record, expr, labels = {} }): Recorded[] =>
      record === undefined
        ? []
        : [
            {
              name: record,
              evaluate: compile(String(expr), { store, intervalMs: interval, closedWindows }),
              seriesOf: following((all) => all.map((own) => this.series(record, { ...own, ...labels }))),
              last: [],
            },
          ],
    );
    this.rules = rules.filter(({ name }) => isNeeded(name));
  }

  /** Names of the series it records. */
  get records(): string[] {
    return this.rules.map(({ name }) => name);
  }

  /** Each rule sees what the ones before it recorded at the same moment. @param at milliseconds since 1970 */
  evaluate(at: number): void {
    for (const rule of this.rules) {
      const { labels, values } = rule.evaluate(at);
      const there = rule.seriesOf(labels);
      for (let index = 0; index < there.length; index++) there[index]?.append(at, values[index] as number);
      if (there === rule.last) continue;
      for (const series of rule.last) if (!there.includes(series)) series.append(at, STALE);
      rule.last = there;
    }
  }

  private series(name: string, labels: Labels): Series {
    const own = Object.entries(labels).filter(([label, value]) => label !== "__name__" && value !== "");
    return this.store.series(name, Object.fromEntries(own));
  }
}
