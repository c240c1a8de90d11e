/** Background programs that outlive the command that started them, found again by a file with their number. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { isAlive } from "../../cli/lock";

/** A program that runs in the background with its files in `directory`. */
export interface BackgroundProcess {
  readonly name: string;
  readonly directory: string;
}

function pidFile({ directory, name }: BackgroundProcess): string {
  return join(directory, `${name}.pid`);
}

export function logFile({ directory, name }: BackgroundProcess): string {
  return join(directory, `${name}.log`);
}

/** Starts a program that goes on when this one ends. Its output goes to the log file. */
export function startInBackground(
  what: BackgroundProcess,
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): void {
  const log = openSync(logFile(what), "a");
  try {
    const env = { ...process.env, ...environment };
    const child = spawn(path, [...args], { detached: true, stdio: ["ignore", log, log], env });
    // A program that cannot be started shows by not becoming ready; the log says why.
    child.on("error", (error) => writeFileSync(logFile(what), `${error.message}\n`, { flag: "a" }));
    if (child.pid !== undefined) writeFileSync(pidFile(what), String(child.pid));
    child.unref();
  } finally {
    closeSync(log);
  }
}

/**
 * The number of the running program. The number alone proves nothing, since it may belong to another program by now,
 * so the command line has to name the directory as well.
 */
export function runningPid(what: BackgroundProcess): number | undefined {
  if (!existsSync(pidFile(what))) return undefined;
  const pid = Number(readFileSync(pidFile(what), "utf8"));
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  return commandLine(pid).includes(what.directory) ? pid : undefined;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** How long a program that was killed may take to leave the list of processes, milliseconds. */
const GONE_WITHIN_MS = 2_000;

/** Ends the program: politely, and after `patienceMs` without mercy. */
export async function stopInBackground(what: BackgroundProcess, patienceMs = 5_000): Promise<void> {
  const pid = runningPid(what);
  if (pid !== undefined) {
    process.kill(pid, "SIGTERM");
    const deadline = Date.now() + patienceMs;
    while (runningPid(what) !== undefined && Date.now() < deadline) await sleep(50);
    if (runningPid(what) !== undefined) process.kill(pid, "SIGKILL");
    // Dead is not gone: its parent still has to take note of it.
    const gone = Date.now() + GONE_WITHIN_MS;
    while (isAlive(pid) && Date.now() < gone) await sleep(20);
  }
  rmSync(pidFile(what), { force: true });
}

/** Whether it was started and neither stopped nor found running: it ended by itself, or with its machine. */
export function endedByItself(what: BackgroundProcess): boolean {
  return existsSync(pidFile(what)) && runningPid(what) === undefined;
}

/** The last lines of the log, for an error message. */
export function lastLogLines(what: BackgroundProcess, count = 5): string {
  if (!existsSync(logFile(what))) return "";
  const lines = readFileSync(logFile(what), "utf8").trimEnd().split("\n");
  return lines.slice(-count).join("\n");
}
