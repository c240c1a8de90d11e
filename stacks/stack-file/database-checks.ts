/** Rules of a stack file between its database, its services and its budget. */
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import { configKey, show, type ConfigProblem } from "./config-problems";
import type { DatabaseConfig, ServiceConfig } from "./schema/stack";

/** What is sound by itself. */
export interface DatabaseParts {
  readonly services: Readonly<Record<string, ServiceConfig>>;
  readonly database?: DatabaseConfig | undefined;
}

/**
 * @param there the file has a database, sound or not
 * @param budget the stack's, for the servers have one threshold of slow queries
 */
export function databaseMistakes(
  { services, database }: DatabaseParts,
  there: boolean,
  budget: PerformanceBudget,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (database !== undefined && database.workingSetGiB > database.dataGiB) {
    problems.push({
      path: ["database", "workingSetGiB"],
      got: show(database.workingSetGiB),
      allowed: `at most dataGiB, ${database.dataGiB} (GiB)`,
      fix: "The working set is a part of the data.",
    });
  }
  const { target } = budget.databaseQuerySeconds;
  for (const [name, { database: use }] of Object.entries(services)) {
    if (use === undefined) continue;
    if (!there) {
      problems.push({
        path: ["services", name, "database"],
        got: show(use),
        allowed: "nothing, for the stack has no database",
        fix: `Add ${configKey(["database"])}, or remove the key.`,
      });
    } else if (use.querySeconds > target) {
      problems.push({
        path: ["services", name, "database", "querySeconds"],
        got: show(use.querySeconds),
        allowed: `at most ${target} (seconds), the budget's query time`,
        fix: `Make the queries cheaper, or loosen ${configKey(["budget", "databaseQuerySeconds"])}.`,
      });
    }
  }
  return problems;
}
