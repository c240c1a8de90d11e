import assert from "node:assert/strict";

import { stringify } from "yaml";
import type { RuleGroup } from "../../../../budget/monitoring/rule-groups";
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

  it("are as many objects as the operator needs, which refuses one of more than 512 KiB", async () => {
    const expr = "vector(1)".padEnd(1000);
    const group = (name: string, count: number): RuleGroup => ({
      name,
      rules: Array.from({ length: count }, (_, index) => ({ record: `a:b${index}`, expr })),
    });
    const groups = [group("a", 200), group("b", 200), group("c", 50)];
    const recording = await record(() => new PrometheusRules("rules", { namespace: "shop", groups }));
    const objects = recording.ofType("kubernetes:monitoring.coreos.com/v1:PrometheusRule");
    const made = objects.map(({ inputs }) => inputs as any);
    assert.deepEqual(
      made.map(({ metadata, spec }) => [metadata.name, spec.groups.map(({ name }: RuleGroup) => name)]),
      [
        ["rules", ["a"]],
        ["rules-2", ["b", "c"]],
      ],
    );
    for (const { spec } of made) assert.ok(stringify(spec).length < 512 * 1024);
    const large = { namespace: "shop", groups: [group("a", 400)] };
    assert.match(await refusal(() => new PrometheusRules("rules", large)), /groups of at most 300 KiB/);
  });
});
