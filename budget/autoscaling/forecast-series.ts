/** A forecast over a whole series of minutes: `forecast-model.ts`, minute by minute, and what came of each. */
import {
  FORECAST_PARTS,
  forecastNumbers,
  mapParts,
  type ForecastPart,
  type ForecastSettings,
} from "./forecast";
import { JudgeModel, LoadModel } from "./forecast-model";

/** What is known of a load before anything is decided: the same for every target. */
export interface LoadSeries {
  readonly now: Float64Array;
  readonly recent: Float64Array;
  readonly ordered: Float64Array;
  /** What each part expects, before it is scaled to the target. */
  readonly parts: Readonly<Record<ForecastPart, Float64Array>>;
}

/** What a part asks for, and whether it is believed. */
export interface PartSeries {
  readonly asked: Float64Array;
  readonly benefit: Float64Array;
  readonly cost: Float64Array;
  /** 1 or 0; NaN while there is too little history. */
  readonly believed: Float64Array;
}

export interface ForecastSeries extends LoadSeries {
  readonly judged: Readonly<Record<ForecastPart, PartSeries>>;
  /** How many times its cost a part's benefit has to be. */
  readonly worth: Float64Array;
  /** What the second trigger asks for; 0 when no part is believed, NaN when nothing is known. */
  readonly gated: Float64Array;
}

/** @param now load of each minute, NaN where it is not known */
export function forecastSeries(now: Float64Array, settings: ForecastSettings): ForecastSeries {
  return judgeParts(loadSeries(now, settings), settings);
}

/** The part of the work that no target changes. */
export function loadSeries(now: Float64Array, settings: ForecastSettings): LoadSeries {
  const model = new LoadModel(forecastNumbers(settings));
  const row = (): Float64Array => new Float64Array(now.length);
  const series: LoadSeries = { now, recent: row(), ordered: row(), parts: mapParts(row) };
  for (let minute = 0; minute < now.length; minute++) {
    model.push(now[minute] as number);
    series.recent[minute] = model.recent;
    series.ordered[minute] = model.ordered;
    FORECAST_PARTS.forEach((part, index) => {
      series.parts[part][minute] = model.expected[index] as number;
    });
  }
  return series;
}

/** Whether each part pays at the target, and what those that do ask for together. */
export function judgeParts(load: LoadSeries, settings: ForecastSettings): ForecastSeries {
  const model = new JudgeModel(forecastNumbers(settings));
  const row = (): Float64Array => new Float64Array(load.now.length);
  const judged = mapParts((): PartSeries => ({ asked: row(), benefit: row(), cost: row(), believed: row() }));
  const series: ForecastSeries = { ...load, judged, worth: row(), gated: row() };
  const expected = new Float64Array(FORECAST_PARTS.length);
  for (let minute = 0; minute < load.now.length; minute++) {
    FORECAST_PARTS.forEach((part, index) => (expected[index] = load.parts[part][minute] as number));
    model.push({ now: load.now[minute] as number, ordered: load.ordered[minute] as number }, expected);
    series.worth[minute] = model.worth;
    series.gated[minute] = model.gated;
    for (const part of FORECAST_PARTS) {
      const { asked, benefit, cost, believed } = model.parts[part];
      const rows = judged[part];
      rows.asked[minute] = asked;
      rows.benefit[minute] = benefit;
      rows.cost[minute] = cost;
      rows.believed[minute] = believed;
    }
  }
  return series;
}
