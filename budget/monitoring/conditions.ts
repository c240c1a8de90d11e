/** The conditions that alerts of several nouns have in common, each with the series that prove it. */
import type { Alert, ExampleSeries, ThresholdCondition } from "./alert";
import { seriesOf, type Workload } from "./series";

/** What of an alert follows from how something is measured. */
export type Measured = Pick<Alert, "condition" | "windowSeconds">;

/** Window of every rate, seconds: ten samples at the usual interval, so that one that is missing changes little. */
export const RATE_SECONDS = 300;

/** Share of the admitted connections above which there is too little left for a fail-over or a wrong guess. */
export const CONNECTIONS_SHARE = 0.8;

/** One series of a workload's first pod, for an example. @param more matchers besides, all with `=` */
export function exampleSeries(metric: string, workload: Workload, more?: string): string {
  return `${metric}{${seriesOf(workload, more)},pod="${workload.job}-0"}`;
}

/** A counter that grew within five minutes. @param matchers of its series, all with `=` */
export function grew(counter: string, matchers: string): Measured {
  const series = `${counter}{${matchers},pod="one"}`;
  return {
    condition: {
      kind: "state",
      expr: `sum(increase(${counter}{${matchers}}[5m])) > 0`,
      firing: [{ series, perMinute: 5 }],
      silent: [{ series, start: 5 }],
    },
    windowSeconds: RATE_SECONDS,
  };
}

/** A gauge of which one value is beyond the bound. */
export function gauge(
  value: string,
  comparison: ThresholdCondition["comparison"],
  threshold: number,
  example: (value: number) => readonly ExampleSeries[],
): Measured {
  return {
    condition: { kind: "threshold", values: [value], comparison, threshold, example },
    windowSeconds: 0,
  };
}

/** The same of a rate over five minutes. */
export function rate(...of: Parameters<typeof gauge>): Measured {
  return { ...gauge(...of), windowSeconds: RATE_SECONDS };
}

/** What is so by gauges. @param firing series with which it is so @param silent with which it is not */
export function state(
  expr: string,
  firing: Record<string, number>,
  silent: Record<string, number>,
): Measured {
  const seriesAt = (values: Record<string, number>): ExampleSeries[] =>
    Object.entries(values).map(([series, start]) => ({ series, start }));
  return {
    condition: { kind: "state", expr, firing: seriesAt(firing), silent: seriesAt(silent) },
    windowSeconds: 0,
  };
}
