import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import type { Alert } from "../../../budget/monitoring/alert";
import { slo, type Slo } from "../../../budget/monitoring/slo";
import { watchOwnRules } from "../../../budget/monitoring/own-rules";
import { NOTHING_WATCHED } from "../../../budget/monitoring/watched";
import { objectiveOf, type OwnObjective } from "../../../budget/service/own-objectives";
import { describeAlerts, testedRules } from "../../helpers/alert-tests";
import { runRuleTests } from "../../helpers/promtool";

const OF = {
  namespace: "shop",
  job: "checkout",
  budget: DEFAULT_BUDGET,
  key: "retrofitlink:services.checkout",
};

const events: OwnObjective = {
  kind: "events",
  name: "CheckoutErrors",
  objective: 0.99,
  good: 'rate(checkouts_total{result="done"}[5m])',
  total: "rate(checkouts_total[5m])",
};

/** As a service counts them: what never came about has no series. */
const counted: Slo["example"] = (share, perMinute) => [
  { series: 'checkouts_total{result="failed",pod="a"}', perMinute: share * perMinute },
  ...(share < 1
    ? [{ series: 'checkouts_total{result="done",pod="b"}', perMinute: (1 - share) * perMinute }]
    : []),
];

/** The other windows are those of slo.spec.ts, which promtool takes a minute for. */
const isFastest = ({ labels }: Alert): boolean => labels?.["window"] === "1h";

describeAlerts(
  "objectives of a stack's own by their events",
  { ...NOTHING_WATCHED, ...slo({ ...objectiveOf(OF, events), example: counted }) },
  isFastest,
);

describe("an objective of which nothing is good", () => {
  it("has only bad events, without a series of good ones", () => {
    const { rules, targets } = slo(objectiveOf(OF, events));
    const labels = '{namespace="shop",service="checkout",slo="CheckoutErrors"}';
    const share = `sum(slo:bad_events:rate5m${labels} / slo:events:rate5m${labels})`;
    const [said] = runRuleTests([
      {
        stepSeconds: 60,
        rules: testedRules({ rules, targets }),
        series: [{ series: 'checkouts_total{result="failed"}', values: "0+60x30" }],
        expectations: [{ expr: share, value: 1, atSeconds: 1200 }],
      },
    ]);
    assert.equal(said, "");
  });
});

describeAlerts(
  "objectives of a stack's own by their response time",
  {
    ...NOTHING_WATCHED,
    ...slo(
      objectiveOf(OF, {
        kind: "latency",
        name: "SearchSlow",
        objective: 0.95,
        withinSeconds: 0.25,
        route: "/api/properties",
        tier: "P1",
      }),
    ),
  },
  isFastest,
);

const OWN = watchOwnRules("shop", [
  { kind: "recording", name: "shop:orders:rate5m", expr: "sum(rate(orders_total[5m]))", labels: {} },
  {
    kind: "alert",
    name: "OrdersStopped",
    expr: "shop:orders:rate5m == 0",
    forSeconds: 300,
    tier: "P0",
    summary: "No order for five minutes: {{ $value }}.",
    impact: "Nobody can buy.",
    service: "checkout",
    labels: { team: "sales" },
  },
]);

describeAlerts("alerts of a stack's own", {
  ...OWN,
  alerts: OWN.alerts.map((alert) => ({
    ...alert,
    windowSeconds: 300,
    condition: {
      kind: "state",
      expr: alert.condition.kind === "state" ? alert.condition.expr : "",
      firing: [{ series: "orders_total", start: 7 }],
      silent: [{ series: "orders_total", perMinute: 10 }],
    },
  })),
});
