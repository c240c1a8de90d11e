import assert from "node:assert/strict";

import type { Alert, ThresholdCondition } from "../../../budget/monitoring/alert";
import { NOTHING_WATCHED, type Watched } from "../../../budget/monitoring/watched";
import { alertTest, describeAlerts } from "../../helpers/alert-tests";
import { runRuleTests } from "../../helpers/promtool";

const ALERT: Omit<Alert, "name" | "condition"> = {
  tier: "P1",
  forSeconds: 120,
  windowSeconds: 300,
  noun: "service",
  summary: "{{ $labels.job }} fails",
  impact: "Some requests fail.",
  dashboard: "performance",
  keys: [],
};

const FAILING: ThresholdCondition = {
  kind: "threshold",
  values: ["test:failing:ratio_rate5m"],
  comparison: ">",
  threshold: 0.05,
  guard: "sum(rate(requests_total[5m])) > 0.1",
  example: (ratio) => [
    { series: 'requests_total{status="500"}', perMinute: 600 * ratio },
    { series: 'requests_total{status="200"}', perMinute: 600 * (1 - ratio) },
  ],
};

const RULES = [
  { record: "test:requests:rate5m", expr: "sum(rate(requests_total[5m]))" },
  {
    record: "test:failing:ratio_rate5m",
    expr: 'sum(rate(requests_total{status="500"}[5m])) / test:requests:rate5m',
  },
];

const LOW: ThresholdCondition = {
  kind: "threshold",
  values: ["room_bytes"],
  comparison: "<",
  threshold: 100,
  example: (value) => [{ series: "room_bytes", start: value }],
};

const OLD: ThresholdCondition = {
  kind: "threshold",
  values: ["time() - made_at"],
  comparison: ">",
  threshold: 3600,
  example: (value) => [{ series: "made_at", start: -value, perMinute: 60 }],
};

const WATCHED: Watched = {
  ...NOTHING_WATCHED,
  rules: RULES,
  alerts: [
    { ...ALERT, name: "Failing", condition: FAILING },
    { ...ALERT, name: "Low", windowSeconds: 0, forSeconds: 0, condition: LOW },
    { ...ALERT, name: "Old", windowSeconds: 0, condition: OLD },
    {
      ...ALERT,
      name: "Absent",
      windowSeconds: 0,
      forSeconds: 300,
      condition: { kind: "state", expr: "absent(up)", firing: [], silent: [{ series: "up", start: 1 }] },
    },
  ],
};

describeAlerts("tests of alerts that are generated", WATCHED);

describe("tests of alerts that are wrong", () => {
  const said = (change: Partial<ThresholdCondition>, more: Partial<Alert> = {}): string => {
    const alert = { ...ALERT, name: "Failing", condition: { ...FAILING, ...change }, ...more };
    return runRuleTests([alertTest(alert, RULES)]).join();
  };

  for (const [what, change, more] of [
    ["a value that is half of what is meant", { values: ["0.5 * test:failing:ratio_rate5m"] }, {}],
    ["a value that is double of what is meant", { values: ["2 * test:failing:ratio_rate5m"] }, {}],
    ["a guard that is never met", { guard: "vector(1) > 2" }, {}],
    ["a metric that does not exist", { values: ["test:failing:ratio_rate6m"] }, {}],
    ["a window longer than it says", { values: ["avg_over_time(test:failing:ratio_rate5m[1h])"] }, {}],
    [
      "an example that any bound would fit",
      { example: (value: number) => FAILING.example(value > 0.05 ? 1 : 0) },
      {},
    ],
    ["an expression that is none", { values: ["rate(requests_total"] }, {}],
  ] as const) {
    it(`notices ${what}`, () => {
      assert.notEqual(said(change, more), "");
    });
  }

  it("says which of several is wrong", () => {
    const good = { ...ALERT, name: "Good", condition: FAILING };
    const bad = {
      ...ALERT,
      name: "Bad",
      condition: { ...FAILING, values: ["2 * test:failing:ratio_rate5m"] },
    };
    const [first, second, third] = runRuleTests([good, bad, good].map((alert) => alertTest(alert, RULES)));
    assert.deepEqual([first, third], ["", ""]);
    assert.match(second ?? "", /Bad/);
  });
});
