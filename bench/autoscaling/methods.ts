/** The methods of the bench: the reactive trigger, what is published, and this project's. Each is the larger of itself and the reactive trigger. */
import { FORECAST_DEFAULTS } from "../../budget/autoscaling/forecast";
import { judgeParts, loadSeries } from "../../budget/autoscaling/forecast-series";
import { delayed, quantileOf, slidingMax, slidingSum } from "../../budget/autoscaling/sliding";
import { craneForecast, holtWintersForecast } from "./published-models";
import type { Method } from "./equal-cost";

const DAY = 1440;

/** A second trigger that is the same at every target. */
function fixed(name: string, forecast: (load: Float64Array, leadMinutes: number) => Float64Array): Method {
  return {
    name,
    reactive: "requests",
    prepare: (load, leadMinutes) => {
      const second = forecast(load, leadMinutes);
      return () => second;
    },
  };
}

const without = (name: string, reactive: "requests" | "cpu"): Method => ({
  name,
  reactive,
  prepare: () => () => undefined,
});

/** Mean of the last minutes; at the beginning, of the minutes there are. */
function mean(load: Float64Array, minutes: number): Float64Array {
  const { sums, counts } = slidingSum(load, minutes);
  return sums.map((sum, i) => sum / (counts[i] as number));
}

/** The largest load of the days before from a minute ahead to what the lead time reaches, `level` at today's level. */
function seasonal(load: Float64Array, ahead: number, days: readonly number[], level: boolean): Float64Array {
  const recent = mean(load, 2);
  const hour = mean(load, 60);
  const largest = slidingMax(recent, ahead);
  const members = days.map((day) => {
    const before = delayed(hour, day * DAY);
    const then = delayed(largest, day * DAY - ahead);
    if (!level) return then;
    return then.map((value, i) => {
      const factor = (hour[i] as number) / (before[i] as number);
      return value * Math.min(Math.max(factor, 0.5), 1.5);
    });
  });
  return load.map((_, i) =>
    quantileOf(
      members.map((member) => member[i] as number).filter((value) => value === value),
      0.5,
    ),
  );
}

/** The forecast as long as its weighted error of the last day is below 0.4. */
function gated(forecast: Float64Array, load: Float64Array, ahead: number): Float64Array {
  const came = slidingMax(mean(load, 2), ahead);
  const expected = delayed(forecast, ahead);
  const error = mean(
    expected.map((value, i) => Math.abs(value - (came[i] as number))),
    DAY,
  );
  const size = mean(came, DAY);
  return forecast.map((value, i) => ((error[i] as number) < 0.4 * (size[i] as number) ? value : NaN));
}

/** `predict_linear(load[window])`: least squares, carried on for the lead time. */
function predictLinear(load: Float64Array, window: number, ahead: number): Float64Array {
  const result = new Float64Array(load.length).fill(NaN);
  const middle = (window - 1) / 2;
  const spread = (window * (window * window - 1)) / 12;
  for (let i = window - 1; i < load.length; i++) {
    let sum = 0;
    let slope = 0;
    for (let k = 0; k < window; k++) {
      const value = load[i - window + 1 + k] as number;
      sum += value;
      slope += (k - middle) * value;
    }
    result[i] = sum / window + (slope / spread) * (middle + ahead);
  }
  return result;
}

/** The project's forecast: what `forecast-rules.ts` records at the target. */
const ours: Method = {
  name: "this project",
  reactive: "requests",
  prepare: (load, leadMinutes) => {
    const known = loadSeries(load, { ...FORECAST_DEFAULTS, leadMinutes, target: 0.6 });
    return (target) => judgeParts(known, { ...FORECAST_DEFAULTS, leadMinutes, target }).gated;
  },
};

export const METHODS: readonly Method[] = [
  without("reactive, requests", "requests"),
  without("reactive, CPU", "cpu"),
  // grafana/mimir: sum(max_over_time(inflight[30m] offset 6d23h30m))
  fixed("Mimir, a week ago", (load) => delayed(slidingMax(mean(load, 2), 30), 7 * DAY - 30)),
  fixed("Crane DSP, 1 h", (load) => craneForecast(load, 60)),
  fixed("Crane DSP, 10 min", (load) => craneForecast(load, 10)),
  fixed("Holt-Winters, 10 min", (load) => holtWintersForecast(load, 10)),
  fixed("predict_linear[10m]", (load, lead) => predictLinear(mean(load, 2), 10, lead + 3)),
  fixed("predict_linear[30m]", (load, lead) => predictLinear(mean(load, 2), 30, lead + 3)),
  fixed("seasonal median", (load, lead) => seasonal(load, lead + 3, [1, 2, 7], false)),
  fixed("level, gated", (load, lead) => {
    const ahead = lead + 3;
    return gated(seasonal(load, ahead, [1, 2, 7], true), load, ahead);
  }),
  ours,
];

/** The method whose result is the bench's. */
export const OURS = ours.name;
/** The method that all are compared with. */
export const REACTIVE = "reactive, requests";
