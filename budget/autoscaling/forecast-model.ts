/**
 * The recording rules of `forecast-rules.ts`, computed over arrays. The bench and the replays use them, and a spec compares
 * the rules with them.
 * One step is one minute; NaN is a minute without a sample. The names are those of the rules.
 */
import {
  DAY_MINUTES,
  FORECAST_PARTS,
  type ForecastPart,
  type ForecastSettings,
  LEAST_JUDGED,
  LEVEL_MINUTES,
  momentumMinutes,
  seasonWindow,
  STAY_MINUTES,
} from "./forecast";
import { delayed, quantileOf, slidingMax, slidingSum } from "./sliding";

/** What is known of a load before anything is decided: the same for every target. */
export interface LoadSeries {
  readonly now: Float64Array;
  readonly recent: Float64Array;
  /** What the reactive trigger knew when it ordered the pods that are usable now. */
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
  const { leadMinutes, surge, memoryMinutes } = settings;
  const recent = means(now, 2, 1);
  const ordered = delayed(slidingMax(recent, STAY_MINUTES), leadMinutes);
  // A comparison with NaN is false, so that a surge of an unknown load would be 0: multiplied, it is unknown.
  const surges = now.map((value, i) => value * Number(value > surge * at(ordered, i)) + 0 * at(ordered, i));
  const momentum = now.map((value, i) => {
    const before = i > 0 ? at(now, i - 1) : NaN;
    return value + momentumMinutes(settings) * (before < value ? value - before : 0);
  });
  const members = seasonMembers(surges, means(now, LEVEL_MINUTES, LEVEL_MINUTES / 2), settings);
  return {
    now,
    recent,
    ordered,
    parts: {
      season: acrossDays(members, (values) => quantileOf(values, settings.quantile)),
      peak: acrossDays(members, (values) => quantileOf(values, 1)),
      momentum,
      memory: slidingMax(surges, memoryMinutes),
    },
  };
}

/** Whether each part pays at the target, and what those that do ask for together. */
export function judgeParts(load: LoadSeries, settings: ForecastSettings): ForecastSeries {
  const { now, ordered } = load;
  const { target, ceiling, limit } = settings;
  const window = settings.judgedDays * DAY_MINUTES;
  const tooFull = now.map((value, i) =>
    flag(value > (limit / target) * at(ordered, i), value, at(ordered, i)),
  );
  const tooFullSums = slidingSum(tooFull, window).sums;
  const base: Judged = {
    now,
    ordered,
    tooFull,
    tooFullSums,
    orderedSums: slidingSum(ordered, window),
    worth: worthOf(load, tooFull, tooFullSums, settings),
  };
  const judged = mapParts((part) =>
    judge(
      load.parts[part].map((value) => (target / ceiling) * value),
      base,
      settings,
    ),
  );
  const gated = new Float64Array(now.length).fill(NaN);
  for (const { asked, believed } of Object.values(judged)) {
    for (let i = 0; i < gated.length; i++) {
      const asks = at(asked, i) * at(believed, i);
      if (asks === asks && !(asks <= at(gated, i))) gated[i] = asks;
    }
  }
  return { ...load, judged, worth: base.worth, gated };
}

interface Judged {
  readonly now: Float64Array;
  readonly ordered: Float64Array;
  readonly tooFull: Float64Array;
  readonly tooFullSums: Float64Array;
  readonly orderedSums: ReturnType<typeof slidingSum>;
  /** How many times the share of pods it costs a part has to save of the too full minutes. */
  readonly worth: Float64Array;
}

/** At least what is set; more where the same pods as headroom all the time would save more. */
function worthOf(
  { now, ordered }: LoadSeries,
  tooFull: Float64Array,
  tooFullSums: Float64Array,
  { target, limit, headroom, headroomTimes, worth, judgedDays }: ForecastSettings,
): Float64Array {
  const spared = now.map((value, i) => {
    const supplied = (1 + headroom) * at(ordered, i);
    return flag((limit / target) * supplied >= value, value, supplied) * at(tooFull, i);
  });
  return slidingSum(spared, judgedDays * DAY_MINUTES).sums.map((sum, i) =>
    Math.max(worth, ((headroomTimes / headroom) * sum) / (at(tooFullSums, i) + 1)),
  );
}

function judge(asked: Float64Array, base: Judged, settings: ForecastSettings): PartSeries {
  const { leadMinutes, target, limit, mostCost, chanceMinutes, judgedDays } = settings;
  const window = judgedDays * DAY_MINUTES;
  const stays = delayed(slidingMax(asked, STAY_MINUTES), leadMinutes);
  const extra = stays.map((value, i) => {
    const more = value - at(base.ordered, i);
    return more < 0 ? 0 : more;
  });
  const saved = extra.map((more, i) => {
    const load = at(base.now, i);
    const supplied = more + at(base.ordered, i);
    return flag((limit / target) * supplied >= load, load, supplied) * at(base.tooFull, i);
  });
  const extraSums = slidingSum(extra, window).sums;
  const savedSums = slidingSum(saved, window).sums;
  const benefit = savedSums.map((sum, i) => Math.max(sum - chanceMinutes, 0) / (at(base.tooFullSums, i) + 1));
  const { sums, counts } = base.orderedSums;
  const cost = extraSums.map((sum, i) =>
    (counts[i] as number) >= LEAST_JUDGED * window && at(sums, i) > 0 ? sum / at(sums, i) : NaN,
  );
  const believed = benefit.map((value, i) =>
    flag(value > at(base.worth, i) * at(cost, i) && at(cost, i) <= mostCost, value, at(cost, i)),
  );
  return { asked, benefit, cost, believed };
}

/** For each day back: the largest surge around this time of day, at today's level. */
function seasonMembers(
  surges: Float64Array,
  level: Float64Array,
  settings: ForecastSettings,
): Float64Array[] {
  const { minutes, aheadMinutes } = seasonWindow(settings);
  const [least, most] = settings.levels;
  const largest = slidingMax(surges, minutes);
  return Array.from({ length: settings.days }, (_, index) => {
    const back = (index + 1) * DAY_MINUTES;
    const before = delayed(level, back);
    return delayed(largest, back - aheadMinutes).map((value, i) => {
      const that = at(before, i);
      return that > 0 ? value * Math.min(Math.max(at(level, i) / that, least), most) : NaN;
    });
  });
}

function acrossDays(members: readonly Float64Array[], of: (values: number[]) => number): Float64Array {
  const [first] = members;
  return new Float64Array(first?.length ?? 0).map((_, i) =>
    of(members.map((member) => at(member, i)).filter((value) => !Number.isNaN(value))),
  );
}

/** Means over a window of which at least so many samples are there. */
function means(values: Float64Array, window: number, least: number): Float64Array {
  const { sums, counts } = slidingSum(values, window);
  return sums.map((sum, i) => ((counts[i] as number) >= least ? sum / (counts[i] as number) : NaN));
}

/** 1 or 0; NaN when one of the two that were compared is not known. */
function flag(condition: boolean, a: number, b: number): number {
  return Number.isNaN(a + b) ? NaN : Number(condition);
}

function at(values: Float64Array, index: number): number {
  return values[index] as number;
}

function mapParts<T>(of: (part: ForecastPart) => T): Record<ForecastPart, T> {
  return Object.fromEntries(FORECAST_PARTS.map((part) => [part, of(part)])) as Record<ForecastPart, T>;
}
