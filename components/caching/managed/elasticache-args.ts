import type * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as ec2 from "@pulumi/aws/ec2";
import type * as elasticache from "@pulumi/aws/elasticache";
import type * as vpc from "@pulumi/aws/vpc";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type * as random from "@pulumi/random";

import {
  ELASTICACHE_NODES,
  elastiCacheMaxClients,
  elastiCacheNode,
  usableMiB,
  type ManagedNode,
} from "../../../budget/caching/managed-cache";
import type { PerformanceBudget } from "../../../budget/core/performance-budget";
import { generationProblems } from "../../shared/generations";
import type { Problem } from "../../shared/problems";
import type { Transform } from "../../shared/transform";
import {
  connectionProblems,
  managedCacheProblems,
  managedNeedMiB,
  type ManagedCacheArgs,
} from "./managed-cache";

interface CommonArgs extends ManagedCacheArgs {
  readonly region: string;
  /** Where the cluster is. */
  readonly network: {
    readonly vpcId: pulumi.Input<string>;
    /** At least two, in different zones. */
    readonly subnetIds: readonly pulumi.Input<string>[];
    /** Security groups that may connect, the nodes' as a rule; at least one. Nobody else may. */
    readonly clientSecurityGroupIds: readonly pulumi.Input<string>[];
  };
  /** Zones of the cluster, whole number >= 1. */
  readonly zones: number;
  /** Cores that are busy at peak, > 0. Burstable nodes count with their baseline. */
  readonly cpuCores: number;
  /** Which password is used, a whole number >= 1. Raise it by one for a new one. @default 1 */
  readonly passwordGeneration?: number;
  /** Refused when it is too small. @default the smallest that has the memory and the cores */
  readonly nodeType?: string;
  /** Where the alarms get their thresholds from. */
  readonly budget: PerformanceBudget;
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

/** Replicas beside the primary: one that stands in for it, and of a session store one in a third zone. */
export function elastiCacheReplicas({ purpose, zones }: Pick<ElastiCacheArgs, "purpose" | "zones">): number {
  return purpose === "session" ? Math.min(2, Math.max(1, zones - 1)) : 1;
}

/** The node that was asked for, or the smallest that will do; undefined when there is none. */
export function elastiCacheNodeOf(args: ElastiCacheArgs): ManagedNode | undefined {
  const { nodeType } = args;
  return nodeType === undefined
    ? elastiCacheNode(managedNeedMiB(args), args.cpuCores)
    : ELASTICACHE_NODES.find((node) => node.nodeType === nodeType);
}

/** Everything that makes an ElastiCache impossible to build or to prove. An empty list means it is sound. */
export function elastiCacheProblems(name: string, args: ElastiCacheArgs): Problem[] {
  const problems = managedCacheProblems(name, args);
  const check = (ok: boolean, property: string, got: unknown, allowed: string, fix: string): void => {
    if (!ok) problems.push({ property, got, allowed, fix });
  };
  const { network, cpuCores, zones, snapshotRetentionDays: days = 7 } = args;
  problems.push(...generationProblems(args.passwordGeneration));
  const measured = "Give what a load test measured.";
  check(
    Number.isFinite(cpuCores) && cpuCores > 0,
    "cpuCores",
    cpuCores,
    "a number above 0 (cores)",
    measured,
  );
  const isWhole = Number.isInteger(zones) && zones >= 1;
  check(isWhole, "zones", zones, "a whole number of at least 1", "Count the zones of the cluster's nodes.");
  check(
    network.subnetIds.length >= 2,
    "network.subnetIds",
    network.subnetIds.length,
    "at least 2 subnets, in different zones",
    "Give a subnet for each zone; the replica stands in another one than the primary.",
  );
  check(
    network.clientSecurityGroupIds.length >= 1,
    "network.clientSecurityGroupIds",
    network.clientSecurityGroupIds.length,
    "at least 1 security group",
    "Name the security group of the cluster's nodes; without one nobody could connect.",
  );
  check(
    Number.isInteger(days) && days >= 1 && days <= 35,
    "snapshotRetentionDays",
    days,
    "a whole number from 1 to 35 (days)",
    "Say how long snapshots are kept.",
  );
  // The proof below would only repeat, as NaN, what is wrong above.
  if (problems.length > 0) return problems;
  return nodeProblems(args);
}

function nodeProblems(args: ElastiCacheArgs): Problem[] {
  const needed = managedNeedMiB(args);
  const { nodeType, cpuCores } = args;
  const node = elastiCacheNodeOf(args);
  if (nodeType === undefined) {
    if (node !== undefined) {
      return connectionProblems(args.users, elastiCacheMaxClients(node.nodeType), "Give fewer connections.");
    }
    const largest = ELASTICACHE_NODES[ELASTICACHE_NODES.length - 1];
    const most = largest === undefined ? 0 : usableMiB(largest);
    return [
      {
        property: "workingSetMiB",
        got: args.workingSetMiB,
        allowed: `a working set that needs at most ${most} MiB and ${largest?.sustainedCores} cores; this one needs ${needed} MiB and ${cpuCores}`,
        fix: "Divide the data among several caches.",
      },
    ];
  }
  if (node === undefined) {
    const known = ELASTICACHE_NODES.map((one) => one.nodeType).join(", ");
    const fix = "Leave it out and the smallest that will do is chosen.";
    return [{ property: "nodeType", got: nodeType, allowed: `one of ${known}`, fix }];
  }
  if (usableMiB(node) < needed) {
    const reserved = `${node.reservedShare * 100} %`;
    return [
      {
        property: "nodeType",
        got: nodeType,
        allowed: `a node with at least ${needed} MiB after what is reserved; this one has ${node.memoryMiB} less ${reserved} = ${usableMiB(node)}`,
        fix: `Choose a larger one, or leave it out and it becomes ${elastiCacheNode(needed, cpuCores)?.nodeType ?? "several caches"}.`,
      },
    ];
  }
  return connectionProblems(args.users, elastiCacheMaxClients(nodeType), "Choose a larger node.");
}
