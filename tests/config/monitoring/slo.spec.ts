import assert from "node:assert/strict";

import {
  BURN_RATES,
  SLO_PERIOD_SECONDS,
  detectionSeconds,
  slo,
  type Slo,
} from "../../../budget/monitoring/slo";
import { NOTHING_WATCHED } from "../../../budget/monitoring/watched";
import { describeAlerts, testedRules } from "../../helpers/alert-tests";
import { runRuleTests, type RuleTest } from "../../helpers/promtool";

const OF: Slo = {
  name: "CheckoutErrors",
  labels: { service: "checkout" },
  bad: 'sum(rate(checkouts_total{result="failed"}[5m]))',
  all: "sum(rate(checkouts_total[5m]))",
  subjects: [{ objective: 0.99 }],
  example: (share, perMinute) => [
    { series: 'checkouts_total{result="failed"}', perMinute: share * perMinute },
    { series: 'checkouts_total{result="done"}', perMinute: (1 - share) * perMinute },
  ],
  about: { noun: "service", summary: "Checkouts fail", impact: "", dashboard: "performance", keys: [] },
};

describeAlerts("alerts of an objective", { ...NOTHING_WATCHED, ...slo(OF) });

describe("rules of an objective", function () {
  this.timeout(120_000);
  const { budgetLeft, ...rest } = slo(OF);
  const said = (test: Pick<RuleTest, "series" | "expectations">, stepSeconds = 60): string =>
    runRuleTests([{ stepSeconds, rules: testedRules(rest), ...test }]).join();
  const firing = (window: string): string =>
    `(count(ALERTS{alertname="CheckoutErrors",window="${window}",alertstate="firing"}) or vector(0)) > bool 0`;

  it("page for an outage when the formula says so", () => {
    const [fast] = BURN_RATES;
    assert.ok(fast !== undefined);
    const before = 6 * 3600;
    // Half of all requests fail, of a thousand a minute.
    const detected = before + detectionSeconds(fast, 0.99, 0.5) + fast.forSeconds;
    const [done, failed] = ["0+1000x360 360500+500x120", "0+0x360 500+500x120"];
    assert.equal(
      said({
        series: [
          { series: 'checkouts_total{result="done"}', values: done },
          { series: 'checkouts_total{result="failed"}', values: failed },
        ],
        expectations: [
          // A rate over five minutes sees a jump rise for five minutes: half of that is late.
          { expr: firing("1h"), value: 0, atSeconds: Math.floor(detected / 60) * 60 - 120 },
          { expr: firing("1h"), value: 1, atSeconds: Math.ceil(detected / 60) * 60 + 300 },
        ],
      }),
      "",
    );
  });

  it("weigh requests and not minutes", () => {
    // Five quiet hours in which half of ten requests a minute fail, and one busy hour without errors.
    const series = [
      { series: 'checkouts_total{result="done"}', values: "0+5x300 2500+1000x60" },
      { series: 'checkouts_total{result="failed"}', values: "0+5x300 1500+0x60" },
    ];
    const share =
      'sum_over_time(slo:bad_events:rate5m{service="checkout"}[6h]) / sum_over_time(slo:events:rate5m{service="checkout"}[6h])';
    const expectations = [
      { expr: `sum(${share}) > bool 0.02`, value: 1, atSeconds: 6 * 3600 },
      // A mean of ratios would be 5/12.
      { expr: `sum(${share}) < bool 0.03`, value: 1, atSeconds: 6 * 3600 },
    ];
    assert.equal(said({ series, expectations }), "");
  });

  it("say what is left of the budget, all of it without errors and without a series of them", () => {
    assert.equal(SLO_PERIOD_SECONDS, 30 * 86_400);
    const all = [{ series: 'checkouts_total{result="done"}', values: "0+100x400" }];
    const left = (value: number): RuleTest["expectations"] => [
      { expr: `sum(round(${budgetLeft}, 0.01))`, value, atSeconds: 24_000 },
    ];
    assert.equal(said({ series: all, expectations: left(1) }), "");
    const some = [...all, { series: 'checkouts_total{result="failed"}', values: "0+0.5x400" }];
    assert.equal(said({ series: some, expectations: left(0.5) }), "");
  });

  it("are silent without traffic", () => {
    const series = [
      { series: 'checkouts_total{result="done"}', values: "100+0x500" },
      { series: 'checkouts_total{result="failed"}', values: "3+0x500" },
    ];
    const expr = `(count(ALERTS) or vector(0)) > bool 0`;
    assert.equal(said({ series, expectations: [{ expr, value: 0, atSeconds: 30_000 }] }), "");
  });
});
