import assert from "node:assert/strict";

import { FORECAST_DEFAULTS, type ForecastSettings } from "../../../../budget/autoscaling/forecast";
import { forecastSeries } from "../../../../budget/autoscaling/forecast-series";
import { delayed, quantileOf, slidingMax, slidingSum } from "../../../../budget/autoscaling/sliding";
import { Random } from "../../../../simulation/traffic/random";

const SETTINGS: ForecastSettings = { ...FORECAST_DEFAULTS, leadMinutes: 3, target: 0.6 };
const DAY = 1440;

/** Every day at noon the load is three times as much for a quarter of an hour. */
const noons = (days: number): Float64Array =>
  Float64Array.from({ length: days * DAY }, (_, minute) => {
    const time = minute % DAY;
    return (100 + (time % 7)) * (time >= 720 && time < 735 ? 3 : 1);
  });

describe("a forecast of surges", () => {
  it("asks for pods before a surge that comes every day, and not long before", () => {
    const now = noons(10);
    const { gated } = forecastSeries(now, SETTINGS);
    const noon = 9 * DAY + 720;
    // From the minute after noon on, the reactive trigger has ordered what is needed.
    for (let minute = noon - 3; minute < noon + 1; minute++) {
      assert.ok((gated[minute] as number) >= (0.6 / 0.8) * 300, `${minute - noon}: ${gated[minute]}`);
    }
    assert.ok(gated.slice(noon - 400, noon - 10).every((value) => value < 130));
  });

  it("believes nothing before a day is there to judge by, and no season that came once", () => {
    const { gated, judged } = forecastSeries(noons(3), SETTINGS);
    assert.ok(gated.slice(0, DAY).every((value) => Number.isNaN(value)));
    assert.ok(judged.season.believed.slice(0, DAY + 720).every((value) => value !== 1));
  });

  it("asks for nothing of a load that has no season and no surge", () => {
    const random = new Random(5);
    const now = Float64Array.from({ length: 9 * DAY }, () => 100 + 5 * random.normal());
    const { gated, recent } = forecastSeries(now, SETTINGS);
    assert.ok(gated.slice(2 * DAY).every((value, i) => value <= 1.1 * (recent[i + 2 * DAY] as number)));
  });

  it("takes a single saved minute for chance: a calm load pays for nothing", () => {
    const now = new Float64Array(5 * DAY).fill(100);
    // Two spikes within the hour: the first would have had the pods of the second ready.
    now[3 * DAY] = 300;
    now[3 * DAY + 30] = 300;
    const believed = (chanceMinutes: number): boolean =>
      forecastSeries(now, { ...SETTINGS, chanceMinutes }).judged.memory.believed.includes(1);
    assert.ok(!believed(1));
    assert.ok(believed(0));
  });

  it("asks more of a part where plain headroom would do, as in noise, and no more where surges are large", () => {
    const random = new Random(5);
    const noise = Float64Array.from({ length: 9 * DAY }, () => Math.max(0, 100 + 25 * random.normal()));
    const worth = (now: Float64Array, settings = SETTINGS): number =>
      forecastSeries(now, settings).worth.at(-1) as number;
    assert.equal(worth(noons(9)), SETTINGS.worth);
    // Headroom of a tenth saves nearly all: twice its benefit by its cost is little less than 20.
    assert.ok(worth(noise) > 12 && worth(noise) < 20, String(worth(noise)));
    assert.equal(worth(noise, { ...SETTINGS, headroomTimes: 0 }), SETTINGS.worth);
  });

  it("has no value where the load has none, and is itself again after an outage", () => {
    const now = noons(10);
    now.fill(NaN, 8 * DAY + 700, 8 * DAY + 800);
    const { gated, judged } = forecastSeries(now, SETTINGS);
    assert.ok(Number.isNaN(judged.momentum.asked[8 * DAY + 750]));
    assert.ok((gated[9 * DAY + 718] as number) >= 225);
  });

  it("never asks for less because a part is missing: what is not believed asks for 0", () => {
    const { gated } = forecastSeries(noons(10), { ...SETTINGS, worth: Infinity });
    assert.ok(gated.slice(2 * DAY).every((value) => value === 0));
  });
});

describe("sliding windows", () => {
  const values = Float64Array.from([3, NaN, 1, 5, 2, NaN, NaN, NaN]);

  it("have the largest, the sum and the number of what is there", () => {
    assert.deepEqual([...slidingMax(values, 3)], [3, 3, 3, 5, 5, 5, 2, NaN]);
    const { sums, counts } = slidingSum(values, 3);
    assert.deepEqual([...sums], [3, 3, 4, 6, 8, 7, 2, NaN]);
    assert.deepEqual([...counts], [1, 1, 2, 2, 3, 2, 1, 0]);
  });

  it("sum to nothing where nothing is, whatever was there before", () => {
    const { sums } = slidingSum(Float64Array.from([0.1, 0.7, 0.3, 0, 0, 0, 0]), 3);
    assert.deepEqual([...sums.slice(5)], [0, 0]);
    // Nor is a small one lost that stood beside a large one.
    assert.equal(slidingSum(Float64Array.from([1e18, 1, 1, 1]), 2).sums[3], 2);
  });

  it("move series in both directions", () => {
    assert.deepEqual([...delayed(Float64Array.from([1, 2, 3]), 1)], [NaN, 1, 2]);
    assert.deepEqual([...delayed(Float64Array.from([1, 2, 3]), -1)], [2, 3, NaN]);
    assert.deepEqual([...delayed(Float64Array.from([1, 2, 3]), 9)], [NaN, NaN, NaN]);
  });

  it("have quantiles on lines between neighbours", () => {
    assert.equal(quantileOf([4, 1, 3, 2], 0.5), 2.5);
    assert.equal(quantileOf([], 0.5), NaN);
  });
});
