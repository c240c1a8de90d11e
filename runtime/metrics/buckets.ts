import { type Environment, VariablesError } from "../shared/variables";

/**
 * Bounds of the response time histogram, seconds, where the platform sets none. 0.05, 0.1, 0.2, 0.5 and 1, the steps of
 * the default budget, are among them: a share within the budget is then counted and not interpolated.
 */
export const DEFAULT_BUCKETS_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10,
];

/** Every bound is a time series for each method, route and status. */
const MOST_BUCKETS = 30;

const ALLOWED = `1 to ${MOST_BUCKETS} numbers above 0, each larger than the one before it, separated by commas`;

/**
 * Bounds from a text like `0.05,0.1,0.2`, seconds. An empty text means the default ones.
 *
 * @throws RangeError that says what is allowed, when it is no such text
 */
export function parseBuckets(text: string): readonly number[] {
  if (text === "") return DEFAULT_BUCKETS_SECONDS;
  const bounds = text.split(",").map((part) => (/^\s*[\d.]+(e-?\d+)?\s*$/i.test(part) ? Number(part) : NaN));
  const ascending = bounds.every(
    (bound, index) => bound > (bounds[index - 1] ?? 0) && Number.isFinite(bound),
  );
  if (!ascending || bounds.length > MOST_BUCKETS) throw new RangeError(ALLOWED);
  return bounds;
}

/**
 * Bounds as the platform sets them in `HTTP_DURATION_BUCKETS_SECONDS`.
 *
 * @throws VariablesError when the variable is wrong
 */
export function bucketsFrom(environment: Environment): readonly number[] {
  const name = "HTTP_DURATION_BUCKETS_SECONDS";
  const text = environment[name] ?? "";
  try {
    return parseBuckets(text);
  } catch {
    throw new VariablesError([`${name} is ${JSON.stringify(text)}; allowed is ${ALLOWED}`]);
  }
}
