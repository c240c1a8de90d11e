/**
 * What an expression comes to at a moment: values of label sets. A rule is evaluated thousands of times and its label sets
 * hardly ever change, so a vector is filled again and again, and what follows from label sets is found out once for each.
 */
import type { Labels } from "./label-sets";
import type { Sample } from "./series";

export class Vector {
  /** The same array as long as the label sets are the same. */
  labels: readonly Labels[] = [];
  /** The first `length` of them count. */
  values = new Float64Array(4);
  length = 0;
  /** The label sets so far, once they are others than before. */
  private others: Labels[] | undefined;

  /** Begins anew; {@link close} ends it. */
  open(): void {
    this.length = 0;
    this.others = undefined;
  }

  push(labels: Labels, value: number): void {
    const index = this.length++;
    if (this.others === undefined && this.labels[index] !== labels) this.others = this.labels.slice(0, index);
    this.others?.push(labels);
    if (index === this.values.length) this.grow(2 * index);
    this.values[index] = value;
  }

  close(): this {
    if (this.others !== undefined) this.labels = this.others;
    else if (this.labels.length !== this.length) this.labels = this.labels.slice(0, this.length);
    return this;
  }

  /** Takes label sets as they are. @returns where their values belong */
  of(labels: readonly Labels[]): Float64Array {
    this.labels = labels;
    this.length = labels.length;
    if (this.values.length < labels.length) this.grow(labels.length);
    return this.values;
  }

  samples(): Sample[] {
    return this.labels.map((labels, index) => ({ labels, value: this.values[index] as number }));
  }

  private grow(length: number): void {
    const values = new Float64Array(length);
    values.set(this.values);
    this.values = values;
  }
}

/** A number at a moment, milliseconds since 1970. */
export type ScalarAt = (at: number) => number;

/** A vector at a moment. It is that of the expression, and holds until the expression is evaluated again. */
export type VectorAt = (at: number) => Vector;

/** What follows from label sets, made again when they are others than the last time. */
export function following<T>(make: (labels: readonly Labels[]) => T): (labels: readonly Labels[]) => T {
  let last: { readonly labels: readonly Labels[]; readonly made: T } | undefined;
  return (labels) => {
    if (last?.labels !== labels) last = { labels, made: make(labels) };
    return last.made;
  };
}

/** What follows from the label sets of two vectors. */
export function followingBoth<T>(
  make: (left: readonly Labels[], right: readonly Labels[]) => T,
): (left: readonly Labels[], right: readonly Labels[]) => T {
  let last:
    { readonly left: readonly Labels[]; readonly right: readonly Labels[]; readonly made: T } | undefined;
  return (left, right) => {
    if (last?.left !== left || last.right !== right) last = { left, right, made: make(left, right) };
    return last.made;
  };
}
