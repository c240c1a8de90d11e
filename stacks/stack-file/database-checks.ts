/** Rules of a stack file between its database, its services and its budget. */
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import { queryTimeIssues, workingSetIssues } from "../../budget/database/rules";
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
  const sizes = database === undefined ? [] : workingSetIssues(database);
  return [
    ...sizes.map((issue) => ({ ...issue, path: ["database", ...issue.path] })),
    ...Object.entries(services).flatMap(([name, { database: use }]): ConfigProblem[] => {
      if (use === undefined) return [];
      const path = ["services", name, "database"];
      if (there) return queryTimeIssues([...path, "querySeconds"], use.querySeconds, budget);
      return [
        {
          path,
          got: show(use),
          allowed: "nothing, for the stack has no database",
          fix: `Add ${configKey(["database"])}, or remove the key.`,
        },
      ];
    }),
  ];
}
