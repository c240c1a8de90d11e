/** Takes binary noise off a number, so that 7.000000000000001 pods are 7. */
export function withoutNoise(value: number): number {
  return Number(value.toPrecision(12));
}

/** Rounds up to a whole number, but not because of binary noise: 7.000000000000001 connections are 7 and not 8. */
export function wholeUp(value: number): number {
  return Math.ceil(withoutNoise(value));
}
