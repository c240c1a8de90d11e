/**
 * Functions of one value, and of a moment.
 *
 * Source: Prometheus, promql/functions.go, as of 3.5.
 */

/** With the numbers that the function was given besides. */
type NumberFunction = (value: number, parameters: readonly number[]) => number;

/** A lower bound above the upper one leaves nothing, which is decided where it is called. */
const clamp: NumberFunction = (value, [low = NaN, high = NaN]) => Math.max(low, Math.min(high, value));

/** Each value for itself, by name, with how many numbers come after it; of those at the end a few may be left out. */
export const NUMBER_FUNCTIONS: Readonly<
  Record<string, { readonly of: NumberFunction; readonly numbers: number; readonly optional?: true }>
> = {
  abs: { of: Math.abs, numbers: 0 },
  ceil: { of: Math.ceil, numbers: 0 },
  floor: { of: Math.floor, numbers: 0 },
  exp: { of: Math.exp, numbers: 0 },
  ln: { of: Math.log, numbers: 0 },
  log2: { of: Math.log2, numbers: 0 },
  log10: { of: Math.log10, numbers: 0 },
  sqrt: { of: Math.sqrt, numbers: 0 },
  sgn: { of: Math.sign, numbers: 0 },
  clamp: { of: clamp, numbers: 2 },
  clamp_min: { of: (value, [low = NaN]) => Math.max(low, value), numbers: 1 },
  clamp_max: { of: (value, [high = NaN]) => Math.min(high, value), numbers: 1 },
  round: {
    of: (value, [nearest = 1]) => Math.floor(value / nearest + 0.5) * nearest,
    numbers: 1,
    optional: true,
  },
};

/** Parts of a date in UTC, of seconds since 1970. */
export const DATE_FUNCTIONS: Readonly<Record<string, (seconds: number) => number>> = {
  minute: part((date) => date.getUTCMinutes()),
  hour: part((date) => date.getUTCHours()),
  day_of_week: part((date) => date.getUTCDay()),
  day_of_month: part((date) => date.getUTCDate()),
  day_of_year: part(
    (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
  ),
  days_in_month: part((date) =>
    new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  ),
  month: part((date) => date.getUTCMonth() + 1),
  year: part((date) => date.getUTCFullYear()),
};

function part(of: (date: Date) => number): (seconds: number) => number {
  return (seconds) => of(new Date(Math.trunc(seconds) * 1000));
}
