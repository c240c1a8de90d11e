/** Operators of two sides: scalars, a vector and a scalar, two vectors that are matched by their labels. */
import type { Binary, Matching } from "./expression";
import { grouped, kept, nameless } from "./label-sets";
import { ARITHMETIC, COMPARISONS, SET_OPERATORS } from "./operators";
import { keyOf, type Labels, type Sample } from "./series";

type Scalar = (at: number) => number;
type Vector = (at: number) => Sample[];

/** Either of the two. */
export type Operand =
  | { readonly scalar: Scalar; readonly vector?: undefined }
  | { readonly vector: Vector; readonly scalar?: undefined };

/** A result of two values; undefined where a comparison filters it away. */
type Operator = (left: number, right: number) => number | undefined;

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
    return { vector: setOperation(op, matching, left.vector, right.vector) };
  }
  const compare = COMPARISONS[op];
  const calculate = ARITHMETIC[op];
  const answer = (a: number, b: number): number => calculate?.(a, b) ?? (compare?.(a, b) === true ? 1 : 0);
  if (left.scalar !== undefined && right.scalar !== undefined) {
    if (compare !== undefined && !bool) return fail(`a comparison of scalars without bool (${op})`);
    const [first, second] = [left.scalar, right.scalar];
    return { scalar: (at) => answer(first(at), second(at)) };
  }
  const isFilter = compare !== undefined && !bool;
  const labelsOf = isFilter ? (labels: Labels): Labels => labels : nameless;
  if (left.vector !== undefined && right.vector !== undefined) {
    const operate: Operator = isFilter ? (a, b) => (compare(a, b) ? a : undefined) : answer;
    return { vector: matched(matching, operate, isFilter, left.vector, right.vector, fail) };
  }
  // A filter leaves the value of the vector, on whichever side it is.
  if (left.vector !== undefined && right.scalar !== undefined) {
    const operate: Operator = isFilter ? (a, b) => (compare(a, b) ? a : undefined) : answer;
    return { vector: each(left.vector, right.scalar, operate, labelsOf) };
  }
  if (left.scalar !== undefined && right.vector !== undefined) {
    const operate: Operator = isFilter ? (a, b) => (compare(b, a) ? a : undefined) : (a, b) => answer(b, a);
    return { vector: each(right.vector, left.scalar, operate, labelsOf) };
  }
  return fail(`the operator ${op}`);
}

function each(
  vector: Vector,
  scalar: Scalar,
  operate: Operator,
  labelsOf: (labels: Labels) => Labels,
): Vector {
  return (at) => {
    const other = scalar(at);
    const samples: Sample[] = [];
    for (const { labels, value } of vector(at)) {
      const result = operate(value, other);
      if (result !== undefined) samples.push({ labels: labelsOf(labels), value: result });
    }
    return samples;
  };
}

function setOperation(op: string, matching: Matching, left: Vector, right: Vector): Vector {
  const groupOf = grouped(matching);
  return (at) => {
    const [ours, theirs] = [left(at), right(at)];
    if (op === "or") {
      const there = new Set(ours.map(({ labels }) => groupOf(labels)));
      return [...ours, ...theirs.filter(({ labels }) => !there.has(groupOf(labels)))];
    }
    const there = new Set(theirs.map(({ labels }) => groupOf(labels)));
    return ours.filter(({ labels }) => there.has(groupOf(labels)) === (op === "and"));
  };
}

function matched(
  matching: Matching,
  operate: Operator,
  isFilter: boolean,
  left: Vector,
  right: Vector,
  fail: (what: string) => never,
): Vector {
  const groupOf = grouped(matching);
  const resultLabels = resultLabelsOf(matching, isFilter);
  const isSwapped = matching.many === "right";
  const ambiguous = (): never => fail("several series that match one, without group_left or group_right,");
  return (at) => {
    // The side of which one belongs to each group, and the other.
    const [ones, others] = isSwapped ? [left(at), right(at)] : [right(at), left(at)];
    const byGroup = new Map<Labels, Sample>();
    for (const sample of ones) {
      const group = groupOf(sample.labels);
      if (byGroup.has(group)) ambiguous();
      byGroup.set(group, sample);
    }
    const used = new Set<Labels>();
    const samples: Sample[] = [];
    for (const other of others) {
      const group = groupOf(other.labels);
      const one = byGroup.get(group);
      if (one === undefined) continue;
      const value = isSwapped ? operate(one.value, other.value) : operate(other.value, one.value);
      if (value === undefined) continue;
      if (matching.many === undefined) {
        if (used.has(group)) ambiguous();
        used.add(group);
      }
      samples.push({ labels: resultLabels(other.labels, one.labels), value });
    }
    return samples;
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
