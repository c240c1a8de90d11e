/** What the declarations and rules of budget/ have against arguments, as components report it. */
import { pathText, type Issue } from "../../budget/core/issues";
import type { Problem } from "../shared/problems";

export function problemsOf(issues: readonly Issue[]): Problem[] {
  return issues.map(({ path, got, allowed, fix }) => ({
    property: pathText(path),
    got: given(got),
    allowed,
    fix,
  }));
}

/** What an issue shows, as a value again: a problem writes it out later. */
function given(shown: string): unknown {
  try {
    return JSON.parse(shown) as unknown;
  } catch {
    return shown;
  }
}
