/**
 * What the pack knows about the stack under review while the engine shows it resource after resource. A parent is
 * registered before its children, so waivers and stack-file keys are known when a child is judged.
 */
import type { PolicyResource, ReportViolation, ResourceValidationArgs } from "@pulumi/policy";

import { COMPONENT_TYPES, type PlatformSummary } from "../budget/summaries";
import { dateOf, isExpired, waiverFor, type Waiver } from "../budget/waivers";

/** Something that breaks a policy. */
export interface Finding {
  /** Workload, as operators type it; what a waiver names. */
  readonly workload: string;
  /** What is wrong, first as a sentence and then as numbers. */
  readonly message: string;
  /** Key of the stack file to change. */
  readonly change: string;
  readonly urn?: string;
}

/** A finding that somebody has allowed for now. */
export interface WaivedFinding extends Finding {
  readonly waiver: Waiver;
}

/** A part of the stack that the summary of a component describes. */
interface Owner {
  readonly workload: string;
  readonly configKey: string;
}

type Reviewed = Pick<ResourceValidationArgs, "type" | "urn" | "props">;

export class Review {
  private waivers: readonly Waiver[] = [];
  private readonly owners = new Map<string, Owner>();
  readonly waived: WaivedFinding[] = [];
  /** What could not be judged, because a value is only known after the deployment. */
  readonly notProvable: { readonly policy: string; readonly urn: string; readonly reason: string }[] = [];

  constructor(private readonly today: string = dateOf(new Date())) {}

  /** Learns from a resource before it is judged. */
  observe({ type, urn, props }: Reviewed): void {
    if (type === COMPONENT_TYPES.platform) this.waivers = (props as PlatformSummary).waivers;
    else if (type.startsWith("retrofitlink:")) {
      const { workload, configKey } = props as Owner;
      this.owners.set(urn, { workload, configKey });
    }
  }

  /** Whose child a resource is, for messages that name the stack file's key. */
  ownerOf(parentUrn: string | undefined, fallback: string): Owner {
    return this.owners.get(parentUrn ?? "") ?? { workload: fallback, configKey: "the program" };
  }

  /** Reports a finding as a violation, unless a waiver holds. */
  judge(policy: string, finding: Finding, report: ReportViolation): void {
    const waiver = waiverFor(this.waivers, policy, finding.workload);
    if (waiver !== undefined && !isExpired(waiver, this.today)) {
      this.waived.push({ ...finding, waiver });
      return;
    }
    const expired = waiver === undefined ? "" : `\nwaiver: expired on ${waiver.expires} ("${waiver.reason}")`;
    report(`${finding.message}\nchange: ${finding.change}${expired}`, finding.urn);
  }

  /** Runs a proof; one that meets an unknown value is noted, and counts as neither kept nor broken. */
  prove(policy: string, urn: string, proof: () => void): void {
    try {
      proof();
    } catch (error) {
      if (!(error instanceof Error) || !/can't be known during preview$/.test(error.message)) throw error;
      this.notProvable.push({ policy, urn, reason: error.message });
    }
  }
}

/** The review of the stack that this process was started for: the engine starts the pack anew for every run. */
export const currentReview = new Review();

/** Resources of a stack with the parent's URN, in the form that `Review` takes. */
export function parentUrn(resource: PolicyResource | ResourceValidationArgs): string | undefined {
  return "parent" in resource ? resource.parent?.urn : resource.opts.parent;
}
