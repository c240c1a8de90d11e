/** Which metrics an expression asks for. */
import type { Expression } from "./expression";

export function metricNamesOf(expression: Expression): string[] {
  switch (expression.kind) {
    case "number":
    case "string":
      return [];
    case "selector":
      return expression.name === undefined ? [] : [expression.name];
    case "range":
      return metricNamesOf(expression.selector);
    case "subquery":
    case "minus":
      return metricNamesOf(expression.of);
    case "call":
      return expression.parameters.flatMap(metricNamesOf);
    case "aggregation":
      return [
        ...(expression.parameter === undefined ? [] : metricNamesOf(expression.parameter)),
        ...metricNamesOf(expression.of),
      ];
    case "binary":
      return [...metricNamesOf(expression.left), ...metricNamesOf(expression.right)];
  }
}
