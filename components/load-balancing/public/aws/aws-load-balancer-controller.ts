import * as eks from "@pulumi/aws/eks";
import * as iam from "@pulumi/aws/iam";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../../../budget/core/component-types";
import { trustPolicy } from "../../../shared/service-role";
import { transformed, type Transform } from "../../../shared/transform";
import { CHARTS } from "../../../shared/versions";
import { CLUSTER_TAG } from "./aws-alb-args";

/** Arguments of `AwsLoadBalancerController`. */
export interface AwsLoadBalancerControllerArgs {
  readonly clusterName: string;
  readonly region: string;
  readonly vpcId: string;
  /** Pods of the controller; one works, the others take over. @default 2 */
  readonly replicas?: number;
  readonly transform?: {
    readonly role?: Transform<iam.RoleArgs>;
    readonly policy?: Transform<iam.RolePolicyArgs>;
    readonly identity?: Transform<eks.PodIdentityAssociationArgs>;
    readonly release?: Transform<k8s.helm.v3.ReleaseArgs>;
  };
}

/** Label of a namespace whose pods become ready only when the load balancer knows them. */
export const READINESS_GATE_LABEL = { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } as const;

const NAMESPACE = "kube-system";
const SERVICE_ACCOUNT = "aws-load-balancer-controller";

/**
 * The AWS Load Balancer Controller, for one task: it registers and deregisters pods in target groups that are made here.
 * Load balancers, listeners and security groups belong to this program, so the controller has no right to any of them.
 *
 * Trap: it serves no Ingress and no Service of type LoadBalancer. A cluster that needs those runs a controller of its
 * own (`loadBalancer.public.controller: present`).
 *
 * Cost: `replicas` pods of 100m CPU and 128 MiB.
 */
export class AwsLoadBalancerController extends pulumi.ComponentResource {
  /** What the controller may do. */
  readonly role: iam.Role;
  readonly release: k8s.helm.v3.Release;

  constructor(
    name: string,
    { clusterName, region, vpcId, replicas = 2, transform = {} }: AwsLoadBalancerControllerArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(COMPONENT_TYPES.awsLoadBalancerController, name, { clusterName, replicas }, opts);
    const child = { parent: this };
    const role = new iam.Role(
      ...transformed<iam.RoleArgs>(
        transform.role,
        `${name}-role`,
        { assumeRolePolicy: trustPolicy("pods.eks.amazonaws.com") },
        child,
      ),
    );
    const policyName = `${name}-policy`;
    const policy = new iam.RolePolicy(
      ...transformed<iam.RolePolicyArgs>(
        transform.policy,
        policyName,
        {
          role: role.id,
          policy: JSON.stringify(controllerPolicy(clusterName, region)),
        },
        child,
      ),
    );
    const identity = new eks.PodIdentityAssociation(
      ...transformed<eks.PodIdentityAssociationArgs>(
        transform.identity,
        `${name}-identity`,
        { clusterName, namespace: NAMESPACE, serviceAccount: SERVICE_ACCOUNT, roleArn: role.arn },
        child,
      ),
    );
    const { chart, version, repository } = CHARTS.awsLoadBalancerController;
    const releaseName = `${name}-release`;
    this.role = role;
    this.release = new k8s.helm.v3.Release(
      ...transformed<k8s.helm.v3.ReleaseArgs>(
        transform.release,
        releaseName,
        {
          name: SERVICE_ACCOUNT,
          namespace: NAMESPACE,
          chart,
          version,
          repositoryOpts: { repo: repository },
          values: {
            clusterName,
            // Without them it asks the metadata of its node, which pods should not reach.
            region,
            vpcId,
            replicaCount: replicas,
            serviceAccount: { create: true, name: SERVICE_ACCOUNT },
            podDisruptionBudget: { maxUnavailable: 1 },
            resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "128Mi" } },
            // Pods only: everything else is this program's.
            createIngressClassResource: false,
            ingressClassParams: { create: false },
            enableServiceMutatorWebhook: false,
            enableBackendSecurityGroup: false,
            enableShield: false,
            enableWaf: false,
            enableWafv2: false,
            defaultTargetType: "ip",
            controllerConfig: { featureGates: { EnableServiceController: false } },
          },
        },
        { ...child, dependsOn: [policy, identity] },
      ),
    );
    this.registerOutputs({});
  }
}

/**
 * What is left of the policy that the controller's project publishes when all it does is keep targets: it may read, and
 * change the targets of groups that carry the tag of its cluster.
 */
function controllerPolicy(clusterName: string, region: string): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Read",
        Effect: "Allow",
        Action: [
          "ec2:DescribeAvailabilityZones",
          "ec2:DescribeInstances",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVpcs",
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroupAttributes",
          "elasticloadbalancing:DescribeTargetGroups",
          "elasticloadbalancing:DescribeTargetHealth",
        ],
        Resource: "*",
      },
      {
        Sid: "KeepTargets",
        Effect: "Allow",
        Action: ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
        Resource: `arn:aws:elasticloadbalancing:${region}:*:targetgroup/*/*`,
        Condition: { StringEquals: { [`aws:ResourceTag/${CLUSTER_TAG}`]: clusterName } },
      },
    ],
  };
}
