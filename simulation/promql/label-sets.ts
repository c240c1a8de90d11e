/** Label sets that are made of others: each once, so that they can be compared by identity. */
import type { Grouping } from "./expression";
import { keyOf, type Labels } from "./series";

const NAMELESS = new WeakMap<Labels, Labels>();

/** Without the name of the metric, which what is calculated no longer has. */
export function nameless(labels: Labels): Labels {
  if (!("__name__" in labels)) return labels;
  let found = NAMELESS.get(labels);
  if (found === undefined) {
    found = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== "__name__"));
    NAMELESS.set(labels, found);
  }
  return found;
}

/** The labels that a grouping keeps. The name of the metric is one only when it is asked for. */
export function kept({ only, labels: names }: Grouping, labels: Labels): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) =>
      only ? names.includes(name) : name !== "__name__" && !names.includes(name),
    ),
  );
}

/** To which group labels belong: always the same object for the same group. */
export function grouped(grouping: Grouping): (labels: Labels) => Labels {
  const known = new WeakMap<Labels, Labels>();
  const groups = new Map<string, Labels>();
  return (labels) => {
    let group = known.get(labels);
    if (group === undefined) {
      const own = kept(grouping, labels);
      const key = keyOf(own);
      group = groups.get(key) ?? own;
      groups.set(key, group);
      known.set(labels, group);
    }
    return group;
  };
}
