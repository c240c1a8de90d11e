/**
 * The recording rules of `forecast-rules.ts`, computed a minute at a time. Replays use them in place of the rules, the bench over
 * whole series, and specs compare the rules with them.
 * One step is one minute; NaN is a minute without a sample. The names are those of the rules.
 */
import {
  DAY_MINUTES,
  FORECAST_PARTS,
  type ForecastNumbers,
  type ForecastPart,
  leastJudgedMinutes,
  LEVEL_MINUTES,
  LOOKBACK_MINUTES,
  mapParts,
  seasonWindow,
  STAY_MINUTES,
} from "./forecast";
import { History, RollingSum, Sorted } from "./rolling";

/** What is known of a load before anything is decided: the same for every target. */
export class LoadModel {
  now = NaN;
  recent = NaN;
  /** What the reactive trigger knew when it ordered the pods that are usable now. */
  ordered = NaN;
  /** What each part expects, before it is scaled to the target, in the order of FORECAST_PARTS. */
  readonly expected = new Float64Array(FORECAST_PARTS.length).fill(NaN);
  private readonly loads = new History(LEVEL_MINUTES);
  private readonly recents: History;
  private readonly surges: History;
  /** The largest surge of a window of the season, by the window's last minute. */
  private readonly largest: History;
  /** The level as somebody sees it who asks for a minute that is over. */
  private readonly levels: History;
  private readonly members: Sorted;
  private level = NaN;
  /** Minutes since the rules were last evaluated. */
  private missed = 0;

  constructor(
    private readonly numbers: Pick<
      ForecastNumbers,
      "leadMinutes" | "surge" | "days" | "quantile" | "levels" | "carriedMinutes" | "memoryMinutes"
    >,
  ) {
    const { leadMinutes, days, memoryMinutes } = numbers;
    this.recents = new History(leadMinutes + STAY_MINUTES);
    this.surges = new History(Math.max(memoryMinutes, seasonWindow(numbers).minutes));
    this.largest = new History(days * DAY_MINUTES + 1);
    this.levels = new History(days * DAY_MINUTES + 1);
    this.members = new Sorted(days);
  }

  /** @param now load of a minute in which the rules are evaluated; NaN where there is none */
  push(now: number): void {
    const { leadMinutes, surge, quantile, carriedMinutes, memoryMinutes } = this.numbers;
    const { loads, recents, surges, expected } = this;
    this.now = now;
    this.missed = 0;
    loads.push(now);
    this.recent = loads.mean(2);
    this.level = loads.mean(LEVEL_MINUTES, LEVEL_MINUTES / 2);
    recents.push(this.recent);
    this.ordered = recents.max(STAY_MINUTES, leadMinutes);
    surges.push(now * flag(now > surge * this.ordered, now, this.ordered));
    this.largest.push(surges.max(seasonWindow(this.numbers).minutes));
    this.levels.push(this.level);
    this.findMembers();
    const before = loads.ago(1);
    expected[0] = this.members.quantile(quantile);
    expected[1] = this.members.quantile(1);
    expected[2] = now + carriedMinutes * (before < now ? now - before : 0);
    expected[3] = surges.max(memoryMinutes);
  }

  /** A minute without an evaluation. Queries still find the last values for a while; windows have no sample for this minute. */
  skip(): void {
    this.missed++;
    this.loads.push(NaN);
    this.recents.push(NaN);
    this.surges.push(NaN);
    this.largest.push(this.surges.max(seasonWindow(this.numbers).minutes));
    this.levels.push(this.missed < LOOKBACK_MINUTES ? this.level : NaN);
  }

  /** For each day back: the largest surge around this time of day, at today's level. */
  private findMembers(): void {
    const { days, levels } = this.numbers;
    const { aheadMinutes } = seasonWindow(this.numbers);
    const { members, level } = this;
    members.clear();
    for (let day = 1; day <= days; day++) {
      const back = day * DAY_MINUTES;
      const that = this.levels.ago(back);
      if (!(that > 0)) continue;
      const member =
        this.largest.ago(back - aheadMinutes) * Math.max(levels[0], Math.min(levels[1], level / that));
      if (member === member) members.add(member);
    }
  }
}

/** What a part asks for, and whether it is believed. */
class PartModel {
  asked = NaN;
  benefit = NaN;
  cost = NaN;
  /** 1 or 0; NaN while there is too little history. */
  believed = NaN;
  private readonly asks: History;
  private readonly extras: RollingSum;
  private readonly saved: RollingSum;

  constructor({ leadMinutes, judgedMinutes }: ForecastNumbers) {
    this.asks = new History(leadMinutes + STAY_MINUTES);
    this.extras = new RollingSum(judgedMinutes);
    this.saved = new RollingSum(judgedMinutes);
  }

  push(expected: number, { now, ordered }: KnownLoad, base: JudgeModel, numbers: ForecastNumbers): void {
    const { leadMinutes, scale, fullAt, chanceMinutes, mostCost } = numbers;
    this.asked = scale * expected;
    this.asks.push(this.asked);
    const extra = Math.max(0, this.asks.max(STAY_MINUTES, leadMinutes) - ordered);
    const supplied = extra + ordered;
    this.extras.push(extra);
    this.saved.push(flag(fullAt * supplied >= now, supplied, now) * base.tooFull);
    this.benefit = Math.max(0, this.saved.sum - chanceMinutes) / base.fullMinutes;
    this.cost = base.isKnown ? this.extras.sum / base.orders.sum : NaN;
    const pays = flag(this.benefit > this.cost * base.worth, this.benefit, this.cost * base.worth);
    this.believed = pays * Number(this.cost <= mostCost);
  }

  skip(): void {
    this.asks.push(NaN);
    this.extras.push(NaN);
    this.saved.push(NaN);
  }
}

/** A load as parts are judged by it. */
type KnownLoad = Pick<LoadModel, "now" | "ordered">;

/** Whether each part pays at the target, and what those that do ask for together. */
export class JudgeModel {
  readonly parts: Readonly<Record<ForecastPart, PartModel>>;
  /** How many times its cost a part's benefit has to be. */
  worth = NaN;
  /** What the second trigger asks for; 0 when no part is believed, NaN when nothing is known. */
  gated = NaN;
  /** 1 or 0. */
  tooFull = NaN;
  /** Too full minutes of the time to judge by, and one more. */
  fullMinutes = NaN;
  readonly orders: RollingSum;
  private readonly full: RollingSum;
  private readonly spared: RollingSum;
  private readonly all: readonly PartModel[];

  constructor(private readonly numbers: ForecastNumbers) {
    const { judgedMinutes } = numbers;
    this.orders = new RollingSum(judgedMinutes);
    this.full = new RollingSum(judgedMinutes);
    this.spared = new RollingSum(judgedMinutes);
    this.parts = mapParts(() => new PartModel(numbers));
    this.all = FORECAST_PARTS.map((part) => this.parts[part]);
  }

  /** There is enough to judge by. */
  get isKnown(): boolean {
    return this.orders.count >= leastJudgedMinutes(this.numbers) && this.orders.sum > 0;
  }

  /** @param expected of each part, in the order of FORECAST_PARTS */
  push(load: KnownLoad, expected: ArrayLike<number>): void {
    const { numbers } = this;
    const { now, ordered } = load;
    const { fullAt, sparedAt, sparedTimes, worth } = numbers;
    this.tooFull = flag(now > fullAt * ordered, now, ordered);
    this.full.push(this.tooFull);
    this.orders.push(ordered);
    // At least what is set; more where the same pods as headroom all the time would save more.
    this.spared.push(flag(sparedAt * ordered >= now, now, ordered) * this.tooFull);
    this.fullMinutes = this.full.sum + 1;
    this.worth = Math.max(worth, (sparedTimes * this.spared.sum) / this.fullMinutes);
    this.gated = NaN;
    for (let index = 0; index < this.all.length; index++) {
      const part = this.all[index] as PartModel;
      part.push(expected[index] as number, load, this, numbers);
      const asks = part.asked * part.believed;
      if (asks > this.gated || this.gated !== this.gated) this.gated = asks;
    }
  }

  skip(): void {
    this.full.push(NaN);
    this.orders.push(NaN);
    this.spared.push(NaN);
    for (const part of this.all) part.skip();
  }
}

/** The forecast of one service, minute by minute. */
export class ForecastModel {
  readonly load: LoadModel;
  readonly judged: JudgeModel;

  constructor(numbers: ForecastNumbers) {
    this.load = new LoadModel(numbers);
    this.judged = new JudgeModel(numbers);
  }

  /** @param now load of a minute in which the rules are evaluated; NaN where there is none */
  push(now: number): void {
    this.load.push(now);
    this.judged.push(this.load, this.load.expected);
  }

  /** A minute without an evaluation. */
  skip(): void {
    this.load.skip();
    this.judged.skip();
  }
}

/** 1 or 0; NaN when one of the two that were compared is not known. */
function flag(condition: boolean, a: number, b: number): number {
  return a === a && b === b ? Number(condition) : NaN;
}
