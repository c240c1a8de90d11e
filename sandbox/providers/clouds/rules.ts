/** The form in which the tables say what is allowed in the properties of a resource type. */

/** From and to, both included; null where there is no bound. */
export type Bounds = readonly [number | null, number | null];

/** What is allowed in one property. */
export interface Facts {
  readonly enum?: readonly (string | number)[];
  readonly ignoreCase?: true;
  /** A regular expression for the whole value where it is anchored. */
  readonly pattern?: string;
  /** Characters of a text. */
  readonly length?: Bounds;
  /** Size of a number. */
  readonly range?: Bounds;
  /** Entries of a list. */
  readonly items?: Bounds;
  /** A change of it makes another resource. */
  readonly immutable?: true;
}

export type GroupKind = "conflicts" | "exactlyOneOf" | "atLeastOneOf";

export interface ResourceRules {
  readonly source: string;
  /** By path: `rules[].action.type`. */
  readonly paths: Readonly<Record<string, Facts>>;
  readonly groups: readonly (readonly [GroupKind, readonly string[]])[];
}
