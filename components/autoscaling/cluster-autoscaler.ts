import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import { CHARTS } from "../shared/versions";
import {
  controllerRole,
  type AwsIdentity,
  type ControllerRole,
  type RoleTransforms,
} from "./controller-role";
import { PAUSE_PRIORITY } from "./headroom";
import { chartSource } from "./operators";

/** Arguments of `ClusterAutoscaler`. */
export interface ClusterAutoscalerArgs {
  /** Of EKS. */
  readonly clusterName: string;
  readonly region: string;
  /** @default EKS Pod Identity */
  readonly identity?: AwsIdentity;
  /**
   * Which groups grow first: patterns of their names by priority, the higher one first; groups of one priority are compared by
   * what is left over. @default all alike
   */
  readonly priorities?: Readonly<Record<number, readonly string[]>>;
  /** When nodes go. */
  readonly scaleDown?: {
    /** How long a node has to be unneeded, seconds, >= 60. @default 600 */
    readonly unneededSeconds?: number;
    /** How long after a node was added nothing goes, seconds, >= 0. @default 600 */
    readonly afterAddSeconds?: number;
    /** Share of its requests below which a node is unneeded, 0..1. @default 0.6 */
    readonly utilization?: number;
  };
  /** How long a node may take to be there, seconds, >= 60; then another group is tried. @default 900 */
  readonly nodeProvisionSeconds?: number;
  /** It fills CapacityBuffers up, whose definition has to be in the cluster. @default false */
  readonly capacityBuffers?: boolean;
  /** Pods, whole number >= 1; one works, the others take over. @default 2 */
  readonly replicas?: number;
  readonly transform?: RoleTransforms & {
    readonly release?: Transform<k8s.helm.v3.ReleaseArgs>;
  };
}

const NAMESPACE = "kube-system";
const NAME = "cluster-autoscaler";

/** Tag of the node groups that it may change. EKS writes it on those that it manages itself. */
const tagOf = (clusterName: string): string => `k8s.io/cluster-autoscaler/${clusterName}`;

/** What is wrong with the arguments. */
export function clusterAutoscalerIssues(args: ClusterAutoscalerArgs): Issue[] {
  const { priorities = {}, replicas = 2, nodeProvisionSeconds = 900 } = args;
  const { unneededSeconds = 600, afterAddSeconds = 600, utilization = 0.6 } = args.scaleDown ?? {};
  const issues: Issue[] = [];
  const within = (property: string, got: number, least: number, most: number, unit: string): void => {
    if (Number.isFinite(got) && got >= least && got <= most) return;
    const fix = "Leave it out for the default.";
    issues.push(
      issue(pathOf(property), got, { allowed: `a number from ${least} to ${most} (${unit})`, fix }),
    );
  };
  within("scaleDown.unneededSeconds", unneededSeconds, 60, 86_400, "seconds");
  within("scaleDown.afterAddSeconds", afterAddSeconds, 0, 86_400, "seconds");
  within("scaleDown.utilization", utilization, 0, 1, "share of the requests");
  within("nodeProvisionSeconds", nodeProvisionSeconds, 60, 7200, "seconds");
  within("replicas", replicas, 1, 5, "pods");
  for (const [priority, patterns] of Object.entries(priorities)) {
    for (const pattern of patterns) {
      if (isPattern(pattern)) continue;
      const fix = "Write .*spot.* for every group with spot in its name.";
      issues.push(issue(pathOf(`priorities.${priority}`), pattern, { allowed: "a regular expression", fix }));
    }
  }
  return issues;
}

function isPattern(text: string): boolean {
  try {
    return text !== "" && new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/**
 * The Cluster Autoscaler for node groups of EKS: it finds the groups by their tags, and may change no other. GKE has its own,
 * which `GkeNodePool` switches on.
 *
 * Trap: one owner of a node group. It and Karpenter on the same nodes would undo each other's work.
 *
 * Trap: a node starts in one to four minutes. What the load grows by meanwhile is the business of `Headroom`.
 *
 * Cost: `replicas` pods of 100m CPU and 600 MiB.
 */
export class ClusterAutoscaler extends pulumi.ComponentResource {
  readonly release: k8s.helm.v3.Release;
  readonly identity: ControllerRole;

  constructor(name: string, args: ClusterAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("ClusterAutoscaler", name, clusterAutoscalerIssues(args));
    const { clusterName, identity = { kind: "pod-identity" }, transform = {} } = args;
    super(COMPONENT_TYPES.clusterAutoscaler, name, { clusterName }, opts);
    const child = { parent: this };
    this.identity = controllerRole(
      name,
      {
        clusterName,
        namespace: NAMESPACE,
        serviceAccount: NAME,
        identity,
        policy: JSON.stringify(groupPolicy(clusterName)),
        transform,
      },
      child,
    );
    const { needed, annotations } = this.identity;
    this.release = new k8s.helm.v3.Release(
      ...transformed<k8s.helm.v3.ReleaseArgs>(
        transform.release,
        `${name}-release`,
        {
          name: NAME,
          namespace: NAMESPACE,
          ...chartSource(CHARTS.clusterAutoscaler),
          values: clusterAutoscalerValues(args, annotations),
        },
        { ...child, dependsOn: [...needed] },
      ),
    );
    this.registerOutputs({});
  }
}

function clusterAutoscalerValues(
  args: ClusterAutoscalerArgs,
  annotations: ControllerRole["annotations"],
): Record<string, unknown> {
  const { clusterName, region, priorities, replicas = 2, nodeProvisionSeconds = 900 } = args;
  const { unneededSeconds = 600, afterAddSeconds = 600, utilization = 0.6 } = args.scaleDown ?? {};
  const hasPriorities = priorities !== undefined && Object.keys(priorities).length > 0;
  return {
    cloudProvider: "aws",
    awsRegion: region,
    autoDiscovery: { clusterName },
    fullnameOverride: NAME,
    replicaCount: replicas,
    podDisruptionBudget: { maxUnavailable: 1 },
    priorityClassName: "system-cluster-critical",
    rbac: { serviceAccount: { create: true, name: NAME, annotations } },
    resources: { requests: { cpu: "100m", memory: "600Mi" }, limits: { memory: "600Mi" } },
    ...(hasPriorities ? { expanderPriorities: priorities } : {}),
    extraArgs: {
      // Groups of one priority are compared by what is left over of them.
      expander: hasPriorities ? "priority,least-waste" : "least-waste",
      "balance-similar-node-groups": true,
      "scale-down-unneeded-time": `${unneededSeconds}s`,
      "scale-down-delay-after-add": `${afterAddSeconds}s`,
      "scale-down-utilization-threshold": utilization,
      "max-node-provision-time": `${nodeProvisionSeconds}s`,
      // Every pod here has a disruption budget, and writes to nothing but /tmp: neither keeps a node.
      "skip-nodes-with-local-storage": false,
      "skip-nodes-with-system-pods": false,
      "expendable-pods-priority-cutoff": PAUSE_PRIORITY,
      "emit-per-nodegroup-metrics": true,
      ...(args.capacityBuffers === true
        ? { "capacity-buffer-controller-enabled": true, "capacity-buffer-pod-injection-enabled": true }
        : {}),
    },
  };
}

/** It may look at everything, and change the groups that carry the tag of its cluster. */
function groupPolicy(clusterName: string): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "Read",
        Effect: "Allow",
        Action: [
          "autoscaling:DescribeAutoScalingGroups",
          "autoscaling:DescribeAutoScalingInstances",
          "autoscaling:DescribeLaunchConfigurations",
          "autoscaling:DescribeScalingActivities",
          "autoscaling:DescribeTags",
          "ec2:DescribeImages",
          "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions",
          "ec2:GetInstanceTypesFromInstanceRequirements",
          "eks:DescribeNodegroup",
        ],
        Resource: "*",
      },
      {
        Sid: "ChangeOwnGroups",
        Effect: "Allow",
        Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        Resource: "*",
        Condition: { StringEquals: { [`aws:ResourceTag/${tagOf(clusterName)}`]: "owned" } },
      },
    ],
  };
}
