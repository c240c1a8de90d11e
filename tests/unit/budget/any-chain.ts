import fc from "fast-check";
import {
  longestRequestSeconds,
  type ChainCdn,
  type ChainCloud,
  type TimeoutChain,
  type TimeoutChainInputs,
} from "../../../budget/timeouts/timeouts";

const anyCloud = fc.constantFrom<ChainCloud>("aws", "gcp", "local");
/** Every chain, with a request that it bears. */
export const anyChain: fc.Arbitrary<TimeoutChainInputs> = fc
  .record({
    cloud: anyCloud,
    cdn: fc.constantFrom<ChainCdn>("cloudfront", "cloudflare", "none"),
    nodeGraceSeconds: fc.integer({ min: 120, max: 3600 }),
  })
  .chain((chain) =>
    fc
      .double({ min: 0.01, max: longestRequestSeconds(chain), noNaN: true })
      .map((maxRequestSeconds) => ({ ...chain, maxRequestSeconds })),
  );

/** Steps of a timeout chain by group, as `chain.request.proxy`. */
export type Steps = Record<string, Record<string, number>>;

/** The timeout chain with another value at a path like `request.proxy`. */
export function changed(chain: TimeoutChain, path: string, value: number): TimeoutChain {
  const copy = structuredClone(chain) as unknown as Steps;
  const [group = "", step = ""] = path.split(".");
  copy[group] = { ...copy[group], [step]: value };
  return copy as unknown as TimeoutChain;
}
