import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";

/** How many nodes may go at the same time. */
export interface NodeDisruptionBudget {
  /** `"10%"`, or a number of nodes: `"0"` is none. */
  readonly nodes: string;
  /** Why they go. @default for all reasons */
  readonly reasons?: readonly ("Underutilized" | "Empty" | "Drifted")[];
  /** A cron expression of five fields, UTC, with `durationSeconds`. @default always */
  readonly schedule?: string;
  /** How long it holds from each start on, seconds, >= 60; whole minutes. */
  readonly durationSeconds?: number;
}

/** Arguments of `KarpenterNodes`. */
export interface KarpenterNodesArgs {
  /** Of EKS: its security group is the nodes' where `securityGroupIds` are not given. */
  readonly clusterName: string;
  /** Name of the role of the nodes; the same that `Karpenter` may hand out. */
  readonly nodeRoleName: pulumi.Input<string>;
  /** At least one; one for each zone. */
  readonly subnetIds: readonly pulumi.Input<string>[];
  /** @default the cluster's own */
  readonly securityGroupIds?: readonly pulumi.Input<string>[];
  /** Image of the nodes. Pin a version where a new image should not come by itself. @default "al2023@latest" */
  readonly amiAlias?: string;
  /** @default ["on-demand"] */
  readonly capacityTypes?: readonly ("on-demand" | "spot" | "reserved")[];
  /** Letters of families of machines. @default c, m and r */
  readonly categories?: readonly string[];
  /** @default ["amd64"] */
  readonly architectures?: readonly ("amd64" | "arm64")[];
  /** The most that all nodes together may have. Karpenter knows no limit of money: this is it. */
  readonly limits: { readonly cpuCores: number; readonly memoryGiB: number };
  /** How long nothing has to change on a node until it may be emptied, seconds, >= 0. @default 300 */
  readonly consolidateAfterSeconds?: number;
  /** @default a tenth at a time */
  readonly budgets?: readonly NodeDisruptionBudget[];
  /** Life of a node, hours, >= 1. No budget slows its end down. @default 720 */
  readonly expireAfterHours?: number;
  /** How long a node may take to end, hours, >= 0; then its pods go whatever their budgets say. @default 48 */
  readonly terminationGraceHours?: number;
  /** Of several pools the one with the highest takes a pod, 1..100. @default 1 */
  readonly weight?: number;
  readonly transform?: {
    readonly nodePool?: Transform<k8s.apiextensions.CustomResourceArgs>;
    readonly nodeClass?: Transform<k8s.apiextensions.CustomResourceArgs>;
  };
}

/** What is wrong with the arguments. */
export function karpenterNodesIssues(args: KarpenterNodesArgs): Issue[] {
  const issues: Issue[] = [];
  const { cpuCores, memoryGiB } = args.limits;
  for (const [key, got] of Object.entries({ cpuCores, memoryGiB })) {
    if (got > 0 && Number.isFinite(got)) continue;
    const fix = "Say what all nodes together may have, for Karpenter has no other bound.";
    issues.push(issue(pathOf(`limits.${key}`), got, { allowed: "a number above 0", fix }));
  }
  if (args.subnetIds.length === 0) {
    const fix = "Give a subnet for each zone.";
    issues.push(issue(pathOf("subnetIds"), [], { allowed: "at least one subnet", fix }));
  }
  (args.budgets ?? []).forEach(({ nodes, schedule, durationSeconds }, index) => {
    if (!/^((100|\d{1,2})%|\d+)$/.test(nodes)) {
      const fix = 'Write "10%", or "0" for none.';
      issues.push(issue(pathOf(`budgets[${index}].nodes`), nodes, { allowed: "a share or a number", fix }));
    }
    if ((schedule === undefined) !== (durationSeconds === undefined)) {
      const fix = "Give both: when it begins, and how long it holds.";
      const property = `budgets[${index}].schedule`;
      issues.push(
        issue(pathOf(property), schedule, { allowed: "schedule together with durationSeconds", fix }),
      );
    }
  });
  return issues;
}

/**
 * A kind of nodes that Karpenter makes: a NodePool and its EC2NodeClass. Calmer than Karpenter's own defaults, which empty a
 * node the moment that its pods would fit elsewhere.
 *
 * Trap: definitions first. Name `Karpenter`'s in `dependsOn`.
 *
 * Trap: what expires goes, whatever the budgets say.
 *
 * Cost: up to `limits`.
 */
export class KarpenterNodes extends pulumi.ComponentResource {
  readonly nodePool: k8s.apiextensions.CustomResource;
  readonly nodeClass: k8s.apiextensions.CustomResource;

  constructor(name: string, args: KarpenterNodesArgs, opts?: pulumi.ComponentResourceOptions) {
    assertValid("KarpenterNodes", name, karpenterNodesIssues(args));
    const { transform = {} } = args;
    super(COMPONENT_TYPES.karpenterNodes, name, { clusterName: args.clusterName }, opts);
    const child = { parent: this, ...(opts?.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn }) };
    this.nodeClass = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.nodeClass,
        `${name}-class`,
        {
          apiVersion: "karpenter.k8s.aws/v1",
          kind: "EC2NodeClass",
          metadata: { name },
          spec: nodeClassSpec(args),
        },
        child,
      ),
    );
    this.nodePool = new k8s.apiextensions.CustomResource(
      ...transformed<k8s.apiextensions.CustomResourceArgs>(
        transform.nodePool,
        `${name}-pool`,
        {
          apiVersion: "karpenter.sh/v1",
          kind: "NodePool",
          metadata: { name },
          spec: nodePoolSpec(args, this.nodeClass.metadata.name),
        },
        child,
      ),
    );
    this.registerOutputs({});
  }
}

function nodeClassSpec(args: KarpenterNodesArgs): object {
  const { clusterName, nodeRoleName, subnetIds, securityGroupIds } = args;
  return {
    role: nodeRoleName,
    amiSelectorTerms: [{ alias: args.amiAlias ?? "al2023@latest" }],
    subnetSelectorTerms: subnetIds.map((id) => ({ id })),
    securityGroupSelectorTerms:
      securityGroupIds === undefined
        ? [{ tags: { "aws:eks:cluster-name": clusterName } }]
        : securityGroupIds.map((id) => ({ id })),
    // Pods have no business with the credentials of their node.
    metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
  };
}

function nodePoolSpec(args: KarpenterNodesArgs, nodeClass: pulumi.Input<string>): object {
  const { capacityTypes = ["on-demand"], categories = ["c", "m", "r"], architectures = ["amd64"] } = args;
  const { consolidateAfterSeconds = 300, budgets = [{ nodes: "10%" }], limits } = args;
  const isOneOf = (key: string, values: readonly string[]): object => ({ key, operator: "In", values });
  return {
    weight: args.weight ?? 1,
    template: {
      spec: {
        nodeClassRef: { group: "karpenter.k8s.aws", kind: "EC2NodeClass", name: nodeClass },
        requirements: [
          isOneOf("karpenter.sh/capacity-type", capacityTypes),
          isOneOf("kubernetes.io/arch", architectures),
          isOneOf("kubernetes.io/os", ["linux"]),
          isOneOf("karpenter.k8s.aws/instance-category", categories),
          { key: "karpenter.k8s.aws/instance-generation", operator: "Gt", values: ["4"] },
        ],
        expireAfter: `${args.expireAfterHours ?? 720}h`,
        terminationGracePeriod: `${args.terminationGraceHours ?? 48}h`,
      },
    },
    disruption: {
      consolidationPolicy: "WhenEmptyOrUnderutilized",
      consolidateAfter: `${consolidateAfterSeconds}s`,
      budgets: budgets.map(({ nodes, reasons, schedule, durationSeconds }) => ({
        nodes,
        ...(reasons === undefined ? {} : { reasons }),
        ...(schedule === undefined ? {} : { schedule }),
        ...(durationSeconds === undefined ? {} : { duration: `${Math.ceil(durationSeconds / 60)}m` }),
      })),
    },
    limits: { cpu: `${limits.cpuCores}`, memory: `${limits.memoryGiB}Gi` },
  };
}
