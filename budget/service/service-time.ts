/**
 * How long a request is worked on, as a distribution that three measured numbers decide: mean, p95 and p99. Seconds.
 *
 * The share that takes longer than t is a line on a logarithmic scale between the points that are known: (p95, 5 %),
 * (p99, 1 %), and on with the same slope. Below p95 one number is left, and the mean decides it: the time that every
 * request takes at least, or, when even none would make the mean too large, the share that takes next to no time. With the
 * percentiles of exponential times, 3.0 and 4.6 times the mean, this is the exponential distribution.
 */
import type { ServiceProfile } from "./demand";

/** In [from, to): share * e^(-rate * (t - from)) of the requests take longer than t. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly share: number;
  /** 1/s */
  readonly rate: number;
}

export interface ServiceTime {
  readonly mean: number;
  readonly p95: number;
  readonly p99: number;
  /** Variance / mean^2. */
  readonly cv2: number;
  readonly pieces: readonly Piece[];
  /** Nothing was measured but the mean. */
  readonly isAssumed: boolean;
}

type Measured = Pick<
  ServiceProfile,
  "serviceTimeSeconds" | "serviceTimeP95Seconds" | "serviceTimeP99Seconds"
>;

const LN5 = Math.log(5);
const LN20 = Math.log(20);

/** Percentiles closer together than this share of p95 count as so far apart: a step has no slope. */
const STEP = 1e-6;

export function serviceTime(profile: Measured): ServiceTime {
  const { serviceTimeSeconds: mean, serviceTimeP95Seconds, serviceTimeP99Seconds } = profile;
  const p95 = serviceTimeP95Seconds ?? mean * LN20;
  const p99 = serviceTimeP99Seconds ?? mean * (LN20 + LN5);
  const slope = LN5 / Math.max(p99 - p95, STEP * p95);
  const { least, share } = body(mean - 0.05 / slope, p95);
  const pieces = [
    { from: 0, to: least, share: 1, rate: 0 },
    { from: least, to: p95, share, rate: Math.log(share / 0.05) / Math.max(p95 - least, STEP * p95) },
    { from: p95, to: Infinity, share: 0.05, rate: slope },
  ].filter(({ from, to }) => from < to);
  const square = pieces.reduce((sum, piece) => sum + secondMoment(piece), 0);
  const isAssumed = serviceTimeP95Seconds === undefined || serviceTimeP99Seconds === undefined;
  return { mean, p95, p99, cv2: Math.max(0, square / mean ** 2 - 1), pieces, isAssumed };
}

/**
 * What is left of the mean below p95, as the least time or as a share.
 *
 * @param left mean without what lies beyond p95, seconds: the area below the curve up to p95
 */
function body(left: number, p95: number): { least: number; share: number } {
  const part = 0.95 / LN20;
  const least = (left - part * p95) / (1 - part);
  if (least >= 0) return { least: Math.min(least, p95), share: 1 };
  let [low, high] = [0.05, 1];
  for (let halving = 0; halving < 40; halving++) {
    const share = (low + high) / 2;
    if ((p95 * (share - 0.05)) / Math.log(share / 0.05) > left) high = share;
    else low = share;
  }
  return { least: 0, share: high };
}

/** Area below 2t * P(S > t). */
function secondMoment({ from, to, share, rate }: Piece): number {
  if (rate === 0) return share * (to ** 2 - from ** 2);
  const at = (t: number): number =>
    t === Infinity ? 0 : Math.exp(-rate * (t - from)) * (t / rate + 1 / rate ** 2);
  return 2 * share * (at(from) - at(to));
}

/** P(S > t), 0..1. */
export function longerThan({ pieces }: ServiceTime, t: number): number {
  const piece = pieces.find(({ from, to }) => from <= t && t < to);
  return piece === undefined ? 1 : piece.share * Math.exp(-piece.rate * (t - piece.from));
}
