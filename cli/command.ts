import { UserError, describeSystemError } from "./user-error";

/** Runs a command and turns its result into an exit code, and a user's mistake into a message without a stack trace. */
export function runCommand(main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const known = error instanceof UserError ? error : describeSystemError(error);
      const text = known === undefined ? String((error as Error).stack) : `error: ${known.message}`;
      process.stderr.write(`\n${text}\n`);
      process.exitCode = 1;
    },
  );
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
