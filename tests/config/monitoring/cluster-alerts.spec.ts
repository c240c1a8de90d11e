import assert from "node:assert/strict";

import { watchCluster } from "../../../budget/monitoring/cluster";
import { expressionOf } from "../../../budget/monitoring/alert";
import { WATCHDOG } from "../../../budget/monitoring/watched-monitoring";
import { describeAlerts, testedRules } from "../../helpers/alert-tests";
import { runRuleTests, testRules } from "../../helpers/promtool";

const watch = {
  namespace: "retrofitlink",
  monitoringNamespace: "monitoring",
  alertmanagers: 3,
  services: ["backend", "matching"],
  dataModelJob: "mongodb-data-model",
};

describeAlerts("alerts of the cluster", watchCluster(watch));

describe("the watch of the cluster", () => {
  it("leaves pods of services to their services", () => {
    const killed = watchCluster(watch).alerts.find(({ name }) => name === "ContainerOutOfMemory");
    assert.ok(killed !== undefined);
    assert.ok(expressionOf(killed).includes('pod!~"(backend|matching)-.*"'));
  });

  it("says by a label which thing an alert is about, as Prometheus fills it in", () => {
    const [alert] = watchCluster(watch).alerts.filter(({ name }) => name === "NodeNotReady");
    assert.ok(alert?.condition.kind === "state");
    const said = runRuleTests([
      {
        stepSeconds: 60,
        rules: testedRules({ alerts: [alert] }),
        series: ["one", "two"].map((node) => ({
          series: `kube_node_status_condition{condition="Ready",status="true",node="${node}"}`,
          values: "0x20",
        })),
        expectations: ["one", "two"].map((node) => ({
          expr: `count(ALERTS{alertname="NodeNotReady",subject="${node}"})`,
          value: 1,
          atSeconds: 600,
        })),
      },
    ]);
    assert.deepEqual(said, [""]);
  });

  it("has a watchdog that fires without any series", () => {
    assert.equal(testRules('{"groups":[]}', [], [{ expr: expressionOf(WATCHDOG), minute: 0 }]), "");
  });

  it("asks an Alertmanager that is alone for no members, and knows no Job that is not there", () => {
    const names = watchCluster({ ...watch, alertmanagers: 1, dataModelJob: undefined }).alerts.map(
      ({ name }) => name,
    );
    assert.ok(!names.includes("AlertmanagerMembersMissing"));
    assert.ok(!names.includes("DataModelJobFailed"));
  });
});
