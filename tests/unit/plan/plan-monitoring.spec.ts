import assert from "node:assert/strict";

import { expressionOf, subjectOf } from "../../../budget/monitoring/alert";
import { mapValues } from "../../../budget/core/own";
import { SERIES_OF_SLO } from "../../../budget/monitoring/slo";
import { monitoringNumbers, planMonitoring, type MonitoringInputs } from "../../../plan/plan-monitoring";
import { planStack, type StackPlan } from "../../../plan/plan-stack";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import { shippedConfig } from "../../helpers/preview";

const PRODUCTION: MonitoringInputs = { ...shippedConfig("production"), dataModel: CATALOGUE };
const PLAN = planStack(PRODUCTION);
const WATCHED = planMonitoring(PRODUCTION, PLAN);

/** The same with so many services in place of its own, each as its backend is. */
function manyServices(count: number): { inputs: MonitoringInputs; plan: StackPlan } {
  const names = Object.fromEntries(Array.from({ length: count }, (_, index) => [`service-${index}`, index]));
  const { backend } = PRODUCTION.services;
  const planned = PLAN.services["backend"];
  assert.ok(backend !== undefined && planned !== undefined);
  return {
    inputs: { ...PRODUCTION, services: mapValues(names, () => backend) },
    plan: { ...PLAN, services: mapValues(names, () => planned) },
  };
}

describe("what is watched of a stack", () => {
  it("has a series of each name and set of labels once", () => {
    const series = WATCHED.rules.map(({ record, labels }) => `${record}${JSON.stringify(labels)}`);
    assert.equal(new Set(series).size, series.length);
    const targets = WATCHED.targets.map(({ labels }) => JSON.stringify(labels));
    assert.equal(new Set(targets).size, targets.length);
  });

  it("has an alert of each name and set of labels once", () => {
    const alerts = WATCHED.alerts.map(({ name, labels }) => `${name}${JSON.stringify(labels)}`);
    assert.equal(new Set(alerts).size, alerts.length);
  });

  it("has panels of different queries, ids and titles, each described", () => {
    for (const key of ["id", "title"] as const) {
      const all = WATCHED.panels.map((panel) => panel[key]);
      assert.deepEqual(all, [...new Set(all)], key);
    }
    const queries = WATCHED.panels.map((panel) => panel.queries.map(({ expr }) => expr).join("\n"));
    assert.deepEqual(queries, [...new Set(queries)]);
    for (const { description, id, queries: some } of WATCHED.panels) {
      assert.ok(description.endsWith("."), id);
      assert.ok(some.length > 0 && some.every(({ expr }) => expr !== ""), id);
    }
  });

  it("wakes somebody only where users are hurt, and says of every alert what they notice", () => {
    for (const { name, tier, impact, summary } of WATCHED.alerts) {
      assert.ok(impact.length > 10 && summary.length > 10, name);
      // An expired certificate hurts them at a moment that is known.
      if (tier === "P0" && name !== "CertificateExpires") assert.ok(!impact.startsWith("None"), name);
    }
  });

  it("says of every alert which thing it is about, so that it keeps back nothing about another", () => {
    const labelled = WATCHED.alerts.map((alert) => ({ alert, about: subjectOf(alert) }));
    for (const { alert, about } of labelled) assert.notEqual(about, "", alert.name);
    // What one keeps back is of its own service, cache or proxy, of the only database or CDN, or of its own name.
    for (const { alert, about } of labelled) {
      const kept = labelled.filter(
        (other) => other.alert.tier > alert.tier && other.alert.noun === alert.noun && other.about === about,
      );
      for (const other of kept) {
        const same = ["cache", "proxy"].every(
          (label) => other.alert.labels?.[label] === alert.labels?.[label],
        );
        // At a proxy that has one alert for all of its services.
        const ofServices = about === "{{ $labels.service }}";
        assert.ok(same || ofServices, `${alert.name} keeps back ${other.alert.name}`);
      }
    }
    const templates = labelled.filter(({ about }) => about.startsWith("{{"));
    for (const { alert, about } of templates) assert.match(about, /^\{\{ \$labels\.[a-z]+ \}\}$/, alert.name);
  });

  it("asks for nothing but its own namespace: two stacks may share a Prometheus", () => {
    const shared = [
      ...WATCHED.rules.map(({ record, expr }) => [record, expr] as const),
      ...WATCHED.alerts.map((alert) => [alert.name, expressionOf(alert)] as const),
    ].filter(([, expr]) => /\b(service|proxy|slo|namespace|budget)[:_]\w+/.test(expr));
    assert.ok(shared.length > 50, String(shared.length));
    const { namespace } = PRODUCTION.cluster;
    for (const [name, expr] of shared) {
      const selectors = expr.match(/\b(?:service|proxy|slo|budget|namespace)[:_][\w:]+(?:\{[^}]*\})?/g) ?? [];
      for (const selector of selectors)
        assert.ok(selector.includes(`namespace="${namespace}"`), `${name}: ${selector}`);
    }
  });

  it("takes its bounds from the budget", () => {
    const stricter = {
      ...PRODUCTION,
      budget: { errorRatio: { target: 0.001, warning: 0.002, critical: 0.004 } },
    };
    const { alerts, targets } = planMonitoring(stricter, planStack(stricter));
    const bounds = alerts.flatMap(({ name, condition }) =>
      name === "ServiceErrorRatio" && condition.kind === "threshold" ? [condition.bounds] : [],
    );
    assert.deepEqual(
      bounds,
      ["warning", "critical"].map(
        (step) => `budget_target{namespace="retrofitlink",metric="errorRatio",step="${step}"}`,
      ),
    );
    const ofBackend = targets.filter(
      ({ labels }) => labels["service"] === "backend" && labels["metric"] === "errorRatio",
    );
    assert.deepEqual(
      ofBackend.map(({ labels, value }) => [labels["step"], value]),
      [
        ["target", 0.001],
        ["warning", 0.002],
        ["critical", 0.004],
      ],
    );
  });

  it("adds as many series as it says, to each service the same", () => {
    const { seriesPerService, seriesPerPublicService, seriesPerProxyPod, series, alerts } = monitoringNumbers(
      PRODUCTION,
      PLAN,
      WATCHED,
    );
    const { windows, own, targets: allowed } = SERIES_OF_SLO;
    // Three objectives: errors, and two percentiles; a public service has them at the proxy as well.
    const objectives = 3 * (windows + own + allowed);
    // 14 recorded figures; 24 of the budget, 6 others of the plan, both bounds of its replicas, and the bucket of each percentile.
    assert.equal(seriesPerService.value, 14 + 24 + 6 + 2 + 2 + objectives);
    assert.equal(seriesPerPublicService.value, 6 + 2 + objectives);
    // A path of requests, one that stays open, and requests without a service; 12 bounds of the times, a sum, a count and no bound.
    assert.equal(seriesPerProxyPod.value, 3 * 22 + 15 + 6);
    assert.equal(alerts.value, WATCHED.alerts.length);
    const several = ["service", "public service", "objective"];
    const single = WATCHED.rules.filter(({ each = "" }) => !several.includes(each)).length;
    const services = Object.keys(PRODUCTION.services).length;
    const others = WATCHED.targets.filter(
      ({ labels }) => !(String(labels["service"]) in PRODUCTION.services),
    );
    assert.equal(
      series.value,
      single + others.length + services * seriesPerService.value + seriesPerPublicService.value,
    );
  });

  it("has as many rules and alerts for a hundred services as for one", () => {
    const of = (count: number): ReturnType<typeof planMonitoring> => {
      const { inputs, plan } = manyServices(count);
      return planMonitoring(inputs, plan);
    };
    const [one, hundred] = [of(1), of(100)];
    assert.deepEqual(
      [hundred.rules, hundred.alerts, hundred.panels].map(({ length }) => length),
      [one.rules, one.alerts, one.panels].map(({ length }) => length),
    );
  });

  it("is planned for a thousand services in less than a second", function () {
    this.timeout(60_000);
    const { inputs, plan } = manyServices(1000);
    // The best of some, by the clock or by the processor: a busy machine is nothing that the plan could help.
    let took = Infinity;
    for (let run = 0; run < 8 && took >= 1000; run++) {
      const [began, clock] = [process.cpuUsage(), performance.now()];
      const { targets } = planMonitoring(inputs, plan);
      const [{ user, system }, waited] = [process.cpuUsage(began), performance.now() - clock];
      assert.ok(targets.length > 20_000, String(targets.length));
      took = Math.min(took, (user + system) / 1000, waited);
    }
    assert.ok(took < 1000, `${took} ms`);
  });
});
