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
  waiting: ["headroom"],
  dataModelJob: "mongodb-data-model",
};

describeAlerts("alerts of the cluster", watchCluster(watch));

describe("the watch of the cluster", () => {
  const pending = (): string => {
    const found = watchCluster(watch).alerts.find(({ name }) => name === "PodPending");
    assert.ok(found !== undefined);
    return expressionOf(found);
  };

  it("waits for no pod that waits on purpose", () => {
    const series = 'kube_pod_status_phase{namespace="retrofitlink",phase="Pending",pod="headroom-7d9-x"}';
    assert.equal(
      testRules(
        '{"groups":[]}',
        [{ series, values: [1, 1, 1] }],
        [{ expr: `absent(${pending()})`, minute: 2 }].map((one) => ({ ...one, expr: `count(${one.expr})` })),
      ),
      "",
    );
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
