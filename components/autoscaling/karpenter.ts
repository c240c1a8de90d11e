import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as sqs from "@pulumi/aws/sqs";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { transformed, type Transform } from "../shared/transform";
import { CHARTS } from "../shared/versions";
import {
  controllerRole,
  type AwsIdentity,
  type ControllerRole,
  type RoleTransforms,
} from "./controller-role";
import { karpenterPolicy } from "./karpenter-policy";
import { chartSource } from "./operators";

/** Arguments of `Karpenter`. */
export interface KarpenterArgs {
  /** Of EKS. */
  readonly clusterName: string;
  readonly region: string;
  /** ARN of the role that its nodes get, which the cluster has to know. */
  readonly nodeRoleArn: pulumi.Input<string>;
  /** @default EKS Pod Identity */
  readonly identity?: AwsIdentity;
  /** It fills CapacityBuffers up. @default false */
  readonly capacityBuffers?: boolean;
  /** Pods, whole number >= 1; one works, the others take over. @default 2 */
  readonly replicas?: number;
  readonly transform?: RoleTransforms & {
    readonly queue?: Transform<sqs.QueueArgs>;
    readonly queuePolicy?: Transform<sqs.QueuePolicyArgs>;
    readonly rule?: Transform<cloudwatch.EventRuleArgs>;
    readonly target?: Transform<cloudwatch.EventTargetArgs>;
    readonly definitions?: Transform<k8s.helm.v3.ReleaseArgs>;
    readonly release?: Transform<k8s.helm.v3.ReleaseArgs>;
  };
}

const NAMESPACE = "kube-system";
const NAME = "karpenter";

/** What EC2 and AWS Health say before a machine goes, two minutes ahead for spot. */
const INTERRUPTIONS = {
  health: { source: "aws.health", "detail-type": "AWS Health Event" },
  spot: { source: "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning" },
  rebalance: { source: "aws.ec2", "detail-type": "EC2 Instance Rebalance Recommendation" },
  state: { source: "aws.ec2", "detail-type": "EC2 Instance State-change Notification" },
} as const;

/**
 * Karpenter for EKS: definitions, controller, its role, and the queue by which it hears of machines that are about to go.
 * Which nodes it makes is said by `KarpenterNodes`.
 *
 * Trap: its own pods may not run on nodes that it makes. Give it a small node group, or Fargate.
 *
 * Trap: one owner of a node. Take the Cluster Autoscaler away from groups that it replaces.
 *
 * Cost: `replicas` pods of 500m CPU and 1 GiB; a queue of a few messages.
 */
export class Karpenter extends pulumi.ComponentResource {
  /** Of the definitions of NodePool, EC2NodeClass and CapacityBuffer; what is one of these depends on it. */
  readonly definitions: k8s.helm.v3.Release;
  readonly release: k8s.helm.v3.Release;
  readonly queue: sqs.Queue;
  readonly identity: ControllerRole;

  constructor(name: string, args: KarpenterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { clusterName, region, nodeRoleArn, replicas = 2, transform = {} } = args;
    super(COMPONENT_TYPES.karpenter, name, { clusterName }, opts);
    const child = { parent: this };
    this.queue = this.interruptions(name, args);
    this.identity = controllerRole(
      name,
      {
        clusterName,
        namespace: NAMESPACE,
        serviceAccount: NAME,
        identity: args.identity ?? { kind: "pod-identity" },
        policy: pulumi
          .all([this.queue.arn, nodeRoleArn])
          .apply(([queueArn, roleArn]) =>
            JSON.stringify(karpenterPolicy({ clusterName, region, queueArn, nodeRoleArn: roleArn })),
          ),
        transform,
      },
      child,
    );
    this.definitions = new k8s.helm.v3.Release(
      ...transformed<k8s.helm.v3.ReleaseArgs>(
        transform.definitions,
        `${name}-definitions`,
        { name: `${NAME}-crd`, namespace: NAMESPACE, ...chartSource(CHARTS.karpenterDefinitions) },
        child,
      ),
    );
    const { needed, annotations } = this.identity;
    this.release = new k8s.helm.v3.Release(
      ...transformed<k8s.helm.v3.ReleaseArgs>(
        transform.release,
        `${name}-release`,
        {
          name: NAME,
          namespace: NAMESPACE,
          ...chartSource(CHARTS.karpenter),
          // A chart of their own keeps them up to date; Helm never changes those that come with a chart.
          skipCrds: true,
          values: {
            replicas,
            serviceAccount: { create: true, name: NAME, annotations },
            settings: {
              clusterName,
              interruptionQueue: this.queue.name,
              featureGates: { capacityBuffer: args.capacityBuffers ?? false },
            },
            controller: {
              resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { memory: "1Gi" } },
            },
          },
        },
        {
          ...child,
          dependsOn: [this.definitions, ...needed],
        },
      ),
    );
    this.registerOutputs({});
  }

  private interruptions(name: string, { clusterName, transform = {} }: KarpenterArgs): sqs.Queue {
    const child = { parent: this };
    const queue = new sqs.Queue(
      ...transformed<sqs.QueueArgs>(
        transform.queue,
        `${name}-interruptions`,
        // What is older than five minutes has happened.
        { name: clusterName, messageRetentionSeconds: 300, sqsManagedSseEnabled: true },
        child,
      ),
    );
    new sqs.QueuePolicy(
      ...transformed<sqs.QueuePolicyArgs>(
        transform.queuePolicy,
        `${name}-interruptions-policy`,
        { queueUrl: queue.id, policy: queue.arn.apply((arn) => JSON.stringify(queuePolicy(arn))) },
        child,
      ),
    );
    for (const [what, pattern] of Object.entries(INTERRUPTIONS)) {
      const { source, "detail-type": detail } = pattern;
      const rule = new cloudwatch.EventRule(
        ...transformed<cloudwatch.EventRuleArgs>(
          transform.rule,
          `${name}-${what}`,
          { eventPattern: JSON.stringify({ source: [source], "detail-type": [detail] }) },
          child,
        ),
      );
      new cloudwatch.EventTarget(
        ...transformed<cloudwatch.EventTargetArgs>(
          transform.target,
          `${name}-${what}-target`,
          { rule: rule.name, arn: queue.arn },
          child,
        ),
      );
    }
    return queue;
  }
}

/** Two services may write to it, and nobody without TLS. */
function queuePolicy(arn: string): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Events",
        Effect: "Allow",
        Principal: { Service: ["events.amazonaws.com", "sqs.amazonaws.com"] },
        Action: "sqs:SendMessage",
        Resource: arn,
      },
      {
        Sid: "OnlyOverTls",
        Effect: "Deny",
        Principal: "*",
        Action: "sqs:*",
        Resource: arn,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  };
}
