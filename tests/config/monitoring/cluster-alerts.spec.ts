import assert from "node:assert/strict";

import { watchCluster } from "../../../budget/monitoring/cluster";
import { expressionOf } from "../../../budget/monitoring/alert";
import { WATCHDOG } from "../../../budget/monitoring/watched-monitoring";
import { describeAlerts } from "../../helpers/alert-tests";
import { testRules } from "../../helpers/promtool";

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
