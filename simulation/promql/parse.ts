/** From text to a tree, by Prometheus's own grammar for editors: `@prometheus-io/lezer-promql`. */
import { parser } from "@prometheus-io/lezer-promql";

import {
  PromqlError,
  type Expression,
  type Grouping,
  type Matcher,
  type Matching,
  type Range,
  type Selector,
} from "./expression";

type SyntaxNode = ReturnType<typeof parser.parse>["topNode"];

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const OPERATORS: Readonly<Record<string, string>> = {
  Add: "+",
  Sub: "-",
  Mul: "*",
  Div: "/",
  Mod: "%",
  Pow: "^",
  Atan2: "atan2",
  Eql: "==",
  Neq: "!=",
  Gtr: ">",
  Lss: "<",
  Gte: ">=",
  Lte: "<=",
  And: "and",
  Or: "or",
  Unless: "unless",
};

/** Replays of a service have the same expressions again and again: what was read, by its text. */
const READ = new Map<string, Expression>();
const MOST_READ = 1000;

/** @throws PromqlError where the text is no PromQL, or has a part that is not evaluated here */
export function parsePromql(text: string): Expression {
  let found = READ.get(text);
  if (found === undefined) {
    found = new Reader(text, bound(text)).read();
    if (READ.size >= MOST_READ) READ.clear();
    READ.set(text, found);
  }
  return found;
}

/** @returns milliseconds; undefined when it is no duration. A bare number is seconds. */
export function parseDuration(text: string): number | undefined {
  if (/^[\d.]+(e\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+)(ms|[smhdwy])/g)) {
    total += Number(count) * (UNITS[unit] ?? NaN);
  }
  return total;
}

/** What comes after a selector, and belongs to it alone. */
const SUFFIXED = ["OffsetExpr", "MatrixSelector", "SubqueryExpr"];
const LOOSER = ["BinaryExpr", "UnaryExpr"];

/**
 * The same expression with parentheses around each selector and what comes after it: the grammar, made for editors, takes
 * `a - b offset 1h` for `(a - b) offset 1h`. Prometheus does not.
 */
function bound(text: string): string {
  for (;;) {
    let wrong: SyntaxNode | undefined;
    parser
      .parse(text)
      .topNode.cursor()
      .iterate(({ name, node }) => {
        const inner = node.firstChild?.name ?? "";
        if (wrong === undefined && SUFFIXED.includes(name) && LOOSER.includes(inner)) wrong = node;
      });
    if (wrong === undefined) return text;
    let selector = wrong.firstChild;
    while (selector !== null && LOOSER.includes(selector.name)) selector = selector.lastChild;
    if (selector === null) return text;
    const suffixed = text.slice(selector.from, wrong.to);
    text = `${text.slice(0, selector.from)}(${suffixed})${text.slice(wrong.to)}`;
  }
}

class Reader {
  /** @param given as it was written, for messages */
  constructor(
    private readonly given: string,
    private readonly text: string,
  ) {}

  read(): Expression {
    const top = parser.parse(this.text).topNode;
    let wrong: number | undefined;
    top.cursor().iterate((node) => {
      if (node.type.isError) wrong ??= node.from;
    });
    const first = top.firstChild;
    if (wrong !== undefined || first === null) this.fail(`syntax error at character ${(wrong ?? 0) + 1}`);
    return this.expression(first);
  }

  private fail(what: string): never {
    throw new PromqlError(what, this.given);
  }

  private textOf(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  private expression(node: SyntaxNode): Expression {
    switch (node.name) {
      case "NumberDurationLiteral":
        return { kind: "number", value: this.number(this.textOf(node)) };
      case "StringLiteral":
        return { kind: "string", value: unquoted(this.textOf(node)) };
      case "ParenExpr":
        return this.expression(this.only(node));
      case "UnaryExpr": {
        const of = this.expression(this.last(node));
        return this.textOf(node).startsWith("-") ? { kind: "minus", of } : of;
      }
      case "VectorSelector":
        return this.selector(node);
      case "MatrixSelector":
        return this.range(node);
      case "SubqueryExpr":
        return this.subquery(node);
      case "OffsetExpr":
        return this.shifted(node);
      case "FunctionCall":
        return this.call(node);
      case "AggregateExpr":
        return this.aggregation(node);
      case "BinaryExpr":
        return this.binary(node);
      case "StepInvariantExpr":
        return this.fail("the modifier @ is not evaluated here");
      default:
        return this.fail(`${node.name} ("${this.textOf(node)}") is not evaluated here`);
    }
  }

  private number(text: string): number {
    if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
    if (/^nan$/i.test(text)) return NaN;
    const milliseconds = /[a-z]$/i.test(text) && !/^0x/i.test(text) ? parseDuration(text) : undefined;
    return milliseconds === undefined ? Number(text) : milliseconds / 1000;
  }

  private selector(node: SyntaxNode): Selector {
    const name = node.getChild("Identifier");
    const matchers: Matcher[] = [];
    let quoted: string | undefined;
    for (const one of node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? []) {
      const [label, op, value] = children(one);
      if (label === undefined || op === undefined || value === undefined) return this.fail("a matcher");
      matchers.push({
        label: this.textOf(label),
        op: this.textOf(op) as Matcher["op"],
        value: unquoted(this.textOf(value)),
      });
    }
    for (const one of matchers) if (one.label === "__name__" && one.op === "=") quoted = one.value;
    return { kind: "selector", name: name === null ? quoted : this.textOf(name), matchers, offset: 0 };
  }

  private range(node: SyntaxNode): Range {
    const [selector, duration] = children(node);
    if (selector?.name !== "VectorSelector" || duration === undefined) this.fail("a range of no selector");
    return { kind: "range", selector: this.selector(selector), milliseconds: this.duration(duration) };
  }

  private subquery(node: SyntaxNode): Range {
    const [of, duration, step] = children(node);
    if (of === undefined || duration === undefined) return this.fail("a subquery");
    return {
      kind: "subquery",
      of: this.expression(of),
      milliseconds: this.duration(duration),
      step: step === undefined ? undefined : this.duration(step),
      offset: 0,
    };
  }

  private shifted(node: SyntaxNode): Expression {
    const of = this.expression(this.only(node, ["Offset", "OffsetDurationExpr"]));
    const offset = this.duration(this.last(node));
    if (of.kind === "selector" || of.kind === "subquery") return { ...of, offset };
    if (of.kind === "range") return { ...of, selector: { ...of.selector, offset } };
    return this.fail("an offset of what is no selector");
  }

  private duration(node: SyntaxNode): number {
    const text = this.textOf(node).replaceAll(/\s/g, "");
    const isNegative = text.startsWith("-");
    const milliseconds = parseDuration(isNegative ? text.slice(1) : text);
    if (milliseconds === undefined) return this.fail(`the duration "${text}" is not evaluated here`);
    return isNegative ? -milliseconds : milliseconds;
  }

  private call(node: SyntaxNode): Expression {
    const [identifier, body] = children(node);
    if (identifier === undefined || body === undefined) return this.fail("a call");
    const parameters = children(body).map((one) => this.expression(one));
    return { kind: "call", name: this.textOf(identifier), parameters };
  }

  private aggregation(node: SyntaxNode): Expression {
    const [op, body] = [node.getChild("AggregateOp"), node.getChild("FunctionCallBody")];
    const modifier = node.getChild("AggregateModifier");
    if (op === null || body === null) return this.fail("an aggregation");
    const parameters = children(body).map((one) => this.expression(one));
    const of = parameters.at(-1);
    if (of === undefined || parameters.length > 2) return this.fail(`the operands of ${this.textOf(op)}`);
    const grouping: Grouping =
      modifier === null
        ? { only: true, labels: [] }
        : { only: modifier.getChild("By") !== null, labels: this.labels(modifier) };
    const parameter = parameters.length === 2 ? parameters[0] : undefined;
    return { kind: "aggregation", op: this.textOf(op).toLowerCase(), grouping, parameter, of };
  }

  private binary(node: SyntaxNode): Expression {
    const parts = children(node);
    const [left, operator] = parts;
    const right = parts.at(-1);
    const op = OPERATORS[operator?.name ?? ""];
    if (left === undefined || right === undefined || op === undefined) {
      return this.fail(`the operator "${operator === undefined ? "" : this.textOf(operator)}"`);
    }
    if (node.getChild("FillModifier") !== null) return this.fail("the modifier fill is not evaluated here");
    return {
      kind: "binary",
      op,
      bool: node.getChild("BoolModifier") !== null,
      matching: this.matching(node.getChild("MatchingModifierClause")),
      left: this.expression(left),
      right: this.expression(right),
    };
  }

  private matching(clause: SyntaxNode | null): Matching {
    if (clause === null) return { only: false, labels: [], include: [] };
    const [labels, include] = clause.getChildren("GroupingLabels");
    const side = clause.getChild("GroupLeft") !== null ? "left" : "right";
    const isOne = clause.getChild("GroupLeft") === null && clause.getChild("GroupRight") === null;
    return {
      only: clause.getChild("On") !== null,
      labels: labels === undefined ? [] : this.namesIn(labels),
      ...(isOne ? {} : { many: side }),
      include: include === undefined ? [] : this.namesIn(include),
    };
  }

  private labels(modifier: SyntaxNode): string[] {
    const labels = modifier.getChild("GroupingLabels");
    return labels === null ? [] : this.namesIn(labels);
  }

  private namesIn(labels: SyntaxNode): string[] {
    return labels.getChildren("LabelName").map((one) => this.textOf(one));
  }

  private only(node: SyntaxNode, besides: readonly string[] = []): SyntaxNode {
    const found = children(node).find(({ name }) => !besides.includes(name));
    return found ?? this.fail(`${node.name} without content`);
  }

  private last(node: SyntaxNode): SyntaxNode {
    return node.lastChild ?? this.fail(`${node.name} without content`);
  }
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") found.push(child);
  }
  return found;
}

/** A string literal's content: in back quotes as it is, else with Go's escapes. */
function unquoted(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("`")) return inner;
  return inner.replaceAll(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/g, (_, escape: string) => {
    if (/^[ux]./.test(escape)) return String.fromCharCode(parseInt(escape.slice(1), 16));
    return { n: "\n", t: "\t", r: "\r" }[escape] ?? escape;
  });
}
