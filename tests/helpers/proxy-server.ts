/** What nginx and HAProxy have in common as processes of a test. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { eventually } from "./eventually";
import { freePort } from "../../cli/free-port";
import { send } from "./send";

/** A real proxy that runs from a rendered file on free ports of 127.0.0.1. */
export interface RunningServer<Args> {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
  /** Where its configuration is. */
  readonly directory: string;
  /** Lines of the access log, as soon as there are `count` of them. @throws when there are fewer after four seconds */
  accessLog(count: number): Promise<string[]>;
  /** Another configuration on the same ports. Resolves when the new workers have it. */
  reload(args: Args): Promise<void>;
  /** Told as the kubelet tells it. Resolves with the exit code when the last request is answered. */
  quit(): Promise<number | null>;
  /** Ends it at once and removes its files. Safe to repeat. */
  stop(): Promise<void>;
}

/** Where a proxy has its files, and the ports that are its own. */
export interface Place {
  readonly directory: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
}

export const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;
const LOG_TIMEOUT_MS = 4_000;

/** Starts a proxy in a directory and on ports of its own; neither outlives a start that fails. */
export async function startServer<Args, Server extends ProxyServer<Args>>(
  make: (place: Place) => Server,
  args: Args,
): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), "proxy-"));
  const [httpPort, httpsPort, statusPort] = [await freePort(), await freePort(), await freePort()];
  const server = make({ directory, httpPort, httpsPort, statusPort });
  try {
    await server.start(args);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Runs a program's own check over a text: its exit code, and what it says. `$SCRATCH` in it becomes a directory. */
export async function checkConf(
  text: string,
  fileName: string,
  run: (directory: string) => ChildProcess,
): Promise<{ code: number | null; output: string }> {
  const directory = await mkdtemp(join(tmpdir(), "proxy-"));
  try {
    await writeFile(join(directory, fileName), text.replaceAll("$SCRATCH", directory));
    const child = run(directory);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
    try {
      const [code] = (await once(child, "close")) as [number | null];
      return { code, output };
    } finally {
      clearTimeout(timer);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Debian keeps proxies where only root's PATH leads. */
export function spawnProxy(program: string, args: readonly string[]): ChildProcess {
  if (!existsSync(program)) {
    throw new Error(
      `${basename(program)} is not installed; next: make system-packages, and run the same command again`,
    );
  }
  return spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

export abstract class ProxyServer<Args> implements RunningServer<Args> {
  readonly directory: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
  protected stdout = "";
  protected stderr = "";
  private process: ChildProcess | undefined;
  /** For the sentence of a start that fails. */
  private lastAnswer = "nothing was asked";

  constructor(
    /** For sentences. */
    private readonly name: string,
    /** Lets it finish what it has. */
    private readonly quitSignal: NodeJS.Signals,
    place: Place,
  ) {
    this.directory = place.directory;
    this.httpPort = place.httpPort;
    this.httpsPort = place.httpsPort;
    this.statusPort = place.statusPort;
  }

  abstract reload(args: Args): Promise<void>;
  /** Writes the configuration that `run` and a reload read. */
  protected abstract write(args: Args): Promise<void>;
  protected abstract run(): ChildProcess;
  /** Whole lines of the access log so far. */
  protected abstract logged(): Promise<string[]> | string[];

  async start(args: Args): Promise<void> {
    await this.write(args);
    const child = this.run();
    this.process = child;
    let failure: Error | undefined;
    child.once("error", (error) => (failure = error));
    child.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    const settled = (): boolean | Promise<boolean> =>
      failure !== undefined || child.exitCode !== null || this.answers();
    try {
      await eventually(`an answer of ${this.name}`, settled, Boolean, { withinMs: START_TIMEOUT_MS });
    } catch (error) {
      throw new Error(`${this.name} does not answer (${this.lastAnswer}):\n${this.stderr}`, { cause: error });
    }
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null) throw new Error(`${this.name} did not start:\n${this.stderr}`);
  }

  accessLog(count: number): Promise<string[]> {
    return eventually(
      `${count} lines of the access log`,
      () => this.logged(),
      ({ length }) => length >= count,
      { withinMs: LOG_TIMEOUT_MS, everyMs: 50 },
    );
  }

  async quit(): Promise<number | null> {
    const child = this.child;
    const gone = once(child, "exit") as Promise<[number | null]>;
    child.kill(this.quitSignal);
    const [code] = await gone;
    return code;
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      // Its workers are in its process group, and would outlive a master that is killed alone.
      const { pid } = child;
      const timer = setTimeout(() => process.kill(-pid, "SIGKILL"), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  protected get child(): ChildProcess {
    if (this.process?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.process;
  }

  /** Addresses for the configuration. */
  protected get listen(): { readonly http: string; readonly https: string; readonly status: string } {
    const [http, https, status] = [this.httpPort, this.httpsPort, this.statusPort].map(
      (port) => `127.0.0.1:${port}`,
    ) as [string, string, string];
    return { http, https, status };
  }

  protected async workers(): Promise<string[]> {
    const { pid } = this.child;
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter((child) => child !== "");
  }

  protected async answers(): Promise<boolean> {
    try {
      const { status } = await send(this.statusPort, "/healthz");
      this.lastAnswer = String(status);
      return status === 200;
    } catch (error) {
      this.lastAnswer = String(error);
      return false;
    }
  }
}
