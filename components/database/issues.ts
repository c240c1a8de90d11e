/** What the declarations and rules of budget/ have against arguments, as components report it. */
import { pathText, type Issue } from "../../budget/core/issues";
import { valueAt } from "../../budget/core/settings";
import type { Problem } from "../shared/problems";

/** @param args what the issues are about */
export function problemsOf(issues: readonly Issue[], args: unknown): Problem[] {
  return issues.map(({ path, got, allowed, fix }) => ({
    property: pathText(path),
    got: given(got) ?? valueAt(args, path),
    allowed,
    fix,
  }));
}

/** What an issue shows, as a value again: a problem is written out later. */
function given(shown: string): unknown {
  try {
    return JSON.parse(shown) as unknown;
  } catch {
    return undefined;
  }
}
