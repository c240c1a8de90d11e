/** The preview in a terminal: what happens, what was derived, what was found. */
import { text } from "../../budget/core/derived";
import { number, podRange, rate } from "../../budget/core/format";
import type { StackModel } from "./stack-model";
import { describeChange, verdictOf } from "./verdict";

/** Lines to print under a plan. Policy results are printed by whoever ran the engine. */
export function planLines({ changes, cdns, groups, services }: StackModel): string[] {
  const resources = groups.flatMap((group) => group.resources);
  const width = Math.max(0, ...[...cdns, ...services].map(({ workload }) => workload.length));
  return [
    ...changes.map(([operation, count]) => {
      const kinds = resources.filter((resource) => resource.operation === operation).map(({ kind }) => kind);
      return `  ${number(count)} ${describeChange(operation)}: ${tally(kinds)}`;
    }),
    ...cdns.map(
      ({ workload, numbers: { hitRatio, peakRps, expectedOriginRps } }) =>
        `  ${workload.padEnd(width)}  ${text(hitRatio)} of ${text(peakRps)} from its cache, ${text(expectedOriginRps)} to the service`,
    ),
    ...services.map(
      ({ workload, replicas, demand, numbers }) =>
        `  ${workload.padEnd(width)}  ${podRange(replicas.min, replicas.max)} at ${text(numbers.target)} CPU, ` +
        `for ${rate(demand.baseRps)} to ${rate(demand.peakRps)}`,
    ),
  ];
}

/** `The promise can be kept. Every mandatory policy holds for this plan.` */
export function verdictLine(model: StackModel): string {
  const { sentence, detail } = verdictOf(model);
  return `${sentence} ${detail}`;
}

/** Kinds that a line names: about two lines of a terminal. The page has all. */
const NAMED_KINDS = 8;

/** `3 Deployment, 2 ConfigMap and 4 of other kinds`, the most frequent first */
function tally(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([kindA, a], [kindB, b]) => b - a || kindA.localeCompare(kindB));
  const named = sorted.slice(0, NAMED_KINDS);
  const others = kinds.length - named.reduce((sum, [, count]) => sum + count, 0);
  const shown = named.map(([kind, count]) => `${number(count)} ${kind}`).join(", ");
  return others === 0 ? shown : `${shown} and ${number(others)} of other kinds`;
}
