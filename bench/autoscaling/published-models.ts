/** Two published forecasts, as far as they matter here. */

const DAY = 1440;

/**
 * Crane's DSP (gocrane/crane, pkg/prediction/dsp): the last period again, enlarged by the margin that would have been best for
 * it, and of that the largest over the window to come. The margin, 1 to 20 %, is chosen every hour by the error of the day
 * before, in which too little counts as -ln(1 - x) / ln 1.25. Simplified: the period is a day, and nothing is filtered.
 */
export function craneForecast(load: Float64Array, window: number): Float64Array {
  const result = new Float64Array(load.length).fill(NaN);
  let margin = 0;
  for (let i = 2 * DAY; i < load.length; i++) {
    if (i % 60 === 0) margin = bestMargin(load, i);
    let largest = 0;
    for (let ahead = 1; ahead <= window; ahead++)
      largest = Math.max(largest, load[i - DAY + ahead] as number);
    result[i] = largest * (1 + margin);
  }
  return result;
}

const MARGINS = [0.01, 0.05, 0.1, 0.15, 0.2];

function bestMargin(load: Float64Array, end: number): number {
  let best = 0;
  let least = Infinity;
  for (const margin of MARGINS) {
    let error = 0;
    // Every third minute: the mean hardly moves.
    for (let i = end - DAY; i < end; i += 3) {
      const actual = load[i] as number;
      if (actual <= 0) continue;
      const relative = ((load[i - DAY] as number) * (1 + margin)) / actual - 1;
      error += relative >= 0 ? relative : -Math.log(Math.max(1 + relative, 0.01)) / Math.log(1.25);
    }
    if (error < least) [least, best] = [error, margin];
  }
  return best;
}

/** Weights of level and season; fixed before any trace was looked at. No trend: over minutes it only swings. */
const LEVEL_WEIGHT = 0.2;
const SEASON_WEIGHT = 0.3;

/** Holt-Winters with an additive season of a day (as jthomperoo/predictive-horizontal-pod-autoscaler), the largest of the window to come. */
export function holtWintersForecast(load: Float64Array, window: number): Float64Array {
  const result = new Float64Array(load.length).fill(NaN);
  const season = new Float64Array(DAY);
  let level = 0;
  for (let i = 0; i < Math.min(DAY, load.length); i++) level += (load[i] as number) / DAY;
  for (let i = 0; i < Math.min(DAY, load.length); i++) season[i] = (load[i] as number) - level;
  for (let i = DAY; i < load.length; i++) {
    const value = load[i] as number;
    const slot = i % DAY;
    const before = season[slot] as number;
    level += LEVEL_WEIGHT * (value - before - level);
    season[slot] = before + SEASON_WEIGHT * (value - level - before);
    let largest = -Infinity;
    for (let ahead = 1; ahead <= window; ahead++) {
      largest = Math.max(largest, season[(i + ahead) % DAY] as number);
    }
    result[i] = level + largest;
  }
  return result;
}
