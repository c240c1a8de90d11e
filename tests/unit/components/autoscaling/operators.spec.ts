import assert from "node:assert/strict";

import { CHARTS } from "../../../../components/shared/versions";
import {
  Keda,
  MetricsServer,
  VerticalPodAutoscalerOperator,
} from "../../../../components/autoscaling/operators";
import { record } from "../../../helpers/pulumi";

const RELEASE = "kubernetes:helm.sh/v3:Release";

async function releaseOf(build: () => unknown): Promise<Record<string, any>> {
  return (await record(build)).only(RELEASE).inputs;
}

describe("operators of autoscaling", () => {
  it("are pinned, with their definitions, and two of each part with a disruption budget", async () => {
    const keda = await releaseOf(() => new Keda("keda"));
    const { chart, version, repository } = CHARTS.keda;
    assert.deepEqual(
      [
        keda["name"],
        keda["namespace"],
        keda["createNamespace"],
        keda["chart"],
        keda["version"],
        keda["repositoryOpts"],
      ],
      ["keda", "keda", true, chart, version, { repo: repository }],
    );
    assert.equal(keda["skipCrds"], false);
    const { operator, metricsServer, webhooks, podDisruptionBudget, prometheus } = keda["values"];
    assert.deepEqual([operator.replicaCount, metricsServer.replicaCount, webhooks.replicaCount], [2, 2, 2]);
    assert.deepEqual(Object.keys(podDisruptionBudget).sort(), ["metricServer", "operator", "webhooks"]);
    assert.deepEqual(
      Object.values(prometheus as Record<string, { enabled: boolean }>).map(({ enabled }) => enabled),
      [true, true, true],
    );

    const vpa = await releaseOf(() => new VerticalPodAutoscalerOperator("vpa", { replicas: 3 }));
    for (const part of ["recommender", "updater", "admissionController"]) {
      assert.deepEqual(
        [vpa["values"][part].replicas, vpa["values"][part].podDisruptionBudget],
        [3, { enabled: true, minAvailable: 1 }],
      );
    }
    const metrics = await releaseOf(() => new MetricsServer("metrics-server"));
    assert.deepEqual([metrics["values"].replicas, metrics["values"].metrics], [2, { enabled: true }]);
  });

  it("go where somebody says, block no drain when they are alone, and take a transform", async () => {
    const alone = await releaseOf(
      () =>
        new MetricsServer("metrics-server", {
          namespace: "metrics",
          replicas: 1,
          transform: { release: { timeout: 60 } },
        }),
    );
    assert.deepEqual(
      [alone["namespace"], alone["createNamespace"], alone["timeout"]],
      ["metrics", false, 60],
    );
    assert.deepEqual(alone["values"].podDisruptionBudget, { enabled: true, minAvailable: 0 });
    await record(() =>
      assert.throws(
        () => new Keda("keda", { replicas: 0 }),
        /replicas: got 0; allowed is a whole number from 1 on/,
      ),
    );
  });
});
