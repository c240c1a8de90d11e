/**
 * The forecast of a service in a replay: `budget/autoscaling/forecast-model.ts` in place of its rules, in a small part of their
 * time. What it records is what the rules would (tests/unit/simulation/replay/forecast-group.spec.ts).
 */
import { ForecastModel } from "../../budget/autoscaling/forecast-model";
import { readForecast } from "../../budget/autoscaling/forecast-reading";
import { FORECAST_SERIES, type CountedForecast } from "../../budget/autoscaling/forecast-rules";
import { requestsPerSecond } from "../../budget/autoscaling/signals";
import { compileVector } from "../promql/compile";
import type { AskedMetric, AskingRule } from "../promql/metric-names";
import type { RuleGroup } from "../promql/rules";
import { STALE, type Series, type SeriesStore } from "../promql/series";
import type { VectorAt } from "../promql/vector";

/** The model counts in minutes. */
const MINUTE = 60_000;

/** What the model records, of all that the rules do. */
const RECORDED: Readonly<Record<string, (model: ForecastModel) => number>> = {
  [FORECAST_SERIES.now]: ({ load }) => load.now,
  [FORECAST_SERIES.recent]: ({ load }) => load.recent,
  [FORECAST_SERIES.gated]: ({ judged }) => judged.gated,
  [FORECAST_SERIES.trigger]: ({ judged }) => judged.gated,
};

export class ForecastGroup {
  readonly interval = MINUTE;
  readonly model: ForecastModel;
  private readonly load: VectorAt;
  private readonly recorded: { readonly series: Series; readonly of: (model: ForecastModel) => number }[];
  private last: number | undefined;

  constructor(of: CountedForecast, store: SeriesStore, compile = compileVector) {
    const { namespace, service, load, mode } = of;
    this.model = new ForecastModel(of);
    this.load = compile(load, { store, intervalMs: MINUTE });
    this.recorded = Object.entries(RECORDED)
      .filter(([name]) => mode === "on" || name !== FORECAST_SERIES.trigger)
      .map(([name, value]) => ({ series: store.series(name, { namespace, service }), of: value }));
  }

  /** @param at milliseconds since 1970, whole minutes after the last time */
  evaluate(at: number): void {
    const { model, last = at - MINUTE } = this;
    for (let missed = Math.round((at - last) / MINUTE) - 1; missed > 0; missed--) model.skip();
    this.last = at;
    const { length, values } = this.load(at);
    model.push(length === 1 ? (values[0] as number) : NaN);
    for (const { series, of } of this.recorded) {
      const value = of(model);
      if (value === value) series.append(at, value);
      else if (series.length > 0 && series.values[series.length - 1] !== STALE) series.append(at, STALE);
    }
  }
}

/** A group with those of its rules that somebody needs. */
export interface NeededGroup {
  readonly group: RuleGroup;
  readonly needed: readonly AskingRule[];
}

/**
 * The groups for which the model may stand: forecasts as a stack renders them, each of another service, whose series nobody else
 * records, and of which nobody asks for what the model does not record.
 *
 * @param asks of queries
 * @param stepSeconds between two moments at which groups may be evaluated
 * @returns the forecast of each such group; none where any of this is not so
 */
export function forecastsOf(
  groups: readonly NeededGroup[],
  asks: readonly AskedMetric[],
  stepSeconds: number,
): ReadonlyMap<RuleGroup, CountedForecast> {
  const found = groups.flatMap(({ group, needed }) => {
    const of = needed.length === 0 ? undefined : readForecast(group);
    return of === undefined ? [] : [{ group, of }];
  });
  const all = found.map(({ of }) => of);
  const records = new Set(found.flatMap(({ group }) => group.rules.map(({ record }) => record)));
  const others = groups
    .filter(({ group }) => !found.some((one) => one.group === group))
    .flatMap(({ needed }) => needed);
  const isSound =
    Number.isInteger(60 / stepSeconds) &&
    all.every(isCountedInMinutes) &&
    new Set(all.map(({ namespace, service }) => `${namespace}/${service}`)).size === all.length &&
    !others.some(({ record }) => records.has(record)) &&
    [...asks, ...others.flatMap((rule) => rule.asks)].every(
      ({ name }) => name !== undefined && (!records.has(name) || Object.hasOwn(RECORDED, name)),
    );
  return new Map(isSound ? found.map(({ group, of }) => [group, of]) : []);
}

/** Of another load than that of a service's requests it is not known that it is always a number. */
function isCountedInMinutes({ intervalSeconds, load, namespace, service }: CountedForecast): boolean {
  return 1000 * intervalSeconds === MINUTE && load === requestsPerSecond({ namespace, deployment: service });
}
