/** A PromQL expression as a tree, and what can be wrong with one. */

/** A mistake in an expression, or a part of the language that is not evaluated here. The message names it. */
export class PromqlError extends Error {
  constructor(message: string, expression: string) {
    super(`${message} in the PromQL expression ${expression}`);
    this.name = "PromqlError";
  }
}

export interface Matcher {
  readonly label: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export interface Selector {
  readonly kind: "selector";
  /** Of the metric; undefined when only matchers name it. */
  readonly name: string | undefined;
  readonly matchers: readonly Matcher[];
  /** How long ago, milliseconds; negative looks ahead. */
  readonly offset: number;
}

/** Which labels two sides, or members of a group, have to share. */
export interface Grouping {
  /** Only these, or all but these. */
  readonly only: boolean;
  readonly labels: readonly string[];
}

export interface Matching extends Grouping {
  /** Side of which several may match one of the other. */
  readonly many?: "left" | "right";
  /** Labels that the one side gives. */
  readonly include: readonly string[];
}

export interface Binary {
  readonly kind: "binary";
  readonly op: string;
  readonly bool: boolean;
  readonly matching: Matching;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Aggregation {
  readonly kind: "aggregation";
  readonly op: string;
  readonly grouping: Grouping;
  readonly parameter: Expression | undefined;
  readonly of: Expression;
}

/** Samples over a time: of a selector, or of an expression evaluated again and again. Milliseconds. */
export type Range =
  | { readonly kind: "range"; readonly selector: Selector; readonly milliseconds: number }
  | {
      readonly kind: "subquery";
      readonly of: Expression;
      readonly milliseconds: number;
      /** @default the interval of the rules */
      readonly step: number | undefined;
      readonly offset: number;
    };

export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly parameters: readonly Expression[];
}

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | Selector
  | Range
  | Call
  | Aggregation
  | Binary
  | { readonly kind: "minus"; readonly of: Expression };
