/**
 * What a forecast of a service's load is made of, and how far each part of it is believed.
 *
 * A trigger on the load reacts when the load is there. A pod that it asks for helps only after the lead time, and a load that
 * rises by more than the trigger's headroom within the lead time is not served in time: a *surge*. Not the load as a whole is
 * forecast but surges, and pods are added before them only. Parts that know of surges:
 *
 * - `season`: what the surges of the last days at this time of day were, as a quantile over the days
 * - `peak`: the largest of them
 * - `momentum`: the load now and its rise of the last minute, carried on for twice the lead time
 * - `memory`: the largest surge of the last hour, which another one often follows
 *
 * Each part is believed as long as it pays: over the last week, the share of too full minutes it would have saved has to be
 * `worth` times the share of pods it would have cost. `worth` follows from the load: the same pods could be there all the time
 * as headroom. Where a little headroom saves most of the too full minutes, as in noise, a part has to save more than that. A
 * part that is not believed asks for nothing. Every part can only add to what the reactive trigger asks for.
 */

/** The parts of a forecast. */
export const FORECAST_PARTS = ["season", "peak", "momentum", "memory"] as const;
export type ForecastPart = (typeof FORECAST_PARTS)[number];

/** How a forecast is made. */
export interface ForecastSettings {
  /** From the moment a pod is asked for until it helps, minutes, whole number >= 1: start-up, and the node's where one is missing. */
  readonly leadMinutes: number;
  /** Utilization that the reactive trigger keeps, share of a pod's slots, 0..1; measured from 0.4 to 0.8. */
  readonly target: number;
  /** Utilization that pods may have at a surge that was foreseen. From `target` up to `limit`. */
  readonly ceiling: number;
  /** Utilization above which a promise is broken. */
  readonly limit: number;
  /** A load is a surge when it is this many times what the reactive trigger knew when it ordered the pods in use. */
  readonly surge: number;
  /** Days of which the same time of day is looked at, 1 to 14. */
  readonly days: number;
  /** Which quantile over the days `season` is. */
  readonly quantile: number;
  /** How far the level of today may differ from that of a day it is compared with: smallest and largest factor. */
  readonly levels: readonly [number, number];
  /** For how many lead times a rise of the last minute is carried on: a steep one is seldom over when its pods arrive. */
  readonly momentumLeads: number;
  /** And for how many minutes at most: no rise lasts. */
  readonly momentumMinutes: number;
  /** How long a surge is remembered, minutes. */
  readonly memoryMinutes: number;
  /** Over how many days a part is judged. */
  readonly judgedDays: number;
  /**
   * A part is believed when the share of too full minutes it saves is above so many times the share of pods it costs: this many
   * at least, and more where plain headroom is worth more.
   */
  readonly worth: number;
  /** Share of pods by which the reactive trigger's would be enlarged all the time, to see what plain headroom is worth. */
  readonly headroom: number;
  /** How many times as much as plain headroom a part has to save with each of its pods. */
  readonly headroomTimes: number;
  /** Share of the reactive trigger's pods that a part may cost at most. */
  readonly mostCost: number;
  /** Saved minutes that are not counted: a part may save one by chance, and a calm load has hardly more than one to save. */
  readonly chanceMinutes: number;
}

/**
 * Chosen on traces that docs/benchmarks-autoscaling.md names, and judged there on others. A `worth` below 7 costs more than 5 % of
 * the pods, above it a season that is worth its pods is given up. `headroomTimes` keeps noise from being taken for a season (1.25
 * to 2 do, 2 on the most traces); `chanceMinutes` keeps calm loads, whose one too full minute can be bought by anything.
 */
export const FORECAST_DEFAULTS: Omit<ForecastSettings, "leadMinutes" | "target"> = {
  ceiling: 0.8,
  limit: 0.85,
  surge: 1.25,
  days: 7,
  quantile: 0.67,
  levels: [0.5, 1.5],
  momentumLeads: 2,
  momentumMinutes: 6,
  memoryMinutes: 60,
  judgedDays: 7,
  worth: 7,
  headroom: 0.1,
  headroomTimes: 2,
  mostCost: 0.15,
  chanceMinutes: 1,
};

/** Minutes of the down-scaling window of the HorizontalPodAutoscaler: pods that were asked for stay that long. */
export const STAY_MINUTES = 6;
/** The level of a day is the mean of the last hour, of which at least half has to be there. */
export const LEVEL_MINUTES = 60;
/** A surge is expected from a minute before its time of day to some minutes after what the lead time reaches. */
export const EARLY_MINUTES = 1;
export const LATE_MINUTES = 2;
export const DAY_MINUTES = 1440;
/** A selector finds the newest sample that is younger than so many minutes (Prometheus's `--query.lookback-delta`). */
export const LOOKBACK_MINUTES = 5;
/** Nothing is believed before a seventh of the time to judge by is there, one day of a week. */
const LEAST_JUDGED = 1 / 7;

/** Of a day ago, what is looked at: how many minutes, and by how much less than the day it is shifted. */
export function seasonWindow({ leadMinutes }: Pick<ForecastSettings, "leadMinutes">): {
  readonly minutes: number;
  readonly aheadMinutes: number;
} {
  const aheadMinutes = leadMinutes + LATE_MINUTES;
  return { minutes: aheadMinutes + EARLY_MINUTES, aheadMinutes };
}

/** Settings with which rules and model calculate as they are. */
type Given = Pick<
  ForecastSettings,
  | "leadMinutes"
  | "surge"
  | "days"
  | "quantile"
  | "levels"
  | "memoryMinutes"
  | "worth"
  | "mostCost"
  | "chanceMinutes"
>;

/** What rules and model calculate with: everything else that follows from the settings, each number once. */
export interface ForecastNumbers extends Given {
  /** For how many minutes a rise of the last minute is carried on. */
  readonly carriedMinutes: number;
  /** Over how many minutes a part is judged. */
  readonly judgedMinutes: number;
  /** From the load that a part expects to what it asks for: that may fill pods up to the ceiling, the trigger divides by the target. */
  readonly scale: number;
  /** Pods are too full at so many times the load that they were ordered for. */
  readonly fullAt: number;
  /** And would be with so much headroom. */
  readonly sparedAt: number;
  /** A part has to save so many times the share that the headroom spares. */
  readonly sparedTimes: number;
}

export function forecastNumbers(of: ForecastSettings): ForecastNumbers {
  const { leadMinutes, surge, days, quantile, levels, memoryMinutes, worth, mostCost, chanceMinutes } = of;
  const fullAt = of.limit / of.target;
  return {
    ...{ leadMinutes, surge, days, quantile, levels, memoryMinutes, worth, mostCost, chanceMinutes },
    carriedMinutes: Math.min(leadMinutes * of.momentumLeads, of.momentumMinutes),
    judgedMinutes: of.judgedDays * DAY_MINUTES,
    scale: of.target / of.ceiling,
    fullAt,
    sparedAt: fullAt * (1 + of.headroom),
    sparedTimes: of.headroomTimes / of.headroom,
  };
}

/** Nothing is believed before so many minutes are there to judge by. */
export function leastJudgedMinutes({ judgedMinutes }: Pick<ForecastNumbers, "judgedMinutes">): number {
  return LEAST_JUDGED * judgedMinutes;
}

/** One for each part. */
export function mapParts<T>(of: (part: ForecastPart) => T): Record<ForecastPart, T> {
  return Object.fromEntries(FORECAST_PARTS.map((part) => [part, of(part)])) as Record<ForecastPart, T>;
}
