/** What all values of an expression come to together, whatever their labels are. */
import type { Labels } from "./label-sets";
import { Vector, type ScalarAt, type VectorAt } from "./vector";

export const NO_LABELS: Labels = {};

/** @returns true when that was enough */
export type EachValue = (labels: Labels, value: number) => boolean;

export type Values = (at: number, each: EachValue) => void;

/** What the members of a group come to, with the number that was given besides. */
export type Aggregate = (values: number[], parameter: number) => number;

/** All in one group, whatever their labels are. */
export function total(aggregate: Aggregate, all: Values, share: ScalarAt): VectorAt {
  const [result, own, none] = [new Vector(), [NO_LABELS], []];
  // Functions may sort what they get.
  const members: number[] = [];
  let length = 0;
  const take = (_: Labels, value: number): boolean => {
    members[length++] = value;
    return false;
  };
  return (at) => {
    length = 0;
    all(at, take);
    const given = share(at);
    if (members.length !== length) members.length = length;
    if (length === 0) result.of(none);
    else result.of(own)[0] = aggregate(members, given);
    return result;
  };
}

/** Whether one of the values passes a test. */
export function some(all: Values): (at: number, test: (value: number) => boolean) => boolean {
  let found = false;
  let passes: (value: number) => boolean;
  const look = (_: Labels, value: number): boolean => (found = passes(value));
  return (at, test) => {
    found = false;
    passes = test;
    all(at, look);
    return found;
  };
}
