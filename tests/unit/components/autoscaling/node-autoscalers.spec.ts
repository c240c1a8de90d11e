import assert from "node:assert/strict";

import { pathText } from "../../../../budget/core/issues";
import { ClusterAutoscaler } from "../../../../components/autoscaling/cluster-autoscaler";
import { GkeNodePool } from "../../../../components/autoscaling/gke-node-pool";
import { Karpenter } from "../../../../components/autoscaling/karpenter";
import {
  KarpenterNodes,
  karpenterNodesIssues,
  type KarpenterNodesArgs,
} from "../../../../components/autoscaling/karpenter-nodes";
import { judged } from "../../../helpers/judged";
import { record } from "../../../helpers/pulumi";

const cluster = { clusterName: "main", region: "eu-central-1" };
const nodeRoleArn = "arn:aws:iam::123456789012:role/nodes";

describe("ClusterAutoscaler", () => {
  it("is a role for its account alone and a pinned Release that finds the groups of its cluster", async () => {
    const recording = await record(() => new ClusterAutoscaler("nodes", cluster));
    assert.deepEqual(recording.typesAndNames(), [
      "aws:eks/podIdentityAssociation:PodIdentityAssociation nodes-identity",
      "aws:iam/role:Role nodes-role",
      "aws:iam/rolePolicy:RolePolicy nodes-policy",
      "kubernetes:helm.sh/v3:Release nodes-release",
      "retrofitlink:autoscaling:ClusterAutoscaler nodes",
    ]);
    const { values, version } = recording.only("kubernetes:helm.sh/v3:Release").inputs as any;
    assert.equal(version, "9.59.0");
    assert.deepEqual(
      [values.autoDiscovery, values.awsRegion, values.replicaCount, values.expanderPriorities],
      [{ clusterName: "main" }, "eu-central-1", 2, undefined],
    );
    assert.equal(values.extraArgs.expander, "least-waste");
    assert.equal(values.extraArgs["expendable-pods-priority-cutoff"], -10);
    const policy = JSON.parse(String(recording.only("aws:iam/rolePolicy:RolePolicy").inputs["policy"]));
    const changes = policy.Statement.filter(({ Resource, Condition }: any) => Resource === "*" && Condition);
    assert.deepEqual(changes[0].Condition, {
      StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/main": "owned" },
    });
  });

  it("prefers groups by priority, takes its time, and proves itself by an issuer where it is told to", async () => {
    const identity = {
      kind: "issuer",
      providerArn: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.example/id/A",
      issuer: "oidc.eks.example/id/A",
    } as const;
    const recording = await record(
      () =>
        new ClusterAutoscaler("nodes", {
          ...cluster,
          identity,
          priorities: { 20: [".*spot.*"], 10: [".*"] },
          scaleDown: { unneededSeconds: 300, utilization: 0.5 },
          capacityBuffers: true,
        }),
      { outputs: { "aws:iam/role:Role": { arn: "arn:aws:iam::123456789012:role/controller" } } },
    );
    assert.equal(recording.ofType("aws:eks/podIdentityAssociation:PodIdentityAssociation").length, 0);
    const { values } = recording.only("kubernetes:helm.sh/v3:Release").inputs as any;
    assert.deepEqual(values.expanderPriorities, { 10: [".*"], 20: [".*spot.*"] });
    assert.deepEqual(
      [
        "expander",
        "scale-down-unneeded-time",
        "scale-down-utilization-threshold",
        "capacity-buffer-controller-enabled",
      ].map((flag) => values.extraArgs[flag]),
      ["priority,least-waste", "300s", 0.5, true],
    );
    assert.ok("eks.amazonaws.com/role-arn" in values.rbac.serviceAccount.annotations);
    const trust = JSON.parse(String(recording.only("aws:iam/role:Role").inputs["assumeRolePolicy"]));
    assert.equal(
      trust.Statement[0].Condition.StringEquals["oidc.eks.example/id/A:sub"],
      "system:serviceaccount:kube-system:cluster-autoscaler",
    );
  });

  it("refuses what is out of range, and a pattern that is none", async () => {
    await record(() =>
      assert.throws(
        () =>
          new ClusterAutoscaler("nodes", {
            ...cluster,
            priorities: { 10: ["("] },
            scaleDown: { utilization: 60 },
          }),
        /scaleDown\.utilization: got 60; allowed is a number from 0 to 1[^]*priorities\[10\]: got "\("; allowed is a regular expression/,
      ),
    );
  });
});

describe("Karpenter", () => {
  it("hears of machines that go, and may touch what is its cluster's alone", async () => {
    const recording = await record(
      () => new Karpenter("karpenter", { ...cluster, nodeRoleArn, capacityBuffers: true }),
      {
        outputs: { "aws:sqs/queue:Queue": { arn: "arn:aws:sqs:eu-central-1:123456789012:main" } },
      },
    );
    const count = (type: string): number => recording.ofType(type).length;
    assert.deepEqual(
      [
        count("aws:cloudwatch/eventRule:EventRule"),
        count("aws:cloudwatch/eventTarget:EventTarget"),
        count("aws:sqs/queuePolicy:QueuePolicy"),
      ],
      [4, 4, 1],
    );
    const releases = recording.ofType("kubernetes:helm.sh/v3:Release").map(({ inputs }) => inputs as any);
    assert.deepEqual(
      releases.map(({ chart, version, skipCrds }) => [chart, version, skipCrds]),
      [
        ["oci://public.ecr.aws/karpenter/karpenter-crd", "1.14.1", undefined],
        ["oci://public.ecr.aws/karpenter/karpenter", "1.14.1", true],
      ],
    );
    const { settings, replicas } = releases[1].values;
    assert.deepEqual(
      [settings.clusterName, settings.featureGates, replicas],
      ["main", { capacityBuffer: true }, 2],
    );
    const { Statement } = JSON.parse(
      String(recording.only("aws:iam/rolePolicy:RolePolicy").inputs["policy"]),
    ) as {
      Statement: { Sid: string; Action: string[]; Resource: string | string[]; Condition?: unknown }[];
    };
    // Whatever changes or removes something does so under a condition, or on one named thing.
    const free = Statement.filter(
      ({ Resource, Condition }) => Condition === undefined && [Resource].flat().some((one) => one === "*"),
    ).flatMap(({ Action }) => Action);
    assert.deepEqual(free, ["pricing:GetProducts", "iam:GetInstanceProfile", "iam:ListInstanceProfiles"]);
  });

  it("is taken by the judges of AWS", async () => {
    const { refusals } = await judged(() => {
      new Karpenter("karpenter", { ...cluster, nodeRoleArn });
      new ClusterAutoscaler("nodes", cluster);
    });
    assert.deepEqual(refusals, []);
  });
});

describe("KarpenterNodes", () => {
  const args = {
    clusterName: "main",
    nodeRoleName: "nodes",
    subnetIds: ["subnet-0a1b2c3d"],
    limits: { cpuCores: 100, memoryGiB: 400 },
  };

  it("is calmer than Karpenter's own defaults, and limited", async () => {
    const recording = await record(() => new KarpenterNodes("general", args));
    const { spec } = recording.only("kubernetes:karpenter.sh/v1:NodePool").inputs as any;
    assert.deepEqual(spec.disruption, {
      consolidationPolicy: "WhenEmptyOrUnderutilized",
      consolidateAfter: "300s",
      budgets: [{ nodes: "10%" }],
    });
    assert.deepEqual(spec.limits, { cpu: "100", memory: "400Gi" });
    assert.deepEqual(
      [spec.template.spec.expireAfter, spec.template.spec.terminationGracePeriod],
      ["720h", "48h"],
    );
    const { spec: nodes } = recording.only("kubernetes:karpenter.k8s.aws/v1:EC2NodeClass").inputs as any;
    assert.deepEqual(nodes.securityGroupSelectorTerms, [{ tags: { "aws:eks:cluster-name": "main" } }]);
    assert.equal(nodes.metadataOptions.httpTokens, "required");
  });

  it("refuses budgets that say nothing, and no limit", () => {
    const wrong = karpenterNodesIssues({
      ...args,
      subnetIds: [],
      limits: { cpuCores: 0, memoryGiB: 1 },
      budgets: [{ nodes: "some", schedule: "0 7 * * *" }],
    });
    assert.deepEqual(
      wrong.map(({ path }) => pathText(path)),
      ["limits.cpuCores", "subnetIds", "budgets[0].nodes", "budgets[0].schedule"],
    );
  });

  it("refuses at preview what the API server would refuse, and says what is allowed", () => {
    const said = (change: Partial<KarpenterNodesArgs>): string[] =>
      karpenterNodesIssues({ ...args, ...change }).map(
        ({ path, allowed }) => `${pathText(path)}: ${allowed}`,
      );
    assert.deepEqual(said({}), []);
    assert.deepEqual(said({ subnetIds: ["private-a"], securityGroupIds: [] }), [
      "subnetIds[0]: the id of a subnet, like subnet-0a1b2c3d",
      "securityGroupIds: 1 to 30 of them",
    ]);
    assert.deepEqual(said({ weight: 101, expireAfterHours: 0.5, capacityTypes: [], amiAlias: "al2023" }), [
      "amiAlias: a family (al2, al2023, bottlerocket), @ and a version, 30 characters at most",
      "capacityTypes: at least one",
      "expireAfterHours: a whole number from 1 on",
      "weight: a whole number from 1 to 100",
    ]);
    assert.deepEqual(said({ budgets: [{ nodes: "0", schedule: "0 25 * * *", durationSeconds: 59 }] }), [
      "budgets[0].schedule: a cron expression of five fields: minute, hour, day, month, day of the week",
      "budgets[0].durationSeconds: a number from 60 on",
    ]);
  });
});

describe("GkeNodePool", () => {
  const args = {
    project: "shop-production",
    location: "europe-west3",
    cluster: "main",
    machineType: "n2-standard-4",
    min: 3,
    max: 12,
  };

  it("is scaled by GKE over all zones together, evenly unless it is spot", async () => {
    const recording = await record(() => {
      new GkeNodePool("general", args);
      new GkeNodePool("spot", { ...args, spot: true });
    });
    const pools = recording
      .ofType("gcp:container/nodePool:NodePool")
      .map(({ inputs }) => inputs["autoscaling"]);
    assert.deepEqual(pools, [
      { totalMinNodeCount: 3, totalMaxNodeCount: 12, locationPolicy: "BALANCED" },
      { totalMinNodeCount: 3, totalMaxNodeCount: 12, locationPolicy: "ANY" },
    ]);
    await record(() =>
      assert.throws(() => new GkeNodePool("general", { ...args, max: 2 }), /max: got 2; .*upside down/),
    );
  });
});
