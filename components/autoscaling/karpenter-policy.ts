/**
 * What Karpenter's controller may do in AWS, by its documentation's reference of permissions, for one cluster: it makes what
 * carries the tag of the cluster, changes and removes nothing else, and hands one role to its nodes.
 */

/** Where it may do it. */
export interface KarpenterScope {
  readonly clusterName: string;
  readonly region: string;
  /** ARN of the interruption queue, and of the role of the nodes. */
  readonly queueArn: string;
  readonly nodeRoleArn: string;
}

export function karpenterPolicy({ clusterName, region, queueArn, nodeRoleArn }: KarpenterScope): object {
  const ofCluster = (about: "RequestTag" | "ResourceTag"): object => ({
    StringEquals: { [`aws:${about}/kubernetes.io/cluster/${clusterName}`]: "owned" },
    StringLike: { [`aws:${about}/karpenter.sh/nodepool`]: "*" },
  });
  const ec2 = (...kinds: string[]): string[] => kinds.map((kind) => `arn:aws:ec2:${region}:*:${kind}/*`);
  const profiles = "arn:aws:iam::*:instance-profile/*";
  const profileOf = (about: "RequestTag" | "ResourceTag"): Record<string, string> => ({
    [`aws:${about}/kubernetes.io/cluster/${clusterName}`]: "owned",
    [`aws:${about}/topology.kubernetes.io/region`]: region,
  });
  const allow = (Sid: string, Action: string[], Resource: string | string[], Condition?: object): object => ({
    Sid,
    Effect: "Allow",
    Action,
    Resource,
    ...(Condition === undefined ? {} : { Condition }),
  });
  return {
    Version: "2012-10-17",
    Statement: [
      allow(
        "UseImagesAndNetworks",
        ["ec2:RunInstances", "ec2:CreateFleet"],
        [
          `arn:aws:ec2:${region}::image/*`,
          `arn:aws:ec2:${region}::snapshot/*`,
          ...ec2("security-group", "subnet", "capacity-reservation"),
        ],
      ),
      allow(
        "UseOwnTemplates",
        ["ec2:RunInstances", "ec2:CreateFleet"],
        ec2("launch-template"),
        ofCluster("ResourceTag"),
      ),
      allow(
        "MakeNodes",
        ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"],
        ec2("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"),
        ofCluster("RequestTag"),
      ),
      allow(
        "TagWhatItMakes",
        ["ec2:CreateTags"],
        ec2("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"),
        {
          ...ofCluster("RequestTag"),
          StringEquals: {
            [`aws:RequestTag/kubernetes.io/cluster/${clusterName}`]: "owned",
            "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
          },
        },
      ),
      allow("TagOwnNodes", ["ec2:CreateTags"], ec2("instance"), {
        ...ofCluster("ResourceTag"),
        "ForAllValues:StringEquals": {
          "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"],
        },
      }),
      allow(
        "RemoveOwnNodes",
        ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
        ec2("instance", "launch-template"),
        ofCluster("ResourceTag"),
      ),
      allow(
        "Look",
        [
          "ec2:DescribeCapacityReservations",
          "ec2:DescribeImages",
          "ec2:DescribeInstances",
          "ec2:DescribeInstanceStatus",
          "ec2:DescribeInstanceTypeOfferings",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplates",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSpotPriceHistory",
          "ec2:DescribeSubnets",
        ],
        "*",
        { StringEquals: { "aws:RequestedRegion": region } },
      ),
      allow("ReadImages", ["ssm:GetParameter"], `arn:aws:ssm:${region}::parameter/aws/service/*`),
      allow("ReadPrices", ["pricing:GetProducts"], "*"),
      allow("ReadInterruptions", ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], queueArn),
      allow("PassNodeRole", ["iam:PassRole"], nodeRoleArn, {
        StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" },
      }),
      allow("MakeProfiles", ["iam:CreateInstanceProfile"], profiles, {
        StringEquals: profileOf("RequestTag"),
      }),
      allow("TagProfiles", ["iam:TagInstanceProfile"], profiles, {
        StringEquals: { ...profileOf("ResourceTag"), ...profileOf("RequestTag") },
      }),
      allow(
        "KeepProfiles",
        ["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"],
        profiles,
        { StringEquals: profileOf("ResourceTag") },
      ),
      allow("ReadProfiles", ["iam:GetInstanceProfile", "iam:ListInstanceProfiles"], "*"),
      allow("ReadCluster", ["eks:DescribeCluster"], `arn:aws:eks:${region}:*:cluster/${clusterName}`),
    ],
  };
}
