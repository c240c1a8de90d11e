import * as pulumi from "@pulumi/pulumi";

/** One mistake in a component's arguments. */
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

/** `configKey.property: got X; allowed is Y. Fix.` */
export function describeProblem(problem: Problem, configKey?: string): string {
  const path = configKey === undefined ? problem.property : `${configKey}.${problem.property}`;
  return `${path}: got ${JSON.stringify(problem.got)}; allowed is ${problem.allowed}. ${problem.fix}`;
}

/**
 * Refuses a component whose arguments have problems, all of them in one message. A `RunError` is shown by the engine
 * without a stack trace.
 *
 * @param configKey path in the stack file that the arguments come from, so that the message names the key to change
 * @throws pulumi.RunError when there is at least one problem
 */
export function refuse(
  component: string,
  name: string,
  problems: readonly Problem[],
  configKey?: string,
): void {
  if (problems.length === 0) return;
  const lines = problems.map((p) => `  - ${describeProblem(p, configKey)}`);
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
