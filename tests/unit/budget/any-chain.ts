import fc from "fast-check";
import {
  longestRequestSeconds,
  type LadderCdn,
  type LadderCloud,
  type TimeoutLadder,
  type TimeoutLadderInputs,
} from "../../../budget/timeouts/timeouts";

const anyCloud = fc.constantFrom<LadderCloud>("aws", "gcp", "local");
/** Every chain, with a request that it bears. */
export const anyChain: fc.Arbitrary<TimeoutLadderInputs> = fc
  .record({
    cloud: anyCloud,
    cdn: fc.constantFrom<LadderCdn>("cloudfront", "cloudflare", "none"),
    nodeGraceSeconds: fc.integer({ min: 120, max: 3600 }),
  })
  .chain((chain) =>
    fc
      .double({ min: 0.01, max: longestRequestSeconds(chain), noNaN: true })
      .map((maxRequestSeconds) => ({ ...chain, maxRequestSeconds })),
  );

/** Steps of a ladder by group, as `ladder.request.proxy`. */
export type Steps = Record<string, Record<string, number>>;

/** The ladder with another value at a path like `request.proxy`. */
export function changed(ladder: TimeoutLadder, path: string, value: number): TimeoutLadder {
  const copy = structuredClone(ladder) as unknown as Steps;
  const [group = "", step = ""] = path.split(".");
  copy[group] = { ...copy[group], [step]: value };
  return copy as unknown as TimeoutLadder;
}
