/** Autoscaling of a whole stack: the examples of the docs, and what is refused with its key. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { ROOT } from "../../../cli/paths";
import { issueText, pathText } from "../../../budget/core/issues";
import { parseStackConfig, type StackConfig } from "../../../stacks/stack-file/config";
import {
  edited,
  laid,
  onGcp,
  shippedText,
  stackFile,
  type Change,
  type StackFile,
} from "../../helpers/stack-file";
import { recordStack } from "../../helpers/recorded-stack";
import type { Recording } from "../../helpers/pulumi";
import { judgedObjects } from "../../helpers/witnesses";

const withoutImages: Change = (file) => delete file["cdn"].images;

function checked(...changes: Change[]): ReturnType<typeof parseStackConfig> {
  return parseStackConfig(stackFile(edited(withoutImages, ...changes)(shippedText("production"))));
}

function built(...changes: Change[]): StackConfig {
  const { config, issues } = checked(...changes);
  assert.deepEqual(
    issues.map((one) => `${pathText(one.path)}: ${issueText(one)}`),
    [],
  );
  return config as StackConfig;
}

const wrong = (...changes: Change[]): string[] =>
  checked(...changes).issues.map((one) => `${pathText(one.path)}: ${issueText(one)}`);

/** Headings and blocks of docs/autoscaling.md. */
const EXAMPLES = [
  ...readFileSync(join(ROOT, "docs/autoscaling.md"), "utf8").matchAll(
    /### ([^\n]+)\n[^]*?```yaml\n([^]*?)```/g,
  ),
].map(([, heading = "", yaml = ""]) => {
  const blocks = parse(yaml) as Record<string, StackFile>;
  const change: Change = (file) =>
    laid(
      file,
      Object.fromEntries(
        Object.entries(blocks).map(([key, value]) => [key.replace("retrofitlink:", ""), value]),
      ),
    );
  return { heading, change };
});

const example = (heading: string): Change => {
  const found = EXAMPLES.find((one) => one.heading === heading);
  assert.ok(found, heading);
  return found.change;
};

const kinds = ({ resources }: Recording): string[] =>
  resources.flatMap(({ type, name }) =>
    /^(kubernetes:.*(ScaledObject|VerticalPodAutoscaler|CapacityBuffer|HorizontalPodAutoscaler|PrometheusRule|Release)|retrofitlink:autoscaling:(Headroom|ClusterAutoscaler|Karpenter.*|GkeNodePool))$/.test(
      type,
    )
      ? [`${type.split(":").pop()} ${name}`]
      : [],
  );

const scaledObject = (recording: Recording, name: string): Record<string, any> =>
  recording.ofType("kubernetes:keda.sh/v1alpha1:ScaledObject").find((one) => one.name === name)?.inputs ?? {};

describe("autoscaling of a stack", function () {
  this.timeout(120_000);

  it("has the examples that were asked for", () => {
    assert.deepEqual(
      EXAMPLES.map(({ heading }) => heading),
      ["Office hours", "Steep morning ramp", "Announced flash sale", "Growth", "Aperiodic load"],
    );
  });

  for (const { heading, change } of EXAMPLES) {
    it(`builds what the docs have for "${heading}", and its objects are what was proven`, async () => {
      const { witnesses, wrong: contradictions } = judgedObjects(await recordStack(built(change)));
      assert.deepEqual(contradictions, []);
      assert.ok(witnesses > 100);
    });
  }

  it("keeps the pods of a scheduled load, of a clock beside CPU", async () => {
    const recording = await recordStack(built(example("Office hours")));
    const { spec } = scaledObject(recording, "backend-autoscaler");
    assert.deepEqual(
      spec.triggers.map(({ type }: { type: string }) => type),
      ["cpu", "cron"],
    );
    assert.equal(spec.fallback.behavior, "currentReplicasIfHigher");
    assert.ok(Number(spec.triggers[1].metadata.desiredReplicas) > spec.minReplicaCount);
    assert.ok(kinds(recording).includes("Release keda-release"));
  });

  it("gives growth nodes, room while they start, memory that is measured, and a forecast that only raises", async () => {
    const recording = await recordStack(built(example("Growth")));
    const found = kinds(recording);
    for (const one of [
      "ScaledObject backend-autoscaler",
      "ScaledObject nginx-load-balancer-autoscaler",
      "VerticalPodAutoscaler backend-memory",
      "Headroom backend-headroom",
      "ClusterAutoscaler cluster-autoscaler",
      "PrometheusRule autoscaling-rules",
    ]) {
      assert.ok(found.includes(one), `${one} of ${found.join(", ")}`);
    }
    // Classes are the cluster's: one for the stack, with its name.
    const classes = recording
      .ofType("kubernetes:scheduling.k8s.io/v1:PriorityClass")
      .map(({ inputs }) => inputs as any);
    assert.deepEqual(
      classes.filter(({ value }) => value < 0).map(({ metadata, value }) => [metadata.name, value]),
      [["retrofitlink-production-headroom", -10]],
    );
    const { triggers } = scaledObject(recording, "backend-autoscaler").spec;
    const forecast = triggers.find(({ name }: { name: string }) => name === "forecast");
    assert.equal(forecast.metadata.ignoreNullValues, "true");
    assert.equal(
      forecast.metadata.query,
      'clamp_max(max(service:forecast:trigger{namespace="retrofitlink",service="backend"}), 1100)',
    );
    const rules = recording
      .ofType("kubernetes:monitoring.coreos.com/v1:PrometheusRule")
      .find(({ name }) => name === "autoscaling-rules");
    const { groups } = rules?.inputs["spec"] as any;
    assert.deepEqual(
      groups.map(({ name }: { name: string }) => name),
      ["retrofitlink-autoscaling", "forecast-backend"],
    );
    assert.ok(
      groups[1].rules.some(({ record }: { record?: string }) => record === "service:forecast:trigger"),
    );
    // With room kept for its pods no node has to start first: the replicas stay what they are.
    const replicas = (one: Recording): unknown =>
      (
        one.ofType("retrofitlink:workload:ElasticService").find(({ name }) => name === "backend")
          ?.inputs as any
      ).replicas;
    assert.deepEqual(replicas(recording), replicas(await recordStack(built(example("Office hours")))));
  });

  it("proves itself to Prometheus by a Secret, follows requests in flight, and lets KEDA count what waits", async () => {
    const recording = await recordStack(built(example("Aperiodic load")));
    const { triggers } = scaledObject(recording, "backend-autoscaler").spec;
    assert.deepEqual(
      triggers.map(({ name, type }: { name: string; type: string }) => [name, type]),
      [
        ["requests-in-flight", "prometheus"],
        ["cpu", "cpu"],
        ["mails", "redis-sentinel"],
      ],
    );
    assert.deepEqual(
      [triggers[0].metadata.authModes, triggers[0].metadata.ignoreNullValues],
      ["bearer", "false"],
    );
    const policy = recording
      .ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy")
      .find(({ name }) => name === "redis-cache-network-policy");
    assert.match(JSON.stringify(policy?.inputs), /"kubernetes.io\/metadata.name":"keda"/);
    // Somebody else loads the rules.
    assert.ok(!kinds(recording).includes("PrometheusRule autoscaling-rules"));
  });

  it("gives nodes to Karpenter on AWS, and to GKE on Google Cloud", async () => {
    const karpenter: Change = (file) =>
      (file["autoscaling"] = {
        nodes: {
          kind: "karpenter",
          nodeRoleArn: "arn:aws:iam::123456789012:role/path/nodes",
          mostCpuCores: 200,
          mostMemoryGiB: 800,
        },
      });
    const recording = await recordStack(built(karpenter));
    const { spec } = recording.only("kubernetes:karpenter.k8s.aws/v1:EC2NodeClass").inputs as any;
    assert.equal(spec.role, "nodes");
    const gke: Change = (file) =>
      (file["autoscaling"] = {
        nodes: {
          kind: "gke-node-pool",
          clusterName: "main",
          machineType: "n2-standard-4",
          fewestNodes: 3,
          mostNodes: 12,
        },
      });
    const pool = (await recordStack(built(onGcp, gke))).only("gcp:container/nodePool:NodePool").inputs as any;
    assert.deepEqual(pool.autoscaling, {
      totalMinNodeCount: 3,
      totalMaxNodeCount: 12,
      locationPolicy: "BALANCED",
    });
  });

  it("refuses with the key of the file what does not fit together", () => {
    const scaling =
      (given: object): Change =>
      (file) =>
        (file["services"].backend.autoscaling = given);
    const load = { name: "sale", timezone: "Europe/Berlin", start: "0 9 * * *", end: "0 12 * * *" };
    assert.match(
      wrong(scaling({ schedule: [{ ...load, requestsPerSecond: 9000 }] })).join(),
      /^services\.backend\.autoscaling\.schedule\[0\]\.requestsPerSecond: got 9000; allowed is what \d+ pods, the most of backend, carry.*Raise demand\.peakRps/,
    );
    assert.match(
      wrong((file) => delete file["autoscaling"], scaling({ signal: "requests-in-flight" })).join(),
      /^services\.backend\.autoscaling\.signal: got "requests-in-flight"; allowed is cpu where no Prometheus is named/,
    );
    const prometheus = { url: "http://prometheus:9090" };
    assert.match(
      wrong(
        (file) => (file["autoscaling"] = { prometheus }),
        (file) => (file["services"].backend.profile.warmUpSeconds = 110),
        scaling({ forecast: { mode: "on", horizonSeconds: 60 } }),
      ).join(),
      /^services\.backend\.autoscaling\.forecast\.horizonSeconds: got 60; allowed is at least \d+ \(seconds\)/,
    );
    assert.deepEqual(
      wrong((file) => (file["autoscaling"] = { headroom: "pause-pods" })),
      [
        'autoscaling.headroom: got "pause-pods"; allowed is none where cluster.nodeStartSeconds is 0. Say how long a node takes to start, or remove the key: there is always room.',
      ],
    );
    assert.match(
      wrong(
        (file) => (file["autoscaling"] = { prometheus: { ...prometheus, authentication: "basic" } }),
      ).join(),
      /^autoscaling\.prometheus\.secretName: got nothing; allowed is a Secret where KEDA proves who it is/,
    );
    const pool = { kind: "gke-node-pool", clusterName: "main", machineType: "n2-standard-4" };
    assert.match(
      wrong((file) => (file["autoscaling"] = { nodes: { ...pool, fewestNodes: 3, mostNodes: 12 } })).join(),
      /^autoscaling\.nodes\.kind: got "gke-node-pool"; allowed is "cluster-autoscaler" or "karpenter" on aws/,
    );
    assert.match(
      wrong((file) => (file["autoscaling"] = { nodes: { ...pool, fewestNodes: 13, mostNodes: 12 } })).join(),
      /^autoscaling\.nodes\.mostNodes: got 12; allowed is at least fewestNodes\. .*upside down/,
    );
    assert.match(
      wrong((file) => (file["autoscaling"] = { kind: "keda" })).join(),
      /^autoscaling\.kind: got "keda"; allowed is one of prometheus, operators, tolerance, headroom, nodes/,
    );
  });
});
