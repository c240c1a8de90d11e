import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as lb from "@pulumi/aws/lb";
import type * as s3 from "@pulumi/aws/s3";
import type * as wafv2 from "@pulumi/aws/wafv2";
import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../../shared/problems";
import type { Transform } from "../../../shared/transform";
import { cloudLoadBalancerProblems, type CloudLoadBalancerArgs } from "../cloud-load-balancer-args";

/** Where the load balancer stands. */
export interface AwsAlbNetwork {
  readonly region: string;
  readonly vpcId: string;
  /** Subnets with a way to the internet, in at least two zones. */
  readonly subnetIds: readonly string[];
  /** Security group of the nodes, and so of the pods: opened to the load balancer at the proxy's port. */
  readonly nodeSecurityGroupId: string;
}

export interface AwsAlbArgs extends CloudLoadBalancerArgs {
  /** The EKS cluster: target groups are tagged with it, and its controller may touch no others. */
  readonly clusterName: string;
  readonly network: AwsAlbNetwork;
  /** Nobody deletes the load balancer by accident; a `destroy` fails until this is false. */
  readonly deletionProtection: boolean;
  /**
   * Time in which a new pod gets its share little by little, seconds, 0 or 30..900. Excludes
   * `least_outstanding_requests`: with it requests go round robin. @default 0, for a proxy is warm when it starts
   */
  readonly slowStartSeconds?: number;
  /** How requests are treated that two parsers could read in two ways. @default "strictest" */
  readonly desyncMitigation?: "strictest" | "defensive";
  /** ARNs that alarms are sent to. @default none: alarms show in the console */
  readonly alarmActions?: readonly pulumi.Input<string>[];
  readonly transform?: {
    readonly loadBalancer?: Transform<lb.LoadBalancerArgs>;
    readonly targetGroup?: Transform<lb.TargetGroupArgs>;
    readonly listener?: Transform<lb.ListenerArgs>;
    readonly firewall?: Transform<wafv2.WebAclArgs>;
    readonly accessLogs?: Transform<s3.BucketArgs>;
    readonly alarm?: Transform<cloudwatch.MetricAlarmArgs>;
  };
}

/** Name of the tag by which the controller's rights are limited. */
export const CLUSTER_TAG = "retrofitlink:cluster";

/** Security group rules of one group, a quota of AWS that can be raised. */
const MOST_RULES = 60;

/** AWS takes 32 characters for a load balancer and a target group; 8 are the engine's, 3 tell the two apart. */
const LONGEST_NAME = 21;

/** What is wrong with the name of the component, which names of AWS begin with. */
export function awsAlbNameProblems(name: string): Problem[] {
  if (/^[A-Za-z][-A-Za-z0-9]*$/.test(name) && name.length <= LONGEST_NAME) return [];
  const allowed = `at most ${LONGEST_NAME} letters, digits and hyphens, a letter first`;
  return [{ property: "name", got: name, allowed, fix: "Shorten the name of the component." }];
}

/** Everything that makes the load balancer impossible to build. An empty list means it is sound. */
export function awsAlbProblems(args: AwsAlbArgs): Problem[] {
  const { network, slowStartSeconds = 0, sources, certificate, timeouts } = args;
  const problems = cloudLoadBalancerProblems(args);
  if (network.subnetIds.length < 2) {
    problems.push({
      property: "subnetIds",
      got: network.subnetIds,
      allowed: "at least 2 subnets, in different zones",
      fix: "Give a public subnet for each zone.",
    });
  }
  if (!(
    Number.isInteger(slowStartSeconds) &&
    (slowStartSeconds === 0 || (slowStartSeconds >= 30 && slowStartSeconds <= 900))
  )) {
    problems.push({
      property: "slowStartSeconds",
      got: slowStartSeconds,
      allowed: "0, or a whole number from 30 to 900 (seconds)",
      fix: "Leave it out: the proxy is warm when it starts.",
    });
  }
  if (
    certificate.kind === "existing" &&
    !/^arn:[-a-z]+:acm:[-a-z0-9]+:\d{12}:certificate\/\S+$/.test(certificate.id)
  ) {
    problems.push({
      property: "certificate.id",
      got: certificate.id,
      allowed: "an ARN of AWS Certificate Manager",
      fix: "See `aws acm list-certificates`, in the region of the load balancer.",
    });
  }
  if (sources.kind === "ranges") {
    const six = sources.ranges.find((range) => range.includes(":"));
    if (six !== undefined) {
      problems.push({
        property: "sources.ranges",
        got: six,
        allowed: "ranges of IPv4, for the load balancer has no IPv6 address",
        fix: "Remove the range.",
      });
    }
    if (sources.ranges.length * 2 > MOST_RULES) {
      problems.push({
        property: "sources.ranges",
        got: `${sources.ranges.length} ranges`,
        allowed: `at most ${MOST_RULES / 2}, for a security group holds ${MOST_RULES} rules`,
        fix: "Join neighbouring ranges.",
      });
    }
  }
  if (timeouts.idle.loadBalancer > 4000) {
    problems.push({
      property: "timeouts.idle.loadBalancer",
      got: timeouts.idle.loadBalancer,
      allowed: "at most 4000 (seconds)",
      fix: "Give the long request to a queue.",
    });
  }
  return problems;
}
