/** How many requests arrive, and when. Requests/s, seconds. */
import type { Random } from "./random";

/** A rate at a moment: linear between points, constant before the first and after the last. */
export interface Load {
  readonly points: readonly { readonly at: number; readonly rate: number }[];
}

export function steady(rate: number): Load {
  return { points: [{ at: 0, rate }] };
}

/** From one rate to another between two moments. */
export function ramp(from: number, to: number, start: number, end: number): Load {
  return {
    points: [
      { at: start, rate: from },
      { at: end, rate: to },
    ],
  };
}

export function rateAt({ points }: Load, at: number): number {
  const [first] = points;
  if (first === undefined) return 0;
  let before = first;
  for (const point of points) {
    if (point.at > at) {
      if (point === first) return first.rate;
      return before.rate + ((point.rate - before.rate) * (at - before.at)) / (point.at - before.at);
    }
    before = point;
  }
  return before.rate;
}

/**
 * Poisson arrivals of a rate that changes: candidates at the highest rate, each kept with the chance rate / highest
 * (Lewis and Shedler's thinning).
 *
 * @returns the moment of the next arrival after a given one; Infinity when none is to come
 */
export function arrivals(load: Load, random: Random): (after: number) => number {
  const highest = Math.max(0, ...load.points.map(({ rate }) => rate));
  if (highest === 0) return () => Infinity;
  if (load.points.length === 1) return (after) => after + random.exponential(1 / highest);
  const last = load.points.at(-1);
  return (after) => {
    let at = after;
    do {
      at += random.exponential(1 / highest);
      if (last !== undefined && last.rate === 0 && at > last.at) return Infinity;
    } while (random.next() * highest >= rateAt(load, at));
    return at;
  };
}
