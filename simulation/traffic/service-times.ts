/** How long a pod works on one request when nothing is in front of it. Seconds. */
import type { Random } from "./random";

/** How service times spread around their mean. */
export type Spread =
  | { readonly kind: "constant" }
  | { readonly kind: "exponential" }
  /** `cv` is standard deviation / mean, > 0. */
  | { readonly kind: "lognormal"; readonly cv: number }
  /** A sum of `stages` exponential times, whole number >= 1: cv = 1 / sqrt(stages). */
  | { readonly kind: "erlang"; readonly stages: number }
  /**
   * Hits and misses of a cache: `slowShare` of the requests, 0..1, take `slow` times the mean, each kind exponentially; the
   * others take what keeps the mean. slowShare * slow < 1.
   */
  | { readonly kind: "mix"; readonly slowShare: number; readonly slow: number }
  /** The same with each kind constant: 90 % at 0.5 and 10 % at 5.5 times the mean, say. */
  | { readonly kind: "two-values"; readonly slowShare: number; readonly slow: number };

/** @returns a sample, seconds */
export type ServiceTimes = (random: Random) => number;

/** @param mean seconds, > 0 */
export function serviceTimes(mean: number, spread: Spread): ServiceTimes {
  switch (spread.kind) {
    case "constant":
      return () => mean;
    case "exponential":
      return (random) => random.exponential(mean);
    case "lognormal": {
      const variance = Math.log(1 + spread.cv * spread.cv);
      const middle = Math.log(mean) - variance / 2;
      const sigma = Math.sqrt(variance);
      return (random) => Math.exp(middle + sigma * random.normal());
    }
    case "erlang": {
      const { stages } = spread;
      return (random) => {
        let sum = 0;
        for (let stage = 0; stage < stages; stage++) sum += random.exponential(mean / stages);
        return sum;
      };
    }
    case "mix": {
      const { slowShare, fast, slow } = two(mean, spread);
      return (random) => random.exponential(random.next() < slowShare ? slow : fast);
    }
    case "two-values": {
      const { slowShare, fast, slow } = two(mean, spread);
      return (random) => (random.next() < slowShare ? slow : fast);
    }
  }
}

function two(
  mean: number,
  { slowShare, slow }: { readonly slowShare: number; readonly slow: number },
): { slowShare: number; fast: number; slow: number } {
  return { slowShare, fast: (mean * (1 - slowShare * slow)) / (1 - slowShare), slow: mean * slow };
}
