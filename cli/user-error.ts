/**
 * A mistake or a circumstance that the user can do something about. It is shown as it is, without a stack trace:
 * first what happened, then the next step.
 */
export class UserError extends Error {
  /** @param nextStep a sentence; shown on a line of its own */
  constructor(
    message: string,
    readonly nextStep?: string,
  ) {
    super(nextStep === undefined ? message : `${message}\n  next: ${nextStep}`);
    this.name = "UserError";
  }
}

/** What the operating system's error means to a person. Undefined when it is none that a person can mend. */
export function describeSystemError(error: unknown): UserError | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const { path } = error as NodeJS.ErrnoException;
  const code: string = String(error.code);
  const where = path === undefined ? "" : ` (${path})`;
  switch (code) {
    case "ENOSPC":
      return new UserError(
        `the disk is full${where}`,
        "free some space and run the same command again; the state is kept",
      );
    case "EDQUOT":
      return new UserError(
        `the disk quota is used up${where}`,
        "free some space and run the same command again",
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new UserError(`no permission to write${where}`, "check the owner of the folder");
    case "EMFILE":
      return new UserError("too many open files", "raise the limit with `ulimit -n 4096`");
    default:
      return undefined;
  }
}
