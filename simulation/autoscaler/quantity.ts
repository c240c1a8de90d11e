/** Kubernetes's quantities: `500m`, `1.5`, `2Gi`, `1e3`. Source: apimachinery, pkg/api/resource, as of 1.36. */

const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** @returns undefined when it is no quantity */
export function parseQuantity(given: unknown): number | undefined {
  if (typeof given === "number") return Number.isFinite(given) ? given : undefined;
  if (typeof given !== "string") return undefined;
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTP]|[KMGTP]i)?)$/.exec(given);
  const factor = SUFFIXES[found?.[3] ?? ""];
  if (found === null || factor === undefined) return undefined;
  return Number(`${found[1] ?? ""}${found[2] ?? ""}`) * factor;
}

/** Whole thousandths, rounded up, as the controller reads a quantity. */
export function milliValue(quantity: number): number {
  const milli = quantity * 1000;
  // Binary noise is none of the quantity's own digits.
  const nearest = Math.round(milli);
  return Math.abs(milli - nearest) < 1e-6 * Math.max(1, Math.abs(nearest)) ? nearest : Math.ceil(milli);
}
