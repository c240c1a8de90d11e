/** Numbers of the plan that travel with how they came about. */
import { show, type Unit } from "./format";

/** A number of the plan, with its formula. What a page prints of it is what the plan computed. */
export interface Derived<Value extends number | string = number> {
  /** What a person calls it: `minReplicas`. Unique among the numbers of a plan. */
  readonly name: string;
  readonly value: Value;
  readonly unit: Unit;
  /** The formula with its numbers put in. */
  readonly formula: string;
  /** Keys that decide it, below the plan's own key of the stack file; from the root with `retrofitlink:`. */
  readonly from: readonly string[];
}

/** Numbers of a plan by the field that code reads them by, in the order in which one follows from the other. */
export type Numbers = Readonly<Record<string, Derived<number | string>>>;

/** @param from keys that decide it. @default none: it is a constant of the platform */
export function derived<Value extends number | string>(
  name: string,
  value: Value,
  unit: Unit,
  formula: string,
  from: readonly string[] = [],
): Derived<Value> {
  return { name, value, unit, formula, from };
}

/** The value as a person reads it: `14 pods`, `62.7 %`. */
export function text({ value, unit }: Derived<number | string>): string {
  return typeof value === "string" ? value : show(value, unit);
}

/** The values of numbers, under the same fields. */
export type Values<Of extends Numbers> = { readonly [Name in keyof Of]: Of[Name]["value"] };

export function valuesOf<Of extends Numbers>(numbers: Of): Values<Of> {
  return Object.fromEntries(
    Object.entries(numbers).map(([field, { value }]) => [field, value]),
  ) as Values<Of>;
}
