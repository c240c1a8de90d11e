/** What the page shows of a preview, taken out of the engine's resources. */
import { CACHE_TYPES, type CacheSummary } from "../../budget/caching/summary";
import { COMPONENT_TYPES } from "../../budget/core/component-types";
import type { Planned, PlatformSummary } from "../../budget/core/summary";
import type { AtlasSummary, DatabaseSummary, MongoDbSummary } from "../../budget/database/summary";
import type { EdgeSummary, ImageOptimizerSummary } from "../../budget/edge/summary";
import type { PublicLoadBalancerSummary, ProxySummary } from "../../budget/load-balancing/summary";
import type { ServiceSummary } from "../../budget/service/summary";
import type { StackResource, StackRun } from "../../engine/stack";
import { isWhollyKnown } from "./values";

export type PolicyKind = "violation" | "not-provable" | "waived" | "advice";

export interface PolicyResult {
  readonly kind: PolicyKind;
  readonly policy: string;
  readonly message: string;
  /** Name of the resource, empty for the whole stack. */
  readonly resource: string;
}

export interface ResourceRow {
  /** Last part of the type token: `Deployment`. */
  readonly kind: string;
  readonly name: string;
  readonly operation: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A component and everything in it, itself first. */
export interface ResourceGroup {
  readonly component: string;
  readonly kind: string;
  readonly resources: readonly ResourceRow[];
}

/** A component with its plan, whatever it is. */
export interface PlannedComponent {
  readonly type: string;
  /** As a person calls it: the hosts that it answers for, or its workload. */
  readonly name: string;
  readonly summary: Planned;
}

/** A preview as the page needs it. */
export interface StackModel {
  readonly stack: string;
  readonly environment: string;
  readonly zones: number;
  /** Workload behind the load balancer, empty when there is none. */
  readonly exposedService: string;
  readonly services: readonly ServiceSummary[];
  readonly caches: readonly CacheSummary[];
  readonly proxies: readonly ProxySummary[];
  readonly cdns: readonly EdgeSummary[];
  /** Functions that make the variants of images for the CDN. */
  readonly images: readonly ImageOptimizerSummary[];
  /** In front of the proxies. */
  readonly publicLoadBalancers: readonly PublicLoadBalancerSummary[];
  /** Of whichever kind. */
  readonly databases: readonly DatabaseSummary[];
  /** Every component that has a plan, by name. */
  readonly planned: readonly PlannedComponent[];
  /** Names of components of which a number is only known after the deployment: nothing can be derived from them. */
  readonly unknown: readonly string[];
  readonly policies: readonly PolicyResult[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly groups: readonly ResourceGroup[];
  /** How many resources meet each operation, in the order of {@link OPERATIONS}. */
  readonly changes: readonly (readonly [operation: string, count: number])[];
  readonly succeeded: boolean;
}

/** What a plan does with a resource, first what a reader looks for. */
const OPERATIONS = ["create", "update", "replace", "delete", "same"];

const KIND_OF_POLICY: Readonly<Record<string, PolicyKind>> = {
  "waivers-in-use": "waived",
  "not-provable": "not-provable",
};

const OWN_TYPE = "retrofitlink:";

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function kindOf(type: string): string {
  return type.split(":").pop() ?? type;
}

/** @param stack its name, as in `Pulumi.<stack>.yaml` */
export function stackModel(stack: string, run: StackRun): StackModel {
  const ofType = (type: string): StackResource[] =>
    run.resources.filter((resource) => resource.type === type);
  const known = ({ inputs }: StackResource): boolean => isWhollyKnown(inputs);
  // The engine reports resources as they come; a page is read by name.
  const summaries = <Summary extends { readonly workload: string }>(type: string): Summary[] =>
    ofType(type)
      .filter(known)
      .map(({ inputs }) => inputs as unknown as Summary)
      .sort((a, b) => a.workload.localeCompare(b.workload));
  const platform = ofType(COMPONENT_TYPES.platform)[0]?.inputs as PlatformSummary | undefined;
  const groups = grouped(run.resources);
  return {
    stack,
    environment: platform?.environment ?? stack,
    zones: platform?.zones ?? 1,
    exposedService: platform?.exposedService ?? "",
    services: summaries(COMPONENT_TYPES.elasticService),
    caches: CACHE_TYPES.flatMap((type) => summaries<CacheSummary>(type)).sort((a, b) =>
      a.workload.localeCompare(b.workload),
    ),
    proxies: [
      ...summaries<ProxySummary>(COMPONENT_TYPES.nginx),
      ...summaries<ProxySummary>(COMPONENT_TYPES.haProxy),
    ],
    cdns: [
      ...summaries<EdgeSummary>(COMPONENT_TYPES.cloudFront),
      ...summaries<EdgeSummary>(COMPONENT_TYPES.cloudflare),
    ],
    images: summaries<ImageOptimizerSummary>(COMPONENT_TYPES.imageOptimizer),
    publicLoadBalancers: [
      ...summaries<PublicLoadBalancerSummary>(COMPONENT_TYPES.awsAlb),
      ...summaries<PublicLoadBalancerSummary>(COMPONENT_TYPES.gcpLoadBalancer),
    ],
    databases: [
      ...summaries<MongoDbSummary>(COMPONENT_TYPES.mongoDbCluster),
      ...summaries<AtlasSummary>(COMPONENT_TYPES.atlasCluster),
    ],
    planned: run.resources
      .filter(({ type, inputs }) => type.startsWith(OWN_TYPE) && inputs["proofs"] !== undefined)
      .filter(known)
      .map(({ type, inputs }) => plannedComponent(type, inputs as unknown as Planned))
      .sort((a, b) => a.name.localeCompare(b.name)),
    unknown: Object.values(COMPONENT_TYPES)
      .flatMap(ofType)
      .filter((resource) => !known(resource))
      .map(({ name }) => name),
    policies: run.policyEvents.map(({ policyName, message, resourceUrn, enforcementLevel }) => ({
      kind: enforcementLevel === "mandatory" ? "violation" : (KIND_OF_POLICY[policyName] ?? "advice"),
      policy: policyName,
      message: message.trim(),
      resource:
        resourceUrn === undefined || resourceUrn.includes(":pulumi:Stack::") ? "" : nameOf(resourceUrn),
    })),
    // The engine closes a failed run with a line that says only that.
    errors: run.errors.filter((error) => error !== "preview failed"),
    warnings: run.warnings,
    groups,
    changes: counted(groups),
    succeeded: run.succeeded,
  };
}

function plannedComponent(
  type: string,
  summary: Planned & { readonly hosts?: readonly string[] },
): PlannedComponent {
  return { type, name: summary.hosts?.join(", ") ?? summary.workload, summary };
}

/** Resources by the component they belong to, which is the nearest of the platform's own above them. */
function grouped(resources: readonly StackResource[]): ResourceGroup[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const ownerOf = (resource: StackResource): StackResource | undefined => {
    let owner: StackResource | undefined = resource;
    while (owner !== undefined && !owner.type.startsWith(OWN_TYPE)) owner = byUrn.get(owner.parent);
    return owner;
  };
  const groups = new Map<string, { component: string; kind: string; resources: ResourceRow[] }>();
  for (const resource of resources) {
    const { type, name, operation, inputs } = resource;
    // The stack and its providers are the engine's own bookkeeping.
    if (type.startsWith("pulumi:")) continue;
    const owner = ownerOf(resource);
    const group = groups.get(owner?.urn ?? "") ?? {
      component: owner?.name ?? "outside of a component",
      kind: owner === undefined ? "" : kindOf(owner.type),
      resources: [],
    };
    groups.set(owner?.urn ?? "", group);
    group.resources.push({ kind: kindOf(type), name, operation, inputs });
  }
  return [...groups.values()].sort((a, b) => a.component.localeCompare(b.component));
}

function counted(groups: readonly ResourceGroup[]): [string, number][] {
  const counts = new Map<string, number>(OPERATIONS.map((operation) => [operation, 0]));
  for (const { operation } of groups.flatMap(({ resources }) => resources)) {
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 0);
}
