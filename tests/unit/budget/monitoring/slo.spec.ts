import assert from "node:assert/strict";

import { expressionOf } from "../../../../budget/monitoring/alert";
import {
  BURN_RATES,
  SERIES_OF_SLO,
  burnFactor,
  detectionSeconds,
  isReachable,
  leastEvents,
  slo,
  sloIssues,
  type Slo,
} from "../../../../budget/monitoring/slo";
import { ruleGroups } from "../../../../budget/monitoring/rule-groups";
import { NOTHING_WATCHED, together, type Watched } from "../../../../budget/monitoring/watched";

const OF: Slo = {
  name: "CheckoutErrors",
  labels: { service: "checkout" },
  bad: 'sum(rate(checkouts_total{result="failed"}[5m]))',
  all: "sum(rate(checkouts_total[5m]))",
  subjects: [{ objective: 0.99 }],
  example: () => [],
  about: { noun: "service", summary: "Checkouts fail", impact: "", dashboard: "performance", keys: [] },
};

describe("an objective", () => {
  it("burns its budget at the rates of the workbook", () => {
    assert.deepEqual(BURN_RATES.map(burnFactor), [14.4, 6, 3, 1]);
  });

  it("is found to fail after factor * (1 - objective) / share * window", () => {
    const [fast, steady] = BURN_RATES as unknown as [(typeof BURN_RATES)[0], (typeof BURN_RATES)[0]];
    assert.equal(Math.round(detectionSeconds(fast, 0.999, 1)), 52);
    assert.equal(Math.round(detectionSeconds(fast, 0.999, 0.1)), 518);
    assert.equal(Math.round(detectionSeconds(steady, 0.99, 0.12)), 3 * 3600);
    // Exactly at its bound it takes the whole window, below it for ever.
    assert.equal(Math.round(detectionSeconds(fast, 0.99, 0.144)), 3600);
    assert.equal(detectionSeconds(fast, 0.99, 0.14), Infinity);
  });

  it("has bounds that can be reached", () => {
    const reachable = (objective: number): number[] =>
      BURN_RATES.filter((burn) => isReachable(burn, objective)).map(burnFactor);
    assert.deepEqual(reachable(0.95), [14.4, 6, 3, 1]);
    assert.deepEqual(reachable(0.9), [6, 3, 1]);
    const [loose, strict] = [{ objective: 0.9 }, { objective: 0.99 }];
    assert.equal(slo({ ...OF, subjects: [loose] }).alerts.length, 4);
    assert.equal(slo({ ...OF, subjects: [loose, strict] }).alerts.length, 5);
    assert.deepEqual(
      slo(OF).alerts.map(({ condition }) => (condition.kind === "threshold" ? condition.threshold : NaN)),
      [0.144, 0.06, 0.03, 0.01, 0.03],
    );
  });

  it("pages for nobody's single request", () => {
    assert.equal(leastEvents(0.99), 1000);
    assert.equal(leastEvents(0.95), 200);
    const [fast] = slo(OF).alerts;
    // Of a thousand ten may be bad.
    const allowed = 'slo:allowed:ratio{service="checkout",slo="CheckoutErrors"}';
    assert.ok(
      fast !== undefined && expressionOf(fast).endsWith(` * ${allowed} >= 10)`),
      JSON.stringify(fast),
    );
  });

  it("adds as many series as it says", () => {
    const { rules, targets, budgetLeft } = slo(OF);
    assert.equal(rules.filter(({ labels }) => labels !== undefined).length, SERIES_OF_SLO.own);
    assert.equal(targets.length, SERIES_OF_SLO.targets);
    assert.equal(rules.length, SERIES_OF_SLO.own + SERIES_OF_SLO.windows);
    assert.equal(new Set(rules.map(({ record }) => record)).size, rules.length);
    assert.deepEqual(targets, [
      { record: "slo:allowed:ratio", labels: { service: "checkout", slo: "CheckoutErrors" }, value: 0.01 },
    ]);
    assert.equal(budgetLeft, 'slo:error_budget_left:ratio30d{service="checkout",slo="CheckoutErrors"}');
  });

  it("has its rules and alerts once, and a share of its own for each thing that it is about", () => {
    const subjects = ["a", "b", "c"].map((service, index) => ({
      labels: { service },
      objective: 0.99 - 0.01 * index,
    }));
    const many = slo({ ...OF, labels: {}, subjects });
    const one = slo({ ...OF, labels: {} });
    assert.deepEqual(
      [many.rules, many.alerts].map(({ length }) => length),
      [one.rules, one.alerts].map(({ length }) => length),
    );
    assert.deepEqual(
      many.targets.map(({ labels, value }) => [labels["service"], value]),
      [
        ["a", 0.01],
        ["b", 0.02],
        ["c", 0.03],
      ],
    );
  });

  it("has the rules of its windows in common with all of its namespace, behind what they read", () => {
    const of = (service: string, namespace: string): Watched => ({
      ...NOTHING_WATCHED,
      ...slo({ ...OF, labels: { namespace, service } }),
    });
    const { rules } = together([of("a", "one"), of("b", "one"), of("c", "other")]);
    const { own, windows } = SERIES_OF_SLO;
    assert.equal(rules.length, 3 * own + 2 * windows);
    const records = rules.map(({ record, expr }) => `${record} ${expr}`);
    assert.equal(new Set(rules).size, rules.length);
    const lastOwn = rules.map(({ labels }) => labels?.["service"]).lastIndexOf("b");
    const shared = records.findIndex((text) => text.includes('slo:events:rate5m{namespace="one"}'));
    assert.ok(shared > lastOwn);
  });

  it("is looked at seldom where it is made of half hours, and each of those is recorded once", () => {
    const groups = ruleGroups({ ...NOTHING_WATCHED, ...slo(OF) }, { runbooks: "" });
    const of = (name: string): (string | undefined)[] =>
      groups
        .filter(({ rules }) => (rules as { record?: string }[]).some(({ record }) => record === name))
        .map(({ interval }) => interval);
    assert.deepEqual(of("slo:events:rate30m"), ["1800s"]);
    assert.deepEqual(of("slo:bad_events:ratio3d"), ["120s"]);
    assert.deepEqual(of("slo:bad_events:ratio6h"), ["120s"]);
    assert.deepEqual(of("slo:bad_events:ratio1h"), [undefined]);
    assert.deepEqual(
      groups.map(({ name, interval = "" }) => `${name} ${interval}`.trim()),
      [
        "retrofitlink-targets 120s",
        "retrofitlink-recording",
        "retrofitlink-recording-every-1800s 1800s",
        "retrofitlink-recording-every-120s 120s",
        "retrofitlink-alerts-service",
        "retrofitlink-alerts-service-every-120s 120s",
      ],
    );
  });

  it("is refused where it is none", () => {
    assert.deepEqual(sloIssues({ ...OF, objective: 0.99 }, ["slos", 0]), []);
    assert.deepEqual(
      sloIssues({ name: "checkout errors", objective: 1 }, ["slos", 0]).map(({ path }) => path.join(".")),
      ["slos.0.objective", "slos.0.name"],
    );
  });
});
