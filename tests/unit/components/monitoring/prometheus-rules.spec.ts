import assert from "node:assert/strict";

import { PrometheusRules } from "../../../../components/monitoring/prometheus-rules";
import { record, refusal } from "../../../helpers/pulumi";

describe("PrometheusRules", () => {
  it("are one object for the Prometheus operator, with groups of names of their own", async () => {
    const groups = [{ name: "autoscaling", rules: [{ record: "a:b", expr: "1" }] }];
    const recording = await record(
      () => new PrometheusRules("rules", { namespace: "shop", groups, labels: { release: "p" } }),
    );
    const { metadata, spec } = recording.only("kubernetes:monitoring.coreos.com/v1:PrometheusRule")
      .inputs as any;
    assert.deepEqual([metadata.name, metadata.labels.release, spec], ["rules", "p", { groups }]);
    const twice = { namespace: "shop", groups: [...groups, ...groups] };
    assert.match(
      await refusal(() => new PrometheusRules("rules", twice)),
      /groups: got a list, \["autoscaling","autoscaling"\]/,
    );
  });
});
