/** Programs that live as long as the command that started them. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../cli/user-error";

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Variables besides those of this process. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Given to it to read, for what no list of processes should show. @default nothing */
  readonly input?: string;
  readonly isReady: () => Promise<boolean>;
}

export interface RunningProgram {
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once. Safe to repeat. */
  stop(): Promise<void>;
}

/** What ends with this process, however it ends. */
const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

const READY_WITHIN_MS = 30_000;
const LOG_CHARACTERS = 2_000;

/** @throws UserError with what it said last when it does not become ready */
export async function startProgram(program: Program): Promise<RunningProgram> {
  const { name, command, args, environment = {}, input, isReady } = program;
  const child = spawn(command, [...args], { env: { ...process.env, ...environment }, stdio: "pipe" });
  let log = "";
  const listen = (chunk: Buffer | Error): void => {
    log = (log + (chunk instanceof Error ? chunk.message : chunk.toString())).slice(-LOG_CHARACTERS);
  };
  child.on("error", listen);
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  // A program that ends before it has read its input says why by itself.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  running.add(child);
  const stop = async (): Promise<void> => {
    await end(child);
    running.delete(child);
  };
  for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(50)) {
    if (await isReady().catch(() => false)) break;
    if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) {
      await stop();
      throw new UserError(`${name} does not run: ${log.trim() || "it said nothing"}`, "make system-packages");
    }
  }
  return { signal: (signal) => void child.kill(signal), stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Whether an address answers with a status below 400. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.ok;
}
