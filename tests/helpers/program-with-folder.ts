/** A server of the monitoring as a process of a test, in a folder of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";

import { eventually } from "./eventually";

export interface ProgramWithFolder {
  /** As a person calls it: "Prometheus". */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Path that answers with 2xx when it is ready. @default "/-/ready" */
  readonly readyPath?: string;
  /** Removed when it ends. */
  readonly folder: string;
}

const READY_WITHIN_MS = 30_000;

/**
 * Starts it, and waits until it is ready.
 *
 * @returns ends it and removes its folder; safe to repeat
 * @throws Error with what it logged when it does not become ready
 */
export async function startProgram({
  title,
  command,
  args,
  url,
  readyPath = "/-/ready",
  folder,
}: ProgramWithFolder): Promise<() => Promise<void>> {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`${title} ended:\n${log}`);
    try {
      return (await fetch(`${url}${readyPath}`)).ok;
    } catch {
      return false;
    }
  };
  try {
    await Promise.race([
      failed,
      eventually(`${title} is ready`, isReady, Boolean, { withinMs: READY_WITHIN_MS }),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
