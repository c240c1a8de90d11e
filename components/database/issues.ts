/** What the declarations and rules of budget/ have against arguments, as components report it. */
import { pathText, type Issue } from "../../budget/core/issues";
import { valueAt } from "../../budget/core/settings";
import type { Problem } from "../shared/problems";

/** @param args what the issues are about */
export function problemsOf(issues: readonly Issue[], args: unknown): Problem[] {
  return issues.map(({ path, allowed, fix }) => ({
    property: pathText(path),
    got: valueAt(args, path),
    allowed,
    fix,
  }));
}
