/** One derived number, shown with the formula that it comes from. */
export interface Derivation {
  /** What a person calls it. */
  readonly name: string;
  /** What the plan has, with its unit. */
  readonly value: string;
  /** The formula with its numbers filled in, closed by its result. Computed by budget/ from the summary, never typed. */
  readonly formula: string;
  /** Keys that decide it, below the component's own key of the stack file: `demand.peakRps`. */
  readonly from: readonly string[];
  /** False when the plan has another number than the formula gives, or when an inequality is broken. */
  readonly holds: boolean;
}

/** Two numbers that were computed on the same way are equal but for binary noise. */
export function same(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}
