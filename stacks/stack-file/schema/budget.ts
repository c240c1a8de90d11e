/** What users are owed: overrides of the default budget. */
import { z } from "zod";

import { says } from "./leaves";
import { BUDGET_METRIC_NAMES, type BudgetMetric } from "../../../budget/core/performance-budget";

const threshold = z.strictObject(
  {
    target: z.number(says("a number", "See the default budget in docs/stack-file.md.")).optional(),
    warning: z.number(says("a number", "See the default budget in docs/stack-file.md.")).optional(),
    critical: z.number(says("a number", "See the default budget in docs/stack-file.md.")).optional(),
  },
  says("a map of target, warning and critical", "Give at least one of them."),
);

const budgetShape = Object.fromEntries(
  BUDGET_METRIC_NAMES.map((metric) => [metric, threshold.optional()]),
) as Record<BudgetMetric, z.ZodOptional<typeof threshold>>;

export const budget = z.strictObject(
  budgetShape,
  says("a map of metrics", "See docs/stack-file.md for their names."),
);
