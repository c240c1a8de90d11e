/** Percentiles of service times, so that a spread can be fitted to what was measured. In units of the mean. */
import type { Spread } from "./service-times";

/** P(S > t) for a mean of 1; what has no simple form is not there. */
function longerThan(spread: Spread, t: number): number {
  switch (spread.kind) {
    case "constant":
      return t < 1 ? 1 : 0;
    case "exponential":
      return Math.exp(-t);
    case "lognormal": {
      const variance = Math.log(1 + spread.cv ** 2);
      return normalTail((Math.log(t) + variance / 2) / Math.sqrt(variance));
    }
    case "erlang": {
      const x = spread.stages * t;
      let term = 1;
      let sum = 1;
      for (let stage = 1; stage < spread.stages; stage++) sum += term *= x / stage;
      return Math.exp(-x) * sum;
    }
    case "mix":
    case "two-values": {
      const { slowShare, slow } = spread;
      const fast = (1 - slowShare * slow) / (1 - slowShare);
      if (spread.kind === "two-values") return (t < fast ? 1 - slowShare : 0) + (t < slow ? slowShare : 0);
      return (1 - slowShare) * Math.exp(-t / fast) + slowShare * Math.exp(-t / slow);
    }
  }
}

/** P(Z > z) of a normal variable (Abramowitz and Stegun 7.1.26; error below 1e-6). */
function normalTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const powers = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const erfc = powers.reduce((sum, a, power) => sum + a * t ** (power + 1), 0) * Math.exp(-x * x);
  return z >= 0 ? erfc / 2 : 1 - erfc / 2;
}

/** What was measured of service times, in units of the mean. */
export interface Measured {
  readonly p95: number;
  readonly p99: number;
}

/** Whether service times of that spread have percentiles no larger than measured. */
export function fits(spread: Spread, { p95, p99 }: Measured): boolean {
  return longerThan(spread, p95) <= 0.05 + 1e-9 && longerThan(spread, p99) <= 0.01 + 1e-9;
}

/** The largest value of `low..high` for which the spread fits, where a larger one spreads more. */
function widest(of: (value: number) => Spread, low: number, high: number, measured: Measured): Spread[] {
  if (!fits(of(low), measured)) return [];
  let [from, to] = [low, high];
  for (let halving = 0; halving < 40; halving++) {
    const middle = (from + to) / 2;
    if (fits(of(middle), measured)) from = middle;
    else to = middle;
  }
  return [of(from)];
}

/** A few requests as slow as the 99th percentile, among equal ones. */
function slowOnes({ p99 }: Measured): Spread {
  return { kind: "two-values", slowShare: 0.04, slow: p99 * (1 - 1e-9) };
}

/** Spreads without a long tail, the widest first. */
const STEADY: readonly Spread[] = [
  { kind: "exponential" },
  { kind: "erlang", stages: 2 },
  { kind: "erlang", stages: 3 },
  { kind: "erlang", stages: 4 },
  { kind: "erlang", stages: 8 },
  { kind: "erlang", stages: 16 },
  { kind: "constant" },
];

/**
 * Spreads that are as measured, of different kinds, each as wide as the percentiles allow: a long tail, hits and misses of a
 * cache, a few slow ones among many equal ones, and steady work.
 */
export function spreadsAsMeasured(measured: Measured): Spread[] {
  const spreads = [
    ...widest((cv) => ({ kind: "lognormal", cv }), 0.02, 1.9, measured),
    ...widest((slow) => ({ kind: "mix", slowShare: 0.1, slow }), 1, 9, measured),
    ...[slowOnes(measured), ...STEADY].filter((spread) => fits(spread, measured)).slice(0, 3),
  ];
  return spreads.slice(0, 4);
}
