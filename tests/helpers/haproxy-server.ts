import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { haProxyConf, type HaProxyConfArgs } from "../../components/load-balancing/haproxy-conf";
import { freePort, send } from "./nginx-server";

/** What a test decides; only addresses and paths are this machine's. */
export type RenderedHaProxy = Omit<HaProxyConfArgs, "listen" | "scratch">;

/** A real HAProxy that runs from a rendered file on free ports of 127.0.0.1. */
export interface RunningHaProxy {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly statusPort: number;
  readonly directory: string;
  /** Lines of the access log, as soon as there are `count` of them. @throws when there are fewer after four seconds */
  accessLog(count: number): Promise<string[]>;
  /** Another configuration on the same ports, and SIGUSR2. Resolves when the new worker has it. */
  reload(args: RenderedHaProxy): Promise<void>;
  /** SIGUSR1, as the kubelet sends it. Resolves with the exit code when the last request is answered. */
  quit(): Promise<number | null>;
  /** Ends it at once and removes its files. Safe to repeat. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 3_000;
const LOG_TIMEOUT_MS = 4_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts HAProxy with the text that the component renders, in the mode that the component runs it in. */
export async function startHaProxy(args: RenderedHaProxy): Promise<RunningHaProxy> {
  const directory = await mkdtemp(join(tmpdir(), "haproxy-"));
  const server = new HaProxyProcess(directory, await freePort(), await freePort(), await freePort());
  try {
    await server.write(args);
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** `haproxy -c` over a text: its exit code, and what it says. `$SCRATCH` in it becomes a directory. */
export async function checkHaProxyConf(text: string): Promise<{ code: number | null; output: string }> {
  const directory = await mkdtemp(join(tmpdir(), "haproxy-"));
  try {
    await writeFile(join(directory, "haproxy.cfg"), text.replaceAll("$SCRATCH", directory));
    const child = spawnHaProxy(["-c", "-f", join(directory, "haproxy.cfg")]);
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

class HaProxyProcess implements RunningHaProxy {
  private process: ChildProcess | undefined;
  private lines = "";
  private errors = "";

  constructor(
    readonly directory: string,
    readonly httpPort: number,
    readonly httpsPort: number,
    readonly statusPort: number,
  ) {}

  async write(args: RenderedHaProxy): Promise<void> {
    const listen = {
      http: `127.0.0.1:${this.httpPort}`,
      https: `127.0.0.1:${this.httpsPort}`,
      status: `127.0.0.1:${this.statusPort}`,
    };
    const text = haProxyConf({ ...args, listen, scratch: this.directory });
    await writeFile(join(this.directory, "haproxy.cfg"), text);
  }

  async start(): Promise<void> {
    const { directory } = this;
    const pid = join(directory, "haproxy.pid");
    const child = spawnHaProxy(["-W", "-db", "-p", pid, "-f", join(directory, "haproxy.cfg")]);
    this.process = child;
    let failure: Error | undefined;
    child.once("error", (error) => (failure = error));
    child.stdout?.on("data", (chunk: Buffer) => (this.lines += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.answers())) {
      if (failure !== undefined) throw failure;
      if (child.exitCode !== null) throw new Error(`HAProxy did not start:\n${this.errors}`);
      if (Date.now() > deadline) throw new Error(`HAProxy does not answer:\n${this.errors}`);
      await pause(20);
    }
  }

  async accessLog(count: number): Promise<string[]> {
    const deadline = Date.now() + LOG_TIMEOUT_MS;
    for (;;) {
      const lines = this.lines.split("\n").filter((line) => line.startsWith("{"));
      if (lines.length >= count) return lines;
      if (Date.now() > deadline) throw new Error(`${lines.length} of ${count} lines:\n${this.lines}`);
      await pause(50);
    }
  }

  async reload(args: RenderedHaProxy): Promise<void> {
    const child = this.process;
    if (child?.pid === undefined) throw new Error("HAProxy does not run");
    await this.write(args);
    const before = await childrenOf(child.pid);
    const deadline = Date.now() + START_TIMEOUT_MS;
    // A master that has just started is replaced by itself, and may lose what it is told meanwhile.
    for (let look = 0; ; look++) {
      if (look % 100 === 0) child.kill("SIGUSR2");
      const added = (await childrenOf(child.pid)).filter((pid) => !before.includes(pid));
      // The new worker answers once it has taken the sockets over.
      if (added.length > 0 && (await this.answers())) return;
      if (Date.now() > deadline) throw new Error(`HAProxy has not reloaded:\n${this.errors}`);
      await pause(20);
    }
  }

  async quit(): Promise<number | null> {
    const child = this.process;
    if (child === undefined) throw new Error("HAProxy does not run");
    const gone = once(child, "exit") as Promise<[number | null]>;
    const again = setInterval(() => child.kill("SIGUSR1"), 1000);
    child.kill("SIGUSR1");
    const [code] = await gone;
    clearInterval(again);
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

  private async answers(): Promise<boolean> {
    try {
      return (await send(this.statusPort, "/healthz")).status === 200;
    } catch {
      return false;
    }
  }
}

async function childrenOf(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter((child) => child !== "");
}

/** Debian keeps it where only root's PATH leads. */
function spawnHaProxy(args: readonly string[]): ChildProcess {
  const program = "/usr/sbin/haproxy";
  if (!existsSync(program)) {
    throw new Error("haproxy is not installed; next: make system-packages, and run the same command again");
  }
  return spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
}
