import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as ec2 from "@pulumi/aws/ec2";
import type * as elasticache from "@pulumi/aws/elasticache";
import type * as vpc from "@pulumi/aws/vpc";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";

import { issue, type Issue, issuesOf } from "../../../budget/core/issues";
import { TWO_SUBNETS } from "../../../budget/core/cloud-leaves";
import type { ElastiCacheInputs } from "../../../budget/caching/plan-managed";
import { elastiCacheIssues } from "../../../budget/caching/rules";
import { CLIENT_GROUPS, elastiCacheSettings } from "../../../budget/caching/settings";
import type { PerformanceBudget } from "../../../budget/core/performance-budget";
import type { Transform } from "../../shared/transform";
import type { ManagedCacheArgs } from "./managed-cache";

interface CommonArgs extends ManagedCacheArgs {
  /** @default the provider's */
  readonly region?: pulumi.Input<string>;
  /** Where the cluster is. */
  readonly network: {
    readonly vpcId: pulumi.Input<string>;
    /** At least two, in different zones. Counted where the list is written out. */
    readonly subnetIds: pulumi.Input<readonly pulumi.Input<string>[]>;
    /** Security groups that may connect, the nodes' as a rule; at least one. Nobody else may. */
    readonly clientSecurityGroupIds: readonly pulumi.Input<string>[];
  };
  /** Zones of the cluster, whole number >= 1. Decides the replicas of a session store. @default 3 */
  readonly zones?: number;
  /** Cores that are busy at peak, above 0. Burstable nodes count with their baseline. @default 1 */
  readonly cpuCores?: number;
  /** Which password is used, a whole number >= 1. Raise it by one for a new one. @default 1 */
  readonly passwordGeneration?: number;
  /** Refused when it is too small. @default the smallest that has the memory and the cores */
  readonly nodeType?: string;
  /** Where the alarms get their thresholds from. @default DEFAULT_BUDGET */
  readonly budget?: PerformanceBudget;
  /** SNS topic that is told of alarms and fail-overs. @default nobody is told; the alarms are there to be looked at */
  readonly alarmTopicArn?: pulumi.Input<string>;
  readonly transform?: {
    readonly password?: Transform<random.RandomPasswordArgs>;
    readonly credentials?: Transform<k8s.core.v1.SecretArgs>;
    readonly subnetGroup?: Transform<elasticache.SubnetGroupArgs>;
    readonly parameterGroup?: Transform<elasticache.ParameterGroupArgs>;
    readonly securityGroup?: Transform<ec2.SecurityGroupArgs>;
    readonly ingress?: Transform<vpc.SecurityGroupIngressRuleArgs>;
    readonly replicationGroup?: Transform<elasticache.ReplicationGroupArgs>;
    readonly alarm?: Transform<cloudwatch.MetricAlarmArgs>;
  };
}

/** Arguments of `ElastiCache`. Only a session store has snapshots. */
export type ElastiCacheArgs =
  | (CommonArgs & { readonly purpose: "cache"; readonly snapshotRetentionDays?: never })
  | (CommonArgs & {
      readonly purpose: "session";
      /** How long daily snapshots are kept, days, 1..35. @default 7 */
      readonly snapshotRetentionDays?: number;
    });

/** What the plan of an ElastiCache is made from. @param name as messages call it */
export function elastiCacheInputs(name: string, args: ElastiCacheArgs): ElastiCacheInputs {
  const { purpose, workingSetMiB, users, cpuCores, zones, nodeType } = args;
  return { cache: name, purpose, workingSetMiB, users, cpuCores, zones, nodeType };
}

/** Everything that makes an ElastiCache impossible to build or to prove. An empty list means it is sound. */
export function elastiCacheArgsIssues(name: string, args: ElastiCacheArgs): Issue[] {
  const single = [...issuesOf(elastiCacheSettings, { ...args, name }), ...networkIssues(args)];
  // The rules would only repeat, as NaN, what is wrong above.
  return single.length > 0 ? single : elastiCacheIssues(elastiCacheInputs(name, args));
}

function networkIssues({ network }: ElastiCacheArgs): Issue[] {
  const { subnetIds, clientSecurityGroupIds } = network;
  const issues: Issue[] = [];
  if (Array.isArray(subnetIds) && subnetIds.length < 2) {
    issues.push(issue(["network", "subnetIds"], subnetIds.length, TWO_SUBNETS));
  }
  if (clientSecurityGroupIds.length === 0) {
    issues.push(issue(["network", "clientSecurityGroupIds"], 0, CLIENT_GROUPS));
  }
  return issues;
}
