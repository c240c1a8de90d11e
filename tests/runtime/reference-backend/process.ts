import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(__dirname, "../../..");
const START_TIMEOUT_MS = 15_000;

/** A backend in a process of its own, as a container runs it. */
export interface BackendProcess {
  readonly port: number;
  /** Everything that it has written. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** Resolves with the exit code when it has ended; null when a signal ended it. */
  ended(): Promise<number | null>;
  /** Ends it at once. Safe to repeat. */
  stop(): Promise<void>;
}

/** Variables that every backend needs. Port 0 takes a free one. */
export const BACKEND_ENVIRONMENT = {
  PORT: "0",
  REQUEST_TIMEOUT_MS: "2000",
  KEEP_ALIVE_TIMEOUT_MS: "75000",
  SHUTDOWN_TIMEOUT_MS: "8000",
};

/** Command lines of the backend, from its source. */
export const FROM_SOURCE: readonly string[] = [
  "-r",
  "ts-node/register/transpile-only",
  "runtime/reference-backend/main.ts",
];

/** Starts the program with these variables and no others. Resolves before it listens. */
function launch(
  environment: Readonly<Record<string, string>>,
  command: readonly string[],
): { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null> } {
  const child = spawn(process.execPath, [...command], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killWithTests = (): boolean => child.kill("SIGKILL");
  process.once("exit", killWithTests);
  child.once("exit", () => process.off("exit", killWithTests));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

/** Runs it until it ends by itself, for what does not start. */
export async function runBackend(
  environment: Readonly<Record<string, string>>,
  command = FROM_SOURCE,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { child, output, ended } = launch(environment, command);
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const code = await ended;
  clearTimeout(timer);
  return { code, output: output() };
}

/** Starts it, and waits until it listens. */
export async function startBackend(
  environment: Readonly<Record<string, string>>,
  command = FROM_SOURCE,
): Promise<BackendProcess> {
  const { child, output, ended } = launch(environment, command);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = /"message":"listening","port":(\d+)/.exec(output());
    if (found !== null) {
      const port = Number(found[1]);
      return { port, output, signal: (signal) => void child.kill(signal), ended: () => ended, stop };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the backend did not start:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
