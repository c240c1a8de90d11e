/** Operators of two sides: scalars, a vector and a scalar, two vectors that are matched by their labels. */
import type { Binary, Matching } from "./expression";
import { grouped, keyOf, kept, nameless, type Labels } from "./label-sets";
import { ARITHMETIC, COMPARISONS, SET_OPERATORS } from "./operators";
import { Vector, following, followingBoth, type ScalarAt, type VectorAt } from "./vector";

/** Either of the two. */
export type Operand =
  | { readonly scalar: ScalarAt; readonly vector?: undefined; readonly isTotal?: false }
  | {
      readonly vector: VectorAt;
      readonly scalar?: undefined;
      /** One value without labels, or none. @default false, nothing is known */
      readonly isTotal?: boolean;
      /** Of the most or the least of values: whether one of these passes a test. It does when any does, that it is above or below. */
      readonly some?: { readonly of: "most" | "least"; readonly passes: Passes };
      /** Whether there is a value, where that takes less than the value itself. */
      readonly isThere?: (at: number) => boolean;
    };

type Passes = (at: number, test: (value: number) => boolean) => boolean;

type Operator = (left: number, right: number) => number;
type Comparison = (left: number, right: number) => boolean;

/** @param fail throws, with what is wrong */
export function binary(
  { op, bool, matching }: Binary,
  left: Operand,
  right: Operand,
  fail: (what: string) => never,
): Operand {
  if (SET_OPERATORS.includes(op)) {
    if (left.vector === undefined || right.vector === undefined)
      return fail(`the operator ${op} with a scalar`);
    if (op === "or" && left.isTotal === true && right.isTotal === true) {
      return { vector: otherwise(left.vector, right.vector), isTotal: true };
    }
    if (op === "and" && left.isTotal === true && right.isThere !== undefined) {
      return { vector: onlyWhere(left.vector, right.isThere), isTotal: true };
    }
    return { vector: setOperation(op, matching, left.vector, right.vector) };
  }
  const compare = COMPARISONS[op];
  const calculate = ARITHMETIC[op] ?? ((a: number, b: number): number => (compare?.(a, b) === true ? 1 : 0));
  /** Leaves the value of the vector, on whichever side it is, of two those on the left. */
  const filter = bool ? undefined : compare;
  if (left.scalar !== undefined && right.scalar !== undefined) {
    if (filter !== undefined) return fail(`a comparison of scalars without bool (${op})`);
    const [first, second] = [left.scalar, right.scalar];
    return { scalar: (at) => calculate(first(at), second(at)) };
  }
  if (left.vector !== undefined && right.vector !== undefined) {
    return {
      vector: matched(matching, filter ?? calculate, filter !== undefined, left.vector, right.vector, fail),
    };
  }
  if (left.vector !== undefined && right.scalar !== undefined) {
    const [vector, scalar] = [left.vector, right.scalar];
    return {
      vector: filter ? filtered(vector, scalar, filter) : calculated(vector, scalar, calculate),
      isTotal: left.isTotal === true,
      ...(filter !== undefined && left.some !== undefined && REACHED[left.some.of].includes(op)
        ? { isThere: passing(left.some.passes, scalar, filter) }
        : {}),
    };
  }
  if (left.scalar !== undefined && right.vector !== undefined) {
    const [vector, scalar] = [right.vector, left.scalar];
    return {
      vector: filter
        ? filtered(vector, scalar, (value, other) => filter(other, value))
        : calculated(vector, scalar, (value, other) => calculate(other, value)),
      isTotal: right.isTotal === true,
    };
  }
  return fail(`the operator ${op}`);
}

function calculated(vector: VectorAt, scalar: ScalarAt, calculate: Operator): VectorAt {
  const result = new Vector();
  const names = following((labels) => labels.map(nameless));
  return (at) => {
    const other = scalar(at);
    const { labels, values } = vector(at);
    const results = result.of(names(labels));
    for (let index = 0; index < labels.length; index++) {
      results[index] = calculate(values[index] as number, other);
    }
    return result;
  };
}

function filtered(vector: VectorAt, scalar: ScalarAt, keeps: Comparison): VectorAt {
  const result = new Vector();
  return (at) => {
    const other = scalar(at);
    const { labels, values } = vector(at);
    result.open();
    labels.forEach((own, index) => {
      const value = values[index] as number;
      if (keeps(value, other)) result.push(own, value);
    });
    return result.close();
  };
}

/** What is on the right is asked for only where nothing is on the left: neither has labels by which both could stay. */
function otherwise(left: VectorAt, right: VectorAt): VectorAt {
  return (at) => {
    const found = left(at);
    return found.length > 0 ? found : right(at);
  };
}

/** What is on the left, as long as there is something on the right. */
function onlyWhere(left: VectorAt, isThere: (at: number) => boolean): VectorAt {
  const nothing = new Vector();
  return (at) => {
    const found = left(at);
    return found.length > 0 && isThere(at) ? found : nothing;
  };
}

/** Comparisons that the most, or the least, of values passes exactly when any of them does. */
const REACHED: Readonly<Record<"most" | "least", readonly string[]>> = {
  most: [">", ">="],
  least: ["<", "<="],
};

function passing(some: Passes, scalar: ScalarAt, filter: Comparison): (at: number) => boolean {
  let other = NaN;
  const test = (value: number): boolean => filter(value, other);
  return (at) => {
    other = scalar(at);
    return some(at, test);
  };
}

function setOperation(op: string, matching: Matching, left: VectorAt, right: VectorAt): VectorAt {
  const groupOf = grouped(matching);
  const result = new Vector();
  /** Places on the left and on the right that are left over. */
  const places = followingBoth((ours, theirs) => {
    const there = new Set((op === "or" ? ours : theirs).map(groupOf));
    const all = (labels: readonly Labels[], isThere: boolean): number[] =>
      labels.flatMap((own, index) => (there.has(groupOf(own)) === isThere ? [index] : []));
    const [kept, added] = op === "or" ? [all(ours, true), all(theirs, false)] : [all(ours, op === "and"), []];
    const labels = [...kept.map((index) => ours[index] ?? {}), ...added.map((index) => theirs[index] ?? {})];
    return { kept, added, labels };
  });
  return (at) => {
    const [ours, theirs] = [left(at), right(at)];
    const { kept, added, labels } = places(ours.labels, theirs.labels);
    const results = result.of(labels);
    let next = 0;
    for (const index of kept) results[next++] = ours.values[index] as number;
    for (const index of added) results[next++] = theirs.values[index] as number;
    return result;
  };
}

/** Which members of two vectors belong together. */
interface Pairs {
  /** Places on the left and on the right. */
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly labels: readonly Labels[];
  /** Of which group each pair is. */
  readonly groups: readonly Labels[];
}

/** @param operate what two values come to, or whether the one on the left stays */
function matched(
  matching: Matching,
  operate: Operator | Comparison,
  isFilter: boolean,
  left: VectorAt,
  right: VectorAt,
  fail: (what: string) => never,
): VectorAt {
  const result = new Vector();
  const ambiguous = (): never => fail("several series that match one, without group_left or group_right,");
  const pairs = followingBoth(pairing(matching, isFilter, ambiguous));
  const used = new Set<Labels>();
  return (at) => {
    const [ours, theirs] = [left(at), right(at)];
    const { left: lefts, right: rights, labels, groups } = pairs(ours.labels, theirs.labels);
    const isOneToOne = matching.many === undefined && groups.length > 1;
    if (isOneToOne) used.clear();
    result.open();
    for (let index = 0; index < labels.length; index++) {
      const value = ours.values[lefts[index] ?? 0] as number;
      const operated = operate(value, theirs.values[rights[index] ?? 0] as number);
      if (operated === false) continue;
      // What a filter leaves out is in nobody's way.
      if (isOneToOne) {
        const group = groups[index] ?? {};
        if (used.has(group)) ambiguous();
        used.add(group);
      }
      result.push(labels[index] ?? {}, operated === true ? value : operated);
    }
    return result.close();
  };
}

function pairing(
  matching: Matching,
  isFilter: boolean,
  ambiguous: () => never,
): (left: readonly Labels[], right: readonly Labels[]) => Pairs {
  const groupOf = grouped(matching);
  const resultLabels = resultLabelsOf(matching, isFilter);
  const isSwapped = matching.many === "right";
  return (left, right) => {
    // The side of which one belongs to each group, and the other.
    const [ones, others] = isSwapped ? [left, right] : [right, left];
    const byGroup = new Map(ones.map((labels, place) => [groupOf(labels), { labels, place }]));
    if (byGroup.size < ones.length) ambiguous();
    const found = others.flatMap((labels, place) => {
      const group = groupOf(labels);
      const one = byGroup.get(group);
      return one === undefined
        ? []
        : [{ one: one.place, other: place, group, labels: resultLabels(labels, one.labels) }];
    });
    const [one, other] = [found.map((pair) => pair.one), found.map((pair) => pair.other)];
    return {
      left: isSwapped ? one : other,
      right: isSwapped ? other : one,
      labels: found.map(({ labels }) => labels),
      groups: found.map(({ group }) => group),
    };
  };
}

/** Labels of a result: those that matched, or with many on a side all of that side and what the other one gives. */
function resultLabelsOf(matching: Matching, isFilter: boolean): (of: Labels, one: Labels) => Labels {
  const made = new Map<string, Labels>();
  const known = new WeakMap<Labels, WeakMap<Labels, Labels>>();
  const make = (of: Labels, one: Labels): Labels => {
    const own = isFilter ? of : nameless(of);
    if (matching.many === undefined) {
      const all = matching.only
        ? kept(matching, own)
        : Object.fromEntries(Object.entries(own).filter(([name]) => !matching.labels.includes(name)));
      return all;
    }
    const given = Object.fromEntries(matching.include.map((name) => [name, one[name] ?? ""]));
    return Object.fromEntries(Object.entries({ ...own, ...given }).filter(([, value]) => value !== ""));
  };
  return (of, one) => {
    let ofOne = known.get(of);
    if (ofOne === undefined) known.set(of, (ofOne = new WeakMap()));
    let labels = ofOne.get(one);
    if (labels === undefined) {
      const fresh = make(of, one);
      const key = keyOf(fresh);
      labels = made.get(key) ?? fresh;
      made.set(key, labels);
      ofOne.set(one, labels);
    }
    return labels;
  };
}
