/** Whether a branch breaks more promises than another: what one run wrote beside what this one found. */
import type { Comparison } from "./compare";
import type { Violations } from "./recorder";

const PROMISES = ["p95", "p99", "errors", "queues"] as const;

/**
 * Traces and services that both have. More minutes broken of any promise is worse; a lower cost is no excuse.
 *
 * @param before of the other branch
 */
export function worse(
  before: readonly Comparison[],
  now: readonly Comparison[],
): { readonly isWorse: boolean; readonly lines: readonly string[] } {
  let isWorse = false;
  const lines: string[] = [];
  for (const one of now) {
    const other = before.find(
      ({ trace, service }) => trace.name === one.trace.name && service === one.service,
    );
    const [ours, theirs] = [one.methods[0], other?.methods[0]];
    if (ours === undefined || theirs === undefined) {
      lines.push(`${one.trace.name} at ${one.service}: not in the other file`);
      continue;
    }
    const cost = theirs.cost === 0 ? 0 : 100 * (ours.cost / theirs.cost - 1);
    const changes = PROMISES.map((promise) => {
      // A file of earlier says nothing of queues.
      const { [promise]: was = 0 }: Partial<Violations> = theirs.sums.violations;
      const is = ours.sums.violations[promise];
      if (is > was) isWorse = true;
      return `${promise} ${was} -> ${is}`;
    });
    lines.push(
      `${one.trace.name} at ${one.service}: minutes broken: ${changes.join(", ")}; cost ${cost >= 0 ? "+" : ""}${cost.toFixed(1)} %`,
    );
  }
  lines.push(
    isWorse ? "a promise is broken more often than before" : "no promise is broken more often than before",
  );
  return { isWorse, lines };
}
