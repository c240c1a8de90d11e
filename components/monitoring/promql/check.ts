/**
 * What Prometheus would have against an expression, said before it is loaded: syntax, types of operands, selectors, regular
 * expressions. It follows promql/parser/parse.go of Prometheus 3 with its usual switches.
 */
import { nearest } from "../../../budget/core/issues";
import { AGGREGATIONS, EXPERIMENTAL, FUNCTIONS, type ValueType } from "./functions";
import { regexFault, stringFault, unquoted } from "./literals";
import { treeOf, type Tree } from "./tree";

/** What is wrong with an expression. */
export interface PromqlFault {
  /** Character at which it is wrong, counted from 1. */
  readonly at: number;
  /** What is allowed there, as a phrase. */
  readonly allowed: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** What an expression comes to, or what is wrong with it. */
export type PromqlVerdict = { readonly type: ValueType } | { readonly fault: PromqlFault };

/** @returns what Prometheus would say of it */
export function checkPromql(text: string): PromqlVerdict {
  const read = treeOf(text);
  if ("wrongAt" in read) return { fault: syntaxFault(text, read.wrongAt) };
  try {
    return { type: new Checker(text).typeOf(read.tree) };
  } catch (error) {
    if (error instanceof Fault) return { fault: error.fault };
    throw error;
  }
}

class Fault extends Error {
  constructor(readonly fault: PromqlFault) {
    super(fault.allowed);
  }
}

/** Of what is equally near, what has the same letters, then what begins alike: `rat` is `rate` before it is `rad`. */
function meant(name: string, known: readonly string[]): string | undefined {
  const sorted = (word: string): string => [...word].sort().join("");
  const same = known.find((one) => sorted(one) === sorted(name));
  const longer = known.find((one) => one.startsWith(name) && one.length <= name.length + 2);
  return same ?? (name.length < 3 ? undefined : longer) ?? nearest(name, known);
}

/** A word before the parenthesis at which the grammar gives up is a function that nobody has. */
function syntaxFault(text: string, at: number): PromqlFault {
  const before = /([A-Za-z_]\w*)\s*$/.exec(text.slice(0, at));
  if (text[at] === "(" && before !== null) {
    const [, name = ""] = before;
    const near = meant(name, [...FUNCTIONS.keys(), ...AGGREGATIONS.keys()]);
    return {
      at: before.index + 1,
      allowed: "a function of PromQL",
      fix: near === undefined ? "See prometheus.io, Querying, Functions." : `Did you mean "${near}"?`,
    };
  }
  const rest = text.slice(at).trimStart();
  return {
    at: at + 1,
    allowed: "PromQL",
    fix:
      rest === ""
        ? "Something is missing at its end: an operand, or what closes a bracket or quotation marks."
        : `Mend it before ${JSON.stringify(rest.slice(0, 12))}: Prometheus does not understand it from there on.`,
  };
}

const COMPARISONS = ["Eql", "Neq", "Gtr", "Lss", "Gte", "Lte"];
const SETS = ["And", "Or", "Unless"];
const ARITHMETIC = ["Add", "Sub", "Mul", "Div", "Mod", "Pow", "Atan2"];
const RANGES = "Write one duration above 0, like 5m.";

class Checker {
  constructor(private readonly text: string) {}

  /** @throws Fault */
  typeOf(tree: Tree): ValueType {
    switch (tree.name) {
      case "NumberDurationLiteral":
        return "scalar";
      case "StringLiteral":
        this.string(tree);
        return "string";
      case "ParenExpr":
        return this.typeOf(this.first(tree));
      case "UnaryExpr":
        return this.arithmetic(tree.parts.at(-1) ?? tree);
      case "VectorSelector":
        this.selector(tree);
        return "instant vector";
      case "MatrixSelector": {
        const [of = tree, length] = tree.parts;
        if (of.name !== "VectorSelector") this.fail(of, "a selector before a range", SUBQUERY);
        this.selector(of);
        this.length(length);
        return "range vector";
      }
      case "SubqueryExpr": {
        const [of = tree, ...lengths] = tree.parts;
        this.expect(of, "instant vector", "before a subquery");
        for (const length of lengths) this.length(length);
        return "range vector";
      }
      case "OffsetExpr":
      case "StepInvariantExpr":
        return this.shifted(tree);
      case "FunctionCall":
        return this.call(tree);
      case "AggregateExpr":
        return this.aggregation(tree);
      case "BinaryExpr":
        return this.binary(tree);
      default:
        return this.experimental(tree, this.textOf(tree));
    }
  }

  private fail(tree: Tree, allowed: string, fix: string): never {
    throw new Fault({ at: tree.from + 1, allowed, fix });
  }

  private experimental(tree: Tree, what: string): never {
    this.fail(
      tree,
      "what every Prometheus 3 understands",
      `Do without ${what}, which needs a switch of the server.`,
    );
  }

  private textOf({ from, to }: Tree): string {
    return this.text.slice(from, to);
  }

  private first(tree: Tree): Tree {
    return tree.parts[0] ?? this.fail(tree, "an expression", "Put one between the parentheses.");
  }

  private expect(tree: Tree, type: ValueType, where: string): void {
    const found = this.typeOf(tree);
    if (found === type) return;
    this.fail(tree, `${TYPED[type]} ${where}, not ${TYPED[found]}`, TYPE_FIXES[type]);
  }

  /** An operand that is computed with. */
  private arithmetic(tree: Tree): ValueType {
    const type = this.typeOf(tree);
    if (type !== "scalar" && type !== "instant vector") {
      this.fail(tree, `a number or an instant vector as an operand, not ${TYPED[type]}`, OPERAND_FIX);
    }
    return type;
  }

  private shifted(tree: Tree): ValueType {
    const of = this.first(tree);
    const isSelector = [
      "VectorSelector",
      "MatrixSelector",
      "SubqueryExpr",
      "OffsetExpr",
      "StepInvariantExpr",
    ];
    if (!isSelector.includes(of.name)) {
      this.fail(
        of,
        "a selector before offset or @",
        "Put it behind each selector, inside of the parentheses.",
      );
    }
    if (of.name === tree.name) this.fail(tree, "offset once and @ once", "Remove the second.");
    const length = tree.parts.at(-1);
    if (length?.name === "OffsetDurationExpr" && !/^-?\s*[\w.]+$/.test(this.textOf(length))) {
      this.experimental(length, "arithmetic of durations");
    }
    return this.typeOf(of);
  }

  /** Of a range or of the step of a subquery. */
  private length(tree: Tree | undefined): void {
    if (tree === undefined) return;
    const text = this.textOf(tree).trim();
    if (!/^[\w.]+$/.test(text)) this.experimental(tree, "arithmetic of durations");
    if (!/[1-9]/.test(text)) this.fail(tree, "a duration above 0", RANGES);
  }

  private call(tree: Tree): ValueType {
    const [identifier = tree, body = tree] = tree.parts;
    const name = this.textOf(identifier);
    if (EXPERIMENTAL.has(name)) return this.experimental(identifier, name);
    const { takes, variadic = 0, gives = "instant vector" } = FUNCTIONS.get(name) ?? { takes: [] };
    const given = body.parts;
    const least = variadic === 0 ? takes.length : takes.length - 1;
    const most = variadic < 0 ? Infinity : variadic === 0 ? least : least + variadic;
    if (given.length < least || given.length > most) {
      const count =
        least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`;
      const kinds = takes.length === 0 ? "nothing" : takes.map((type) => TYPED[type]).join(", ");
      this.fail(identifier, `${name} with ${count} in its parentheses`, `It takes ${kinds}.`);
    }
    for (const [index, one] of given.entries()) {
      const type = takes[Math.min(index, takes.length - 1)];
      if (type !== undefined) this.expect(one, type, `in ${name}`);
    }
    return gives;
  }

  private aggregation(tree: Tree): ValueType {
    const op = tree.parts.find(({ name }) => name === "AggregateOp") ?? tree;
    const given = tree.parts.find(({ name }) => name === "FunctionCallBody")?.parts ?? [];
    const name = this.textOf(op).toLowerCase();
    if (EXPERIMENTAL.has(name)) return this.experimental(op, name);
    const parameter = AGGREGATIONS.get(name);
    const [first, second] = given;
    const count = parameter === undefined ? 1 : 2;
    if (first === undefined || given.length !== count) {
      const kinds =
        parameter === undefined ? TYPED["instant vector"] : `${TYPED[parameter]}, an instant vector`;
      return this.fail(op, `${name} with ${count} in its parentheses`, `It takes ${kinds}.`);
    }
    if (parameter !== undefined) this.expect(first, parameter, `first in ${name}`);
    this.expect(second ?? first, "instant vector", `in ${name}`);
    return "instant vector";
  }

  private binary(tree: Tree): ValueType {
    const { parts } = tree;
    const [left = tree, operator = tree] = parts;
    const right = parts.at(-1) ?? tree;
    const find = (name: string): Tree | undefined => parts.find((one) => one.name === name);
    const types = [this.arithmetic(left), this.arithmetic(right)];
    const isScalar = types.every((type) => type === "scalar");
    const [bool, matching, fill] = [
      find("BoolModifier"),
      find("MatchingModifierClause"),
      find("FillModifier"),
    ];
    const isComparison = COMPARISONS.includes(operator.name);
    const isSet = SETS.includes(operator.name);
    if (fill !== undefined) this.experimental(fill, "fill");
    if (!isComparison && !isSet && !ARITHMETIC.includes(operator.name)) {
      this.experimental(operator, this.textOf(operator));
    }
    if (bool !== undefined && !isComparison) this.fail(bool, "bool behind a comparison only", "Remove it.");
    if (isComparison && bool === undefined && isScalar) {
      this.fail(operator, "bool behind a comparison of two numbers", "Write > bool, or compare a vector.");
    }
    if (isSet && types.includes("scalar")) {
      this.fail(operator, "and, or, unless between instant vectors only", "Put vector( ) around the number.");
    }
    if (matching !== undefined) this.matching(matching, isSet, types.includes("scalar"));
    return isScalar ? "scalar" : "instant vector";
  }

  private matching(clause: Tree, isSet: boolean, hasScalar: boolean): void {
    const [labels, include] = clause.parts.filter(({ name }) => name === "GroupingLabels");
    const names = (of: Tree | undefined): string[] => (of?.parts ?? []).map((label) => this.textOf(label));
    if (hasScalar && names(labels).length > 0) {
      this.fail(clause, "on and ignoring between instant vectors only", "Remove it.");
    }
    const group = clause.parts.find(({ name }) => name === "GroupLeft" || name === "GroupRight");
    if (isSet && group !== undefined) {
      this.fail(group, "no group_left or group_right with and, or, unless", "Remove it.");
    }
    const isOn = clause.parts.some(({ name }) => name === "On");
    const twice = names(include).find((label) => names(labels).includes(label));
    if (isOn && twice !== undefined) {
      this.fail(clause, "a label in one of on and group_left", `Remove ${twice} from one of the two.`);
    }
  }

  private selector(tree: Tree): void {
    const name = tree.parts.find((part) => part.name === "Identifier");
    const matchers = tree.parts.find((part) => part.name === "LabelMatchers")?.parts ?? [];
    let isNamed = name !== undefined;
    let selects = false;
    for (const one of matchers) {
      const [label = one, op, value] = one.parts;
      if (one.name === "QuotedLabelName" || op === undefined || value === undefined) {
        if (isNamed) this.fail(one, "one name of a metric", "Remove one of the two.");
        isNamed = true;
        continue;
      }
      const text = this.string(value);
      const operator = this.textOf(op);
      if (this.textOf(label) === "__name__" && name !== undefined) {
        this.fail(one, "the name of the metric once", "Remove it here or before the braces.");
      }
      // Each is looked at, also where one before it selects.
      const takesNothing = this.takesNothing(value, operator, text);
      selects ||= !takesNothing;
    }
    if (!isNamed && !selects) {
      this.fail(tree, "a selector with a name, or a matcher that a missing label does not pass", NAME_FIX);
    }
  }

  /** Whether a series without the label passes. */
  private takesNothing(value: Tree, operator: string, text: string): boolean {
    if (operator === "=" || operator === "!=") return (text === "") === (operator === "=");
    const regex = regexFault(text);
    if (typeof regex === "string") {
      this.fail(
        value,
        "a regular expression of RE2",
        `${regex} Prometheus anchors it at both ends by itself.`,
      );
    }
    return regex.test("") === (operator === "=~");
  }

  /** @returns its content */
  private string(tree: Tree): string {
    const literal = this.textOf(tree);
    const fault = stringFault(literal);
    if (fault !== undefined) {
      throw new Fault({ at: tree.from + 1 + fault.at, allowed: fault.allowed, fix: fault.fix });
    }
    return unquoted(literal);
  }
}

const SUBQUERY = "Of anything else a range is a subquery: [5m:], not [5m].";
const OPERAND_FIX = "Put a function around it, such as rate( ) or sum_over_time( ).";
const NAME_FIX = "Name the metric before the braces, or match a label that it has.";

/** With their articles. */
const TYPED: Readonly<Record<ValueType, string>> = {
  scalar: "a number",
  "instant vector": "an instant vector",
  "range vector": "a range vector",
  string: "a text",
};

const TYPE_FIXES: Readonly<Record<ValueType, string>> = {
  scalar: "Write a number, or put scalar( ) around it.",
  "instant vector": "Put a function around a range, such as rate( ), and vector( ) around a number.",
  "range vector": "Write how far it looks back behind the selector: [5m].",
  string: "Write a text in quotation marks.",
};
