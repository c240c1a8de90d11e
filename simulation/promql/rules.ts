/** Recording rules, evaluated one group after the other, as Prometheus does (rules/group.go, as of 3.5). */
import { compilePromql } from "./compile";
import { PromqlError } from "./expression";
import { parseDuration } from "./parse";
import { STALE, type Labels, type Sample, type Series, type SeriesStore } from "./series";

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
  readonly labels: Labels;
  readonly evaluate: (at: number) => Sample[];
  readonly series: Map<Labels, Series>;
  last: readonly Series[];
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
  ) {
    const interval = parseDuration(group.interval ?? "1m");
    if (interval === undefined || interval <= 0) {
      throw new PromqlError(`the interval "${group.interval ?? ""}" of the group`, group.name);
    }
    this.interval = interval;
    this.rules = group.rules.flatMap(({ record, expr, labels = {} }) =>
      record === undefined
        ? []
        : [
            {
              name: record,
              labels,
              evaluate: compilePromql(String(expr), { store, intervalMs: interval }),
              series: new Map<Labels, Series>(),
              last: [],
            },
          ],
    );
  }

  /** Names of the series it records. */
  get records(): string[] {
    return this.rules.map(({ name }) => name);
  }

  /** Each rule sees what the ones before it recorded at the same moment. @param at milliseconds since 1970 */
  evaluate(at: number): void {
    for (const rule of this.rules) {
      const there: Series[] = [];
      for (const { labels, value } of rule.evaluate(at)) {
        const series = this.seriesOf(rule, labels);
        series.append(at, value);
        there.push(series);
      }
      for (const series of rule.last) if (!there.includes(series)) series.append(at, STALE);
      rule.last = there;
    }
  }

  private seriesOf(rule: Recorded, labels: Labels): Series {
    let series = rule.series.get(labels);
    if (series === undefined) {
      const all = { ...labels, ...rule.labels };
      const own = Object.entries(all).filter(([name, value]) => name !== "__name__" && value !== "");
      series = this.store.series(rule.name, Object.fromEntries(own));
      rule.series.set(labels, series);
    }
    return series;
  }
}
