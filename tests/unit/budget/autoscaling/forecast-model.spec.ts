import assert from "node:assert/strict";

import { FORECAST_DEFAULTS, type ForecastSettings } from "../../../../budget/autoscaling/forecast";
import { forecastSeries } from "../../../../budget/autoscaling/forecast-model";
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
