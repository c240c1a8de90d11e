import assert from "node:assert/strict";

import { AwsLoadBalancerController } from "../../../../../../components/load-balancing/public/aws/aws-load-balancer-controller";
import { CHARTS } from "../../../../../../components/shared/versions";
import { record, type Recording } from "../../../../../helpers/pulumi";

const args = { clusterName: "retrofitlink-test", region: "eu-central-1", vpcId: "vpc-0a1b2c3d" };

const build = (preview = false): Promise<Recording> =>
  record(() => new AwsLoadBalancerController("controller", args), {
    preview,
    outputs: { "aws:iam/role:Role": { arn: "arn:role" } },
  });

describe("AwsLoadBalancerController", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    for (const preview of [false, true]) {
      assert.deepEqual((await build(preview)).typesAndNames(), [
        "aws:eks/podIdentityAssociation:PodIdentityAssociation controller-identity",
        "aws:iam/role:Role controller-role",
        "aws:iam/rolePolicy:RolePolicy controller-policy",
        "kubernetes:helm.sh/v3:Release controller-release",
        "retrofitlink:load-balancing:AwsLoadBalancerController controller",
      ]);
    }
  });

  it("may read, and change the targets of its own cluster's groups, and nothing else", async () => {
    const policy = JSON.parse(
      String((await build()).only("aws:iam/rolePolicy:RolePolicy").inputs["policy"]),
    ) as { Statement: { Sid: string; Action: string[]; Resource: string; Condition?: unknown }[] };
    const [read, keep, ...more] = policy.Statement;
    assert.deepEqual(more, []);
    assert.ok(read?.Action.every((action) => /^(ec2|elasticloadbalancing):Describe[A-Z]/.test(action)));
    assert.deepEqual(keep, {
      Sid: "KeepTargets",
      Effect: "Allow",
      Action: ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
      Resource: "arn:aws:elasticloadbalancing:eu-central-1:*:targetgroup/*/*",
      Condition: { StringEquals: { "aws:ResourceTag/kubernetes-cluster": "retrofitlink-test" } },
    });
  });

  it("gets its role from EKS, for its own service account alone", async () => {
    const recording = await build();
    assert.deepEqual(recording.only("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs, {
      clusterName: "retrofitlink-test",
      namespace: "kube-system",
      serviceAccount: "aws-load-balancer-controller",
      roleArn: "arn:role",
    });
    const trust = JSON.parse(String(recording.only("aws:iam/role:Role").inputs["assumeRolePolicy"])) as {
      Statement: { Principal: unknown }[];
    };
    assert.deepEqual(
      trust.Statement.map(({ Principal }) => Principal),
      [{ Service: "pods.eks.amazonaws.com" }],
    );
  });

  it("is the pinned chart, told to keep targets and to leave everything else alone", async () => {
    const { chart, version, repositoryOpts, values } = (await build()).only("kubernetes:helm.sh/v3:Release")
      .inputs as Record<string, any>;
    const { chart: pinned, version: pin, repository } = CHARTS.awsLoadBalancerController;
    assert.deepEqual([chart, version, repositoryOpts.repo], [pinned, pin, repository]);
    assert.deepEqual(
      [values.clusterName, values.region, values.vpcId],
      ["retrofitlink-test", "eu-central-1", "vpc-0a1b2c3d"],
    );
    assert.deepEqual(
      [
        values.createIngressClassResource,
        values.enableServiceMutatorWebhook,
        values.enableBackendSecurityGroup,
      ],
      [false, false, false],
    );
  });
});
