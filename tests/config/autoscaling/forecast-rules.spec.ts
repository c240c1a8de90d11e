import assert from "node:assert/strict";

import {
  FORECAST_DEFAULTS,
  FORECAST_PARTS,
  type ForecastSettings,
} from "../../../budget/autoscaling/forecast";
import { forecastSeries } from "../../../budget/autoscaling/forecast-series";
import {
  FORECAST_SERIES,
  type ForecastedService,
  forecastRules,
  forecastRulesFile,
} from "../../../budget/autoscaling/forecast-rules";
import { Random } from "../../../simulation/traffic/random";
import { checkRules, type RuleTestExpectation, testRules } from "../../helpers/promtool";

/** Short windows, so that a few days are enough to see all parts gain and lose trust. */
const SETTINGS: ForecastSettings = {
  ...FORECAST_DEFAULTS,
  leadMinutes: 3,
  target: 0.6,
  days: 1,
  judgedDays: 0.5,
  worth: 1,
  headroomTimes: 0.5,
  mostCost: 0.5,
};
const SERVICE: ForecastedService = {
  ...SETTINGS,
  namespace: "shop",
  service: "backend",
  load: "sum(load_per_second)",
  intervalSeconds: 60,
  mode: "on",
};
const DAYS = 2;

/**
 * Two days with a surge at about the same time, short ones after it and a steep ramp, a surge at noon of the first, noise, and
 * twelve minutes without a sample.
 */
function load(seed: number): Float64Array {
  const random = new Random(seed);
  const late = Array.from({ length: DAYS + 1 }, () => random.below(3));
  return Float64Array.from({ length: DAYS * 1440 }, (_, minute) => {
    const day = Math.floor(minute / 1440);
    const time = minute % 1440;
    const surge = time >= 500 + (late[day] ?? 0) && time < 520;
    const again = time >= 530 && time < 580 && time % 15 < 4;
    const once = day === 0 && time >= 720 && time < 735;
    const ramp = time >= 1100 && time < 1115 ? 1.15 ** Math.min(time - 1100, 9) : 1;
    const wave = 200 + 100 * Math.sin((2 * Math.PI * time) / 1440);
    if (day === 1 && time >= 300 && time < 312) return NaN;
    return (
      Math.round(wave * (1 + 0.05 * random.normal()) * (surge || again ? 3 : once ? 4 : ramp) * 1000) / 1000
    );
  });
}

describe("the forecast's recording rules", function () {
  this.timeout(300_000);

  it("are sound to promtool in both modes and at every interval", () => {
    for (const mode of ["preview", "on"] as const) {
      for (const intervalSeconds of [15, 30, 60]) {
        const group = forecastRules({ ...SERVICE, ...FORECAST_DEFAULTS, intervalSeconds, mode });
        assert.equal(checkRules(forecastRulesFile([group])), "");
      }
    }
  });

  it("give what the model gives, minute by minute, in a real Prometheus", () => {
    const now = load(7);
    const model = forecastSeries(now, SETTINGS);
    const expectations: RuleTestExpectation[] = [];
    const compare = (series: string, values: Float64Array): void => {
      for (
        let minute = 0;
        minute < now.length;
        minute += minute % 1440 > 480 && minute % 1440 < 540 ? 5 : 41
      ) {
        const value = values[minute] as number;
        const expr = Number.isNaN(value)
          ? `absent(${series}) * 1`
          : `count(abs(${series} - ${value}) <= 1e-6 * ${Math.max(1, Math.abs(value))})`;
        expectations.push({ expr: `sum(${expr})`, minute });
      }
    };
    const named = (name: string, part?: string): string =>
      `${name}{namespace="shop",service="backend"${part === undefined ? "" : `,part="${part}"`}}`;
    compare(named("service:load:ordered"), model.ordered);
    compare(named(FORECAST_SERIES.worth), model.worth);
    // The least and more both occur.
    assert.ok(model.worth.some((value) => value > SETTINGS.worth) && model.worth.includes(SETTINGS.worth));
    compare(named(FORECAST_SERIES.gated), model.gated);
    compare(named(FORECAST_SERIES.trigger), model.gated);
    for (const part of FORECAST_PARTS) {
      const { asked, benefit, cost, believed } = model.judged[part];
      compare(named(FORECAST_SERIES.asked, part), asked);
      compare(named(FORECAST_SERIES.benefit, part), benefit);
      compare(named(FORECAST_SERIES.cost, part), cost);
      compare(named(FORECAST_SERIES.believed, part), believed);
      // Both answers occur, else nothing is compared.
      const answers = new Set(believed);
      assert.ok(answers.has(1) && answers.has(NaN), `${part}: ${[...answers].join(" ")}`);
    }
    const series = [{ series: "load_per_second", values: now }];
    assert.equal(
      testRules(forecastRulesFile([forecastRules(SERVICE)]), series, expectations).slice(0, 3000),
      "",
    );
    // The comparison can fail: a hundredth of a percent is seen.
    const off = expectations.map(({ expr, minute }) => ({
      expr: expr.replace(" - ", " * 1.0001 - "),
      minute,
    }));
    assert.notEqual(testRules(forecastRulesFile([forecastRules(SERVICE)]), series, off), "");
  });

  it("of two stacks with a service of the same name keep apart in one Prometheus", () => {
    const minutes = 90;
    const stacks = [
      { namespace: "shop", rate: 100 },
      { namespace: "shop-staging", rate: 3 },
    ];
    const groups = stacks.map(({ namespace }) => ({
      ...forecastRules({ ...SERVICE, namespace, load: `sum(load_per_second{namespace="${namespace}"})` }),
      name: namespace,
    }));
    const series = stacks.map(({ namespace, rate }) => ({
      series: `load_per_second{namespace="${namespace}"}`,
      values: new Float64Array(minutes).fill(rate),
    }));
    const expectations = stacks.flatMap(({ namespace, rate }) =>
      [FORECAST_SERIES.now, FORECAST_SERIES.recent, "service:load:level", "service:load:ordered"].map(
        (name) => ({
          expr: `count(${name}{namespace="${namespace}",service="backend"} == ${rate})`,
          minute: minutes - 5,
        }),
      ),
    );
    assert.equal(testRules(forecastRulesFile(groups), series, expectations).slice(0, 3000), "");
  });

  it("publish no trigger in preview mode, but what it would have added", () => {
    const { rules } = forecastRules({ ...SERVICE, mode: "preview" });
    const names = rules.flatMap((rule) => ("record" in rule ? [rule.record] : []));
    assert.ok(!names.includes(FORECAST_SERIES.trigger));
    assert.ok(names.includes(FORECAST_SERIES.added) && names.includes(FORECAST_SERIES.error));
  });
});
