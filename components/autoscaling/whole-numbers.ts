import { issue, pathOf, type Issue } from "../../budget/core/issues";

/** What is wrong with a number where a definition has whole ones alone; left out it is fine. @param most itself allowed, too */
export function wholeNumberIssues(
  property: string,
  got: number | undefined,
  least: number,
  most = Infinity,
): Issue[] {
  if (got === undefined || (Number.isInteger(got) && got >= least && got <= most)) return [];
  const allowed = `a whole number from ${least} ${most === Infinity ? "on" : `to ${most}`}`;
  return [issue(pathOf(property), got, { allowed, fix: "Round it, or leave it out for the default." })];
}
