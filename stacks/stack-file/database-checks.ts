/** Rules of a stack file between its database, its services and its budget. */
import { issue, type Issue } from "../../budget/core/issues";
import { configKey } from "./stack-file-issues";
import type { PerformanceBudget } from "../../budget/core/performance-budget";
import { queryTimeIssues, workingSetIssues } from "../../budget/database/rules";
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
export function databaseIssues(
  { services, database }: DatabaseParts,
  there: boolean,
  budget: PerformanceBudget,
): Issue[] {
  const sizes = database === undefined ? [] : workingSetIssues(database);
  return [
    ...sizes.map((issue) => ({ ...issue, path: ["database", ...issue.path] })),
    ...Object.entries(services).flatMap(([name, { database: use }]): Issue[] => {
      if (use === undefined) return [];
      const path = ["services", name, "database"];
      if (there) return queryTimeIssues([...path, "querySeconds"], use.querySeconds, budget);
      return [
        issue(path, use, {
          allowed: "nothing, for the stack has no database",
          fix: `Add ${configKey(["database"])}, or remove the key.`,
        }),
      ];
    }),
  ];
}
