import type { z } from "zod";

import { issuesOf, pathText } from "../../budget/core/issues";
import { valueAt } from "../../budget/core/setting-paths";
import type { Problem } from "./problems";

/** What the declarations of settings have against arguments. @param at where the arguments are: `traffic.` */
export function declaredProblems(schema: z.ZodType, args: unknown, at = ""): Problem[] {
  return issuesOf(schema, args).map(({ path, allowed, fix }) => ({
    property: `${at}${pathText(path)}`,
    got: valueAt(args, path),
    allowed,
    fix,
  }));
}
