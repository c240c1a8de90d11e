/**
 * What a component tells policies and reports about itself: the inputs of the ComponentResource as the engine sees
 * them. Plain numbers, so that a proof at preview never meets an unknown.
 */
import type { Numbers } from "./derived";
import type { Plan } from "./plan";
import type { Proof } from "./proof";
import type { Waiver } from "./waivers";
import type { Witness } from "./witness";

/** What every component tells. */
export interface Summary {
  /** Path in the stack file that the numbers come from: `retrofitlink:services.backend`. */
  readonly configKey: string;
  /** Name of the workload object, as operators type it. */
  readonly workload: string;
  /** Where its objects are, when the program says so in plain text. */
  readonly namespace?: string;
}

/** What a component with a plan tells besides. Policies and pages read this, whatever the component is. */
export interface Planned extends Summary {
  readonly numbers: Numbers;
  /** Fields of `numbers` in the order in which one follows from the other: the engine sorts the keys of a map. */
  readonly order: readonly string[];
  readonly proofs: readonly Proof[];
  /** What its objects have to hold, so that the proofs are about what runs. */
  readonly witnesses: readonly Witness[];
}

/** The part of a summary that is the plan. */
export function plannedPart<Of extends Numbers>(
  { numbers, proofs }: Plan<Of>,
  witnesses: readonly Witness[],
): Pick<Planned, "order" | "proofs" | "witnesses"> & { readonly numbers: Of } {
  return { numbers, order: Object.keys(numbers), proofs, witnesses };
}

/** Summary of `retrofitlink:stacks:Platform`, the parent of everything in a stack. */
export interface PlatformSummary {
  readonly environment: string;
  readonly zones: number;
  /** Workload of the service behind the load balancer, empty when there is none. */
  readonly exposedService: string;
  readonly waivers: readonly Waiver[];
}
