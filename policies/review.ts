/**
 * What the pack knows about the stack under review while the engine shows it resource after resource. A parent is
 * registered before its children, so waivers and stack-file keys are known when a child is judged.
 */
import { UnknownValueError, type ReportViolation, type ResourceValidationArgs } from "@pulumi/policy";

import { COMPONENT_TYPES } from "../budget/core/component-types";
import type { PlatformSummary, Planned } from "../budget/core/summary";
import { dateOf, isExpired, waiverFor, type Waiver } from "../budget/core/waivers";
import type { Witness } from "../budget/core/witness";

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

type Reviewed = Pick<ResourceValidationArgs, "type" | "urn" | "props"> & { readonly name?: string };

/** What a plan says of one object, and whose plan it is. */
export interface OwnedWitness {
  readonly witness: Witness;
  readonly owner: Owner;
}

const objectKey = (type: string, name: string): string => `${type}::${name}`;

export class Review {
  private waivers: readonly Waiver[] = [];
  /** Summaries by URN. The engine shows a stack policy only the outputs of a component, so its inputs are kept here. */
  private readonly components = new Map<string, { readonly type: string; readonly summary: unknown }>();
  private readonly witnesses = new Map<string, OwnedWitness[]>();
  private readonly seen = new Set<string>();
  readonly waived: WaivedFinding[] = [];
  /** What could not be judged, because a value is only known after the deployment. */
  readonly notProvable: { readonly policy: string; readonly urn: string; readonly reason: string }[] = [];

  constructor(private readonly today: string = dateOf(new Date())) {}

  /** Learns from a resource before it is judged. */
  observe({ type, urn, props, name = "" }: Reviewed): void {
    this.seen.add(objectKey(type, name));
    if (type === COMPONENT_TYPES.platform) this.waivers = (props as PlatformSummary).waivers;
    else if (type.startsWith("retrofitlink:")) {
      this.components.set(urn, { type, summary: props });
      this.prove("objects-equal-plan", urn, () => this.learnWitnesses(props as unknown as Planned));
    }
  }

  private learnWitnesses(planned: Planned): void {
    // A component of a program without this library's plans says nothing.
    for (const witness of planned.witnesses ?? []) {
      const key = objectKey(witness.type, witness.name);
      const owner = { workload: planned.workload, configKey: planned.configKey };
      this.witnesses.set(key, [...(this.witnesses.get(key) ?? []), { witness, owner }]);
    }
  }

  /** What plans say of an object. */
  witnessesOf(type: string, name: string): readonly OwnedWitness[] {
    return this.witnesses.get(objectKey(type, name)) ?? [];
  }

  /** One witness of each object that plans speak of and that was not registered. */
  unseenWitnesses(): OwnedWitness[] {
    return [...this.witnesses].flatMap(([key, all]) => (this.seen.has(key) ? [] : all.slice(0, 1)));
  }

  /** Summaries of all components of a type, with their URNs, in the order of registration. */
  summaries<Summary>(type: string): { readonly urn: string; readonly summary: Summary }[] {
    return [...this.components]
      .filter(([, component]) => component.type === type)
      .map(([urn, { summary }]) => ({ urn, summary: summary as Summary }));
  }

  /** Whose child a resource is, for messages that name the stack file's key. */
  ownerOf(parentUrn: string | undefined, fallback: string): Owner {
    const owner = this.components.get(parentUrn ?? "")?.summary as Owner | undefined;
    return owner ?? { workload: fallback, configKey: "the program" };
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
      if (!(error instanceof UnknownValueError)) throw error;
      // Of one object one value is enough to say.
      if (this.notProvable.some((one) => one.policy === policy && one.urn === urn)) return;
      this.notProvable.push({ policy, urn, reason: (error as Error).message });
    }
  }
}

/** The review of the stack that this process was started for: the engine starts the pack anew for every run. */
export const currentReview = new Review();
