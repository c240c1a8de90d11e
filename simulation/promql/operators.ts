/** Operators of two numbers, and of the members of a group. Source: Prometheus, promql/engine.go, as of 3.5. */
import { least, most, quantile } from "./range-functions";

/** Results in a number, with 1 and 0 for what is true or not. */
export const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "^": (left, right) => left ** right,
  atan2: (left, right) => Math.atan2(left, right),
};

export const COMPARISONS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  ">": (left, right) => left > right,
  "<": (left, right) => left < right,
  ">=": (left, right) => left >= right,
  "<=": (left, right) => left <= right,
};

export const SET_OPERATORS: readonly string[] = ["and", "or", "unless"];

const sum = (values: readonly number[]): number => {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index] as number;
  return total;
};

const variance = (values: readonly number[]): number => {
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / values.length;
};

/** A group into one value, with the number that was given besides. */
export const AGGREGATIONS: Readonly<Record<string, (values: number[], parameter: number) => number>> = {
  sum,
  avg: (values) => sum(values) / values.length,
  max: (values) => most(values, 0, values.length),
  min: (values) => least(values, 0, values.length),
  count: (values) => values.length,
  group: () => 1,
  stdvar: variance,
  stddev: (values) => Math.sqrt(variance(values)),
  quantile: (values, share) => quantile(share, values),
};
