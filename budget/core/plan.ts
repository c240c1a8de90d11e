/** The shape of every plan: numbers with their formulas, and the promises that they keep. */
import { derived, type Derived, type Numbers } from "./derived";
import type { Proof } from "./proof";

/** What one noun of a stack comes to. Every consumer reads it; nobody derives it again. */
export interface Plan<Of extends Numbers = Numbers> {
  readonly numbers: Of;
  readonly proofs: readonly Proof[];
}

/** A number that was given and not derived, which formulas and pages show all the same. @param key it is under */
export function given<Value extends number | string>(
  name: string,
  value: Value,
  unit: Derived["unit"],
  key: string,
): Derived<Value> {
  return derived(name, value, unit, "as given", [key]);
}

/** Proofs that do not hold. */
export function broken({ proofs }: Pick<Plan, "proofs">): Proof[] {
  return proofs.filter(({ holds }) => !holds);
}
