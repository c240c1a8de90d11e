/**
 * Values of Helm releases, held to the keys that the pinned charts know (`make chart-values`): Helm ignores what it does not know.
 * A chart that is pinned anew needs its table.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { ClusterAutoscaler } from "../../../../components/autoscaling/cluster-autoscaler";
import { Karpenter } from "../../../../components/autoscaling/karpenter";
import {
  Keda,
  MetricsServer,
  VerticalPodAutoscalerOperator,
} from "../../../../components/autoscaling/operators";
import { CHARTS } from "../../../../components/shared/versions";
import { isMap, pathOf, type Values } from "../../../../scripts/chart-keys";
import { record, type Recording } from "../../../helpers/pulumi";
import { recordStack, STACKS } from "../../../helpers/recorded-stack";

const RELEASE = "kubernetes:helm.sh/v3:Release";

const cluster = { clusterName: "main", region: "eu-central-1" };
const nodeRoleArn = "arn:aws:iam::123456789012:role/nodes";
const identity = {
  kind: "issuer",
  providerArn: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.example/id/A",
  issuer: "oidc.eks.example/id/A",
} as const;
const outputs = {
  "aws:iam/role:Role": { arn: "arn:aws:iam::123456789012:role/controller" },
  "aws:sqs/queue:Queue": { name: "nodes", arn: "arn:aws:sqs:eu-central-1:123456789012:nodes" },
};

/** Keys of a table that take any key below them. */
function known(chart: string, version: string): (path: string) => "open" | "known" | "unknown" {
  const lines = new Set(
    readFileSync(join(__dirname, `${chart}-${version}.txt`), "utf8")
      .trim()
      .split("\n"),
  );
  return (path) => (lines.has(`${path}.*`) ? "open" : lines.has(path) ? "known" : "unknown");
}

function unknownKeys(values: Values, judge: ReturnType<typeof known>, prefix = ""): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = pathOf(prefix, key);
    const verdict = judge(path);
    if (verdict === "unknown") return [path];
    return verdict === "known" && isMap(value) ? unknownKeys(value, judge, `${path}.`) : [];
  });
}

interface Release {
  readonly chart: string;
  readonly version: string;
  readonly values: Values;
}

function releasesOf(recording: Recording): Release[] {
  return recording.ofType(RELEASE).map(({ inputs }) => ({
    chart: basename(String(inputs["chart"])),
    version: String(inputs["version"]),
    values: (inputs["values"] ?? {}) as Values,
  }));
}

const unknownOf = ({ chart, version, values }: Release): string[] =>
  unknownKeys(values, known(chart, version));

describe("values of Helm releases", function () {
  this.timeout(120_000);

  const parts: Readonly<Record<string, () => unknown>> = {
    Keda: () => new Keda("keda"),
    MetricsServer: () => new MetricsServer("metrics", { replicas: 1 }),
    VerticalPodAutoscalerOperator: () => new VerticalPodAutoscalerOperator("vertical"),
    ClusterAutoscaler: () =>
      new ClusterAutoscaler("nodes", {
        ...cluster,
        identity,
        priorities: { 10: [".*"] },
        scaleDown: { unneededSeconds: 300, utilization: 0.5 },
        capacityBuffers: true,
      }),
    Karpenter: () => new Karpenter("nodes", { ...cluster, nodeRoleArn, identity, capacityBuffers: true }),
  };

  for (const [name, build] of Object.entries(parts)) {
    it(`of ${name} are keys of its chart`, async () => {
      const releases = releasesOf(await record(build, { outputs }));
      assert.ok(releases.length > 0);
      for (const release of releases) assert.deepEqual(unknownOf(release), [], release.chart);
    });
  }

  for (const [stack, config] of Object.entries(STACKS)) {
    it(`of the stack ${stack} are keys of their charts`, async () => {
      for (const release of releasesOf(await recordStack(config))) {
        assert.deepEqual(unknownOf(release), [], release.chart);
      }
    });
  }

  it("are told apart from a key that a chart does not know", () => {
    const { chart, version } = CHARTS.keda;
    const values = { operator: { replicas: 2, replicaCount: 2 }, resources: { operator: { anything: 1 } } };
    assert.deepEqual(unknownOf({ chart, version, values }), ["operator.replicas"]);
  });

  it("have a table for each pinned chart, and no other", () => {
    const pinned = Object.values(CHARTS).map(({ chart, version }) => `${chart}-${version}.txt`);
    const tables = readdirSync(__dirname).filter((file) => file.endsWith(".txt"));
    assert.deepEqual(tables.sort(), pinned.sort());
  });
});
