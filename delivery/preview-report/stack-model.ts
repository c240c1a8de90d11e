/** What the page shows of a preview, taken out of the engine's resources. */
import {
  COMPONENT_TYPES,
  type NginxSummary,
  type PlatformSummary,
  type RedisSummary,
  type ServiceSummary,
} from "../../budget/summaries";
import type { StackRun } from "../../sandbox/engine/stack";

export interface PolicyResult {
  readonly kind: "violation" | "waived" | "not-provable" | "advice";
  readonly policy: string;
  readonly message: string;
  /** Name of the resource, empty for the whole stack. */
  readonly resource: string;
}

export interface ResourceRow {
  readonly kind: string;
  readonly name: string;
  readonly operation: string;
  /** Name of the component that it belongs to. */
  readonly component: string;
}

/** A preview as the page needs it. */
export interface StackModel {
  readonly stack: string;
  readonly environment: string;
  readonly zones: number;
  /** Workload behind the load balancer, empty when there is none. */
  readonly exposedService: string;
  readonly services: readonly ServiceSummary[];
  readonly caches: readonly RedisSummary[];
  readonly proxies: readonly NginxSummary[];
  readonly policies: readonly PolicyResult[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly resources: readonly ResourceRow[];
  readonly succeeded: boolean;
}

const KIND_OF_POLICY: Readonly<Record<string, PolicyResult["kind"]>> = {
  "waivers-in-use": "waived",
  "not-provable": "not-provable",
};

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

export function stackModel(stack: string, run: StackRun): StackModel {
  // The engine reports resources as they come; a page is read by name.
  const summaries = <Summary extends { readonly workload?: string }>(type: string): Summary[] =>
    run.resources
      .filter((resource) => resource.type === type)
      .map(({ inputs }) => inputs as unknown as Summary)
      .sort((a, b) => (a.workload ?? "").localeCompare(b.workload ?? ""));
  const [platform] = summaries<PlatformSummary & { workload?: string }>(COMPONENT_TYPES.platform);
  return {
    stack,
    environment: platform?.environment ?? stack,
    zones: platform?.zones ?? 1,
    exposedService: platform?.exposedService ?? "",
    services: summaries(COMPONENT_TYPES.elasticService),
    caches: summaries(COMPONENT_TYPES.redis),
    proxies: summaries(COMPONENT_TYPES.nginx),
    policies: run.policyEvents.map(({ policyName, message, resourceUrn, enforcementLevel }) => ({
      kind: enforcementLevel === "mandatory" ? "violation" : (KIND_OF_POLICY[policyName] ?? "advice"),
      policy: policyName,
      message: message.trim(),
      resource: resourceUrn === undefined || resourceUrn.endsWith(":pulumi:Stack") ? "" : nameOf(resourceUrn),
    })),
    errors: run.errors,
    warnings: run.warnings,
    resources: run.resources
      .filter(({ type }) => !type.startsWith("pulumi:"))
      .map(({ type, name, operation, parent }) => ({
        kind: type.split(":").pop() ?? type,
        name,
        operation,
        component: type.startsWith("retrofitlink:") ? name : nameOf(parent),
      })),
    succeeded: run.succeeded,
  };
}
