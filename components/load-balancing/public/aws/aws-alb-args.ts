import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as ec2 from "@pulumi/aws/ec2";
import type * as lb from "@pulumi/aws/lb";
import type * as route53 from "@pulumi/aws/route53";
import type * as s3 from "@pulumi/aws/s3";
import type * as vpc from "@pulumi/aws/vpc";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { issue, type Issue, words } from "../../../../budget/core/issues";
import { TWO_SUBNETS } from "../../../../budget/core/cloud-leaves";
import type { BucketPartTransforms } from "../../../shared/private-bucket";
import type { Transform } from "../../../shared/transform";
import type { AlbCertificateArgs } from "./aws-alb-certificate";
import type { AlbFirewallTransforms } from "./aws-alb-firewall";
import {
  completePublicArgs,
  publicLoadBalancerIssues,
  type CompletePublicArgs,
  type PublicLoadBalancerArgs,
} from "../public-load-balancer-args";

/** Where the load balancer stands. */
export interface AwsAlbNetwork {
  readonly region: string;
  readonly vpcId: pulumi.Input<string>;
  /** Subnets with a way to the internet, in at least two zones. */
  readonly subnetIds: pulumi.Input<readonly pulumi.Input<string>[]>;
  /** Security group of the nodes, and so of the pods: opened to the load balancer at the proxy's port. */
  readonly nodeSecurityGroupId: pulumi.Input<string>;
}

export interface AwsAlbArgs extends PublicLoadBalancerArgs {
  /** The EKS cluster: target groups are tagged with it, and its controller may touch no others. */
  readonly clusterName: pulumi.Input<string>;
  readonly network: AwsAlbNetwork;
  /** Nobody deletes the load balancer by accident; a `destroy` fails until this is false. @default true */
  readonly deletionProtection?: boolean;
  /**
   * Time in which a new pod gets its share little by little, seconds, 0 or 30..900. Excludes
   * `least_outstanding_requests`: with it requests go round robin. @default 0, for a proxy is warm when it starts
   */
  readonly slowStartSeconds?: number;
  /** How requests are treated that two parsers could read in two ways. @default "strictest" */
  readonly desyncMitigation?: "strictest" | "defensive";
  /** ARNs that alarms are sent to. @default none: alarms show in the console */
  readonly alarmActions?: readonly pulumi.Input<string>[];
  readonly transform?: AwsAlbTransforms;
}

/** Escape hatches, one for each child; where there are several of a kind, for each of them. */
export interface AwsAlbTransforms
  extends AlbFirewallTransforms, NonNullable<AlbCertificateArgs["transform"]> {
  readonly loadBalancer?: Transform<lb.LoadBalancerArgs>;
  readonly targetGroup?: Transform<lb.TargetGroupArgs>;
  /** Of port 443. */
  readonly listener?: Transform<lb.ListenerArgs>;
  readonly listenerRule?: Transform<lb.ListenerRuleArgs>;
  /** Of port 80. */
  readonly redirect?: Transform<lb.ListenerArgs>;
  readonly securityGroup?: Transform<ec2.SecurityGroupArgs>;
  /** Of the group whose rules say who may connect. */
  readonly sourcesGroup?: Transform<ec2.SecurityGroupArgs>;
  readonly ingressRule?: Transform<vpc.SecurityGroupIngressRuleArgs>;
  readonly egressRule?: Transform<vpc.SecurityGroupEgressRuleArgs>;
  readonly binding?: Transform<k8s.apiextensions.CustomResourceArgs>;
  /** Of the bucket with the access logs, and of what is around it. */
  readonly accessLogs?: Transform<s3.BucketArgs>;
  readonly accessLogsParts?: BucketPartTransforms;
  readonly alarm?: Transform<cloudwatch.MetricAlarmArgs>;
  readonly record?: Transform<route53.RecordArgs>;
}

/** Arguments with their defaults and their plan. */
export type CompleteAlbArgs = CompletePublicArgs<AwsAlbArgs>;

/** Name of the tag by which the controller's rights are limited. */
export const CLUSTER_TAG = "kubernetes-cluster";

/** Security group rules of one group, a quota of AWS that can be raised. */
const MOST_RULES = 60;

/** AWS takes 32 characters for a load balancer and a target group; 8 are the engine's, 3 tell the two apart. */
const LONGEST_NAME = 21;

/** What is wrong with the name of the component, which names of AWS begin with. */
export function awsAlbNameIssues(name: string): Issue[] {
  if (/^[A-Za-z][-A-Za-z0-9]*$/.test(name) && name.length <= LONGEST_NAME) return [];
  const allowed = `at most ${LONGEST_NAME} letters, digits and hyphens, a letter first`;
  return [issue("name", name, { allowed, fix: "Shorten the name of the component." })];
}

/** Everything that makes the load balancer impossible to build. An empty list means it is sound. */
export function awsAlbIssues(given: AwsAlbArgs): Issue[] {
  const args = completePublicArgs("aws", given);
  const { network, slowStartSeconds = 0, sources, certificate, timeouts } = args;
  const issues = publicLoadBalancerIssues(args);
  // A list that is known late is AWS's to judge.
  if (Array.isArray(network.subnetIds) && network.subnetIds.length < 2) {
    issues.push(issue("network.subnetIds", network.subnetIds, TWO_SUBNETS));
  }
  if (!(
    Number.isInteger(slowStartSeconds) &&
    (slowStartSeconds === 0 || (slowStartSeconds >= 30 && slowStartSeconds <= 900))
  )) {
    issues.push(
      issue("slowStartSeconds", slowStartSeconds, {
        allowed: "0, or a whole number from 30 to 900 (seconds)",
        fix: "Leave it out: the proxy is warm when it starts.",
      }),
    );
  }
  if (
    certificate.kind === "existing" &&
    typeof certificate.id === "string" &&
    !/^arn:[-a-z]+:acm:[-a-z0-9]+:\d{12}:certificate\/\S+$/.test(certificate.id)
  ) {
    issues.push(
      issue("certificate.id", certificate.id, {
        allowed: "an ARN of AWS Certificate Manager",
        fix: "See `aws acm list-certificates`, in the region of the load balancer.",
      }),
    );
  }
  if (sources.kind === "ranges") {
    const six = sources.ranges.find((range) => range.includes(":"));
    if (six !== undefined) {
      issues.push(
        issue("sources.ranges", six, {
          allowed: "ranges of IPv4, for the load balancer has no IPv6 address",
          fix: "Remove the range.",
        }),
      );
    }
    if (sources.ranges.length * 2 > MOST_RULES) {
      issues.push(
        issue("sources.ranges", words(`${sources.ranges.length} ranges`), {
          allowed: `at most ${MOST_RULES / 2}, for a security group holds ${MOST_RULES} rules`,
          fix: "Join neighbouring ranges.",
        }),
      );
    }
  }
  if (timeouts.idle.loadBalancer > 4000) {
    issues.push(
      issue("timeouts.idle.loadBalancer", timeouts.idle.loadBalancer, {
        allowed: "at most 4000 (seconds)",
        fix: "Give the long request to a queue.",
      }),
    );
  }
  return issues;
}
