import * as pulumi from "@pulumi/pulumi";

import { pathText, type Issue } from "../../budget/core/issues";

/**
 * Refuses a component whose arguments have issues, all of them in one message.
 *
 * @param configKey path in the stack file that the arguments come from. @default none: the message names the property
 * @throws pulumi.RunError when there is at least one issue
 */
export function assertSound(
  component: string,
  name: string,
  issues: readonly Issue[],
  configKey?: string,
): void {
  if (issues.length === 0) return;
  const lines = issues.map(({ path, got, allowed, fix }) => {
    const property = pathText(path);
    return `  - ${configKey === undefined ? property : `${configKey}.${property}`}: got ${got}; allowed is ${allowed}. ${fix}`;
  });
  throw new pulumi.RunError(`${component} "${name}" cannot be built:\n${lines.join("\n")}`);
}
