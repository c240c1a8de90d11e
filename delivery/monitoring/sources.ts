/** Why a panel has no data in a run without a cluster: who would have told it. */
import type { RecordingRule } from "../../budget/monitoring/recording";

const SOURCES: readonly (readonly [names: RegExp, why: string])[] = [
  [/^container_/, "the kubelets tell it, and this run has no cluster"],
  [/^kube_/, "kube-state-metrics tells it, and this run has no cluster"],
  [/^(cdn|mongodb)_/, "this run has no CDN and no database"],
];

const NAMES = /[a-zA-Z_:][\w:]*/g;

/** @param rules of the stack: what they record is explained by what they read @returns half a sentence for the queries of a panel */
export function reasons(rules: readonly RecordingRule[]): (queries: readonly string[]) => string {
  const read = new Map<string, string[]>();
  for (const { record, expr } of rules) read.set(record, [...(read.get(record) ?? []), expr]);
  return (queries) => {
    const names = new Set<string>();
    const texts = [...queries];
    for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
      for (const [name] of text.matchAll(NAMES)) {
        if (names.has(name)) continue;
        names.add(name);
        texts.push(...(read.get(name) ?? []));
      }
    }
    const found = SOURCES.find(([pattern]) => [...names].some((name) => pattern.test(name)));
    return found?.[1] ?? "nothing of it has happened";
  };
}
