/** Which metrics an expression asks for, and how far back. */
import type { Expression, Selector } from "./expression";

export interface AskedMetric {
  /** Undefined when only matchers name it. */
  readonly name: string | undefined;
  /** Age of the oldest sample that it may want, milliseconds. */
  readonly oldest: number;
}

/** How long an instant selector looks back, milliseconds. */
const LOOKBACK = 300_000;

/** What a recording rule asks for. */
export interface AskingRule {
  readonly record: string;
  readonly asks: readonly AskedMetric[];
}

/**
 * The rules without which queries cannot be answered: those that record what a query asks for, and what these ask for.
 *
 * @param asked by the queries
 */
export function neededRules<T extends AskingRule>(rules: readonly T[], asked: readonly AskedMetric[]): T[] {
  const needed = new Set<T>();
  const pending = [...asked];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    const { name } = one;
    for (const rule of rules) {
      // A selector without a name may find any of them.
      if (needed.has(rule) || (name !== undefined && name !== rule.record)) continue;
      needed.add(rule);
      pending.push(...rule.asks);
    }
  }
  return rules.filter((rule) => needed.has(rule));
}

export function askedMetrics(expression: Expression, before = 0): AskedMetric[] {
  const of = ({ name, offset }: Selector, range: number): AskedMetric[] => [
    { name, oldest: before + Math.max(0, offset) + range },
  ];
  switch (expression.kind) {
    case "number":
    case "string":
      return [];
    case "selector":
      return of(expression, LOOKBACK);
    case "range":
      return of(expression.selector, expression.milliseconds);
    case "subquery":
      return askedMetrics(expression.of, before + expression.milliseconds + Math.max(0, expression.offset));
    case "minus":
      return askedMetrics(expression.of, before);
    case "call":
      return expression.parameters.flatMap((one) => askedMetrics(one, before));
    case "aggregation": {
      const { parameter, of: inner } = expression;
      return [
        ...(parameter === undefined ? [] : askedMetrics(parameter, before)),
        ...askedMetrics(inner, before),
      ];
    }
    case "binary":
      return [...askedMetrics(expression.left, before), ...askedMetrics(expression.right, before)];
  }
}
