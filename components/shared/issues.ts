import * as pulumi from "@pulumi/pulumi";
import { type Issue, issueText, pathText } from "../../budget/core/issues";

/** `configKey.property: got X; allowed is Y. Fix.` */
export function describeIssue(found: Issue, configKey?: string): string {
  const below = pathText(found.path);
  const path = configKey === undefined ? below : below === "" ? configKey : `${configKey}.${below}`;
  return `${path}: ${issueText(found)}`;
}

/**
 * Refuses a component whose arguments have issues, all of them in one message. A `RunError` is shown by the engine
 * without a stack trace.
 *
 * @param configKey path in the stack file that the arguments come from, so that the message names the key to change
 * @throws pulumi.RunError when there is at least one issue
 */
export function assertValid(
  component: string,
  name: string,
  issues: readonly Issue[],
  configKey?: string,
): void {
  if (issues.length === 0) return;
  const lines = issues.map((found) => `  - ${describeIssue(found, configKey)}`);
  throw new pulumi.RunError(`${component} "${name}" cannot be built:\n${lines.join("\n")}`);
}

/**
 * A mistake that shows only inside an output, to be thrown there. The SDK wraps it into errors of its own and shows its
 * stack, which says nothing to the one who made the mistake: it is the message here.
 */
export function lateError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}
