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
