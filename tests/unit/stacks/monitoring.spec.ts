import assert from "node:assert/strict";

import { dashboards } from "../../../components/monitoring/dashboards/render";
import { planStack } from "../../../plan/plan-stack";
import { CATALOGUE } from "../../../product/data-model/catalogue";
import { asksItself, watchedOf } from "../../../stacks/wiring/monitoring";
import { dashboardFaults } from "../../helpers/dashboard-rules";
import { shippedConfig } from "../../helpers/preview";

describe("what is watched of the shipped stacks", () => {
  for (const stack of ["production", "staging", "local"]) {
    const config = shippedConfig(stack);
    const watched = watchedOf(config, planStack({ ...config, dataModel: CATALOGUE }));

    it(`has alerts of ${stack} that differ by name and labels`, () => {
      const ids = watched.alerts.map(({ name, labels = {} }) => JSON.stringify([name, labels]));
      assert.deepEqual(
        ids.filter((id, index) => ids.indexOf(id) !== index),
        [],
      );
      assert.ok(watched.alerts.length > 50, String(watched.alerts.length));
    });

    it(`has series of ${stack} that differ by name and labels`, () => {
      const ids = watched.rules.map(({ record, labels = {} }) => JSON.stringify([record, labels]));
      assert.deepEqual(
        ids.filter((id, index) => ids.indexOf(id) !== index),
        [],
      );
    });

    it(`has dashboards of ${stack} in which Grafana's linter finds nothing`, () => {
      const made = dashboards(watched.panels, { stack, namespaces: [config.cluster.namespace] });
      assert.ok(Object.keys(made).includes("performance"));
      for (const [name, dashboard] of Object.entries(made)) {
        assert.deepEqual(dashboardFaults(dashboard), [], name);
      }
    });
  }
});

describe("the blackbox exporter of a stack", () => {
  const { monitoring, ...production } = shippedConfig("production");

  it("is its own where it installs its monitoring, has public hosts and names no other one", () => {
    assert.ok(monitoring?.kind === "install");
    const { cdn, loadBalancer, ...inside } = production;
    assert.ok(cdn !== undefined && loadBalancer !== undefined);
    assert.equal(asksItself({ ...production, monitoring }), true);
    assert.equal(asksItself({ ...production, monitoring: { ...monitoring, blackbox: "other:9115" } }), false);
    assert.equal(asksItself({ ...inside, monitoring }), false);
    const { runbooks } = monitoring;
    assert.equal(
      asksItself({ ...production, monitoring: { kind: "existing", runbooks, labels: {}, rules: [] } }),
      false,
    );
    assert.equal(asksItself(production), false);
  });
});
