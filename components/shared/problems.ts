import * as pulumi from "@pulumi/pulumi";

import { issueText, pathOf, pathText, show, type Issue } from "../../budget/core/issues";

/** One mistake in a component's arguments, in the form that some components still use. */
export interface Problem {
  /** Property of the arguments, for example `demand.peakRps`. */
  readonly property: string;
  /** What was given, as it should be shown. Never a secret. */
  readonly got: unknown;
  /** What is allowed, as a phrase: "a whole number from 1 to 65535". */
  readonly allowed: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
}

/** A problem as an issue. */
export function asIssue(problem: Problem | Issue): Issue {
  if ("path" in problem) return problem;
  const { property, got, allowed, fix } = problem;
  return { path: pathOf(property), got: show(got), allowed, fix };
}

/** `configKey.property: got X; allowed is Y. Fix.` */
export function describeIssue(given: Problem | Issue, configKey?: string): string {
  // The specs of components that still speak of problems know their values as JSON.
  const found = "path" in given ? given : { ...asIssue(given), got: String(JSON.stringify(given.got)) };
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
  issues: readonly (Problem | Issue)[],
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
export function lateProblem(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = message;
  return error;
}
