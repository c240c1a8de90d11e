import { generationProblems } from "../shared/generations";
import type { Problem } from "../shared/problems";

/** What a database holds, and who queries it. */
export interface DatabaseLoad {
  readonly dataGiB: number;
  readonly workingSetGiB: number;
  readonly passwordGeneration?: number;
  readonly users: readonly { readonly service: string; readonly querySeconds: number }[];
}

/** What no database could keep, of whatever kind. @param querySeconds the budget's target for a query */
export function loadProblems(
  { dataGiB, workingSetGiB, users, passwordGeneration }: DatabaseLoad,
  querySeconds: number,
): Problem[] {
  const tooMuch: Problem = {
    property: "workingSetGiB",
    got: workingSetGiB,
    allowed: `at most dataGiB, ${dataGiB}`,
    fix: "The working set is a part of the data.",
  };
  return [
    ...generationProblems(passwordGeneration),
    ...(workingSetGiB <= dataGiB ? [] : [tooMuch]),
    ...users
      .filter((user) => !(user.querySeconds <= querySeconds))
      .map((user) => ({
        property: `users.${user.service}.querySeconds`,
        got: user.querySeconds,
        allowed: `at most ${querySeconds} (seconds), the budget's query time`,
        fix: "Make the queries cheaper, or loosen retrofitlink:budget.databaseQuerySeconds.",
      })),
  ];
}
