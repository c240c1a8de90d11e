import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { CRON, isCron } from "../../budget/autoscaling/cron";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import { issue, pathOf, type Issue } from "../../budget/core/issues";
import { assertValid } from "../shared/issues";
import { transformed, type Transform } from "../shared/transform";
import { wholeNumberIssues } from "./whole-numbers";

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
  /** Image of the nodes, of a family with Linux. Pin a version where a new image should not come by itself. @default "al2023@latest" */
  readonly amiAlias?: string;
  /** @default ["on-demand"] */
  readonly capacityTypes?: readonly ("on-demand" | "spot" | "reserved")[];
  /** Letters of families of machines. @default c, m and r */
  readonly categories?: readonly string[];
  /** @default ["amd64"] */
  readonly architectures?: readonly ("amd64" | "arm64")[];
  /** The most that all nodes together may have. Karpenter knows no limit of money: this is it. */
  readonly limits: { readonly cpuCores: number; readonly memoryGiB: number };
  /** How long nothing has to change on a node until it may be emptied, seconds, whole number >= 0. @default 300 */
  readonly consolidateAfterSeconds?: number;
  /** @default a tenth at a time */
  readonly budgets?: readonly NodeDisruptionBudget[];
  /** Life of a node, hours, whole number >= 1. No budget slows its end down. @default 720 */
  readonly expireAfterHours?: number;
  /** How long a node may take to end, hours, whole number >= 0; then its pods go whatever their budgets say. @default 48 */
  readonly terminationGraceHours?: number;
  /** Of several pools the one with the highest takes a pod, 1..100. @default 1 */
  readonly weight?: number;
  readonly transform?: {
    readonly nodePool?: Transform<k8s.apiextensions.CustomResourceArgs>;
    readonly nodeClass?: Transform<k8s.apiextensions.CustomResourceArgs>;
  };
}

/** Families of images that a node with Linux may have, a version, and how long an alias may be. */
const AMI_ALIAS = /^(al2|al2023|bottlerocket)@.{1,27}$/;
const LONGEST_ALIAS = 30;

/** Terms that a NodeClass may have, and budgets of a NodePool. */
const MOST_TERMS = 30;
const MOST_BUDGETS = 50;

/**
 * What is wrong with the arguments: what Karpenter's definitions refuse when the objects are made, and schedules that they take
 * and its controller does not. Checked against Karpenter 1.14.
 */
export function karpenterNodesIssues(args: KarpenterNodesArgs): Issue[] {
  const { amiAlias = "al2023@latest", nodeRoleName, subnetIds, securityGroupIds } = args;
  const isAlias = AMI_ALIAS.test(amiAlias) && amiAlias.length <= LONGEST_ALIAS;
  return [
    ...limitIssues(args.limits),
    ...(nodeRoleName === ""
      ? [wrong("nodeRoleName", "", "the name of a role", "Name the role of the nodes.")]
      : []),
    ...idIssues("subnetIds", "subnet", subnetIds),
    ...(securityGroupIds === undefined ? [] : idIssues("securityGroupIds", "sg", securityGroupIds)),
    ...(isAlias
      ? []
      : [
          wrong(
            "amiAlias",
            amiAlias,
            `a family (al2, al2023, bottlerocket), @ and a version, ${LONGEST_ALIAS} characters at most`,
            "Write al2023@latest, or pin a version.",
          ),
        ]),
    ...choiceIssues(args),
    ...numberIssues(args),
    ...budgetIssues(args.budgets ?? []),
  ];
}

function wrong(property: string, got: unknown, allowed: string, fix: string): Issue {
  return issue(pathOf(property), got, { allowed, fix });
}

function limitIssues({ cpuCores, memoryGiB }: KarpenterNodesArgs["limits"]): Issue[] {
  const fix = "Say what all nodes together may have, for Karpenter has no other bound.";
  return Object.entries({ cpuCores, memoryGiB }).flatMap(([key, got]) =>
    got > 0 && Number.isFinite(got) ? [] : [wrong(`limits.${key}`, got, "a number above 0", fix)],
  );
}

/** Ids that the program does not know yet are right. */
function idIssues(key: string, kind: "subnet" | "sg", ids: readonly pulumi.Input<string>[]): Issue[] {
  const what = kind === "sg" ? "security group" : "subnet";
  const few =
    ids.length >= 1 && ids.length <= MOST_TERMS
      ? []
      : [
          wrong(
            key,
            ids,
            `1 to ${MOST_TERMS} of them`,
            kind === "sg" ? "Leave it out for the cluster's own." : "Give a subnet for each zone.",
          ),
        ];
  const strange = ids.flatMap((id, index) =>
    typeof id === "string" && !new RegExp(`^${kind}-[0-9a-z]+$`).test(id)
      ? [
          wrong(
            `${key}[${index}]`,
            id,
            `the id of a ${what}, like ${kind}-0a1b2c3d`,
            `Give the id of the ${what}.`,
          ),
        ]
      : [],
  );
  return [...few, ...strange];
}

/** A requirement that nothing can meet. */
function choiceIssues({ capacityTypes, categories, architectures }: KarpenterNodesArgs): Issue[] {
  return Object.entries({ capacityTypes, categories, architectures }).flatMap(([key, got]) =>
    got?.length === 0 ? [wrong(key, got, "at least one", "Leave it out for the default.")] : [],
  );
}

/** Karpenter has no fractions in its times. */
function numberIssues(args: KarpenterNodesArgs): Issue[] {
  const bounds = {
    consolidateAfterSeconds: [0, Infinity],
    expireAfterHours: [1, Infinity],
    terminationGraceHours: [0, Infinity],
    weight: [1, 100],
  } as const;
  return Object.entries(bounds).flatMap(([key, [least, most]]) =>
    wholeNumberIssues(key, args[key as keyof typeof bounds], least, most),
  );
}

function budgetIssues(budgets: readonly NodeDisruptionBudget[]): Issue[] {
  const many =
    budgets.length <= MOST_BUDGETS
      ? []
      : [
          wrong(
            "budgets",
            budgets.length,
            `${MOST_BUDGETS} at most`,
            "Leave out those that hold no node back.",
          ),
        ];
  const each = budgets.flatMap(({ nodes, schedule, durationSeconds }, index): Issue[] => {
    const at = `budgets[${index}]`;
    const issues: Issue[] = [];
    if (!/^((100|\d{1,2})%|\d+)$/.test(nodes))
      issues.push(wrong(`${at}.nodes`, nodes, "a share or a number", 'Write "10%", or "0" for none.'));
    if ((schedule === undefined) !== (durationSeconds === undefined)) {
      const fix = "Give both: when it begins, and how long it holds.";
      issues.push(wrong(`${at}.schedule`, schedule, "schedule together with durationSeconds", fix));
    }
    if (schedule !== undefined && !isCron(schedule))
      issues.push(issue(pathOf(`${at}.schedule`), schedule, CRON));
    if (durationSeconds !== undefined && !(durationSeconds >= 60 && Number.isFinite(durationSeconds)))
      issues.push(
        wrong(`${at}.durationSeconds`, durationSeconds, "a number from 60 on", "Give a minute at least."),
      );
    return issues;
  });
  return [...many, ...each];
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

/** @returns `spec` of the EC2NodeClass */
export function nodeClassSpec(args: KarpenterNodesArgs): object {
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

/** @param nodeClass name of its class. @returns `spec` of the NodePool */
export function nodePoolSpec(args: KarpenterNodesArgs, nodeClass: pulumi.Input<string>): object {
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
