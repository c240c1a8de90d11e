import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { obtain } from "../../sandbox/toolchain/obtain";
import { FERRETDB } from "../../sandbox/toolchain/programs";
import { freePort } from "../../cli/free-port";

/** A real server of the MongoDB wire protocol on a free port of 127.0.0.1. */
export interface RunningFerretdb {
  readonly port: number;
  /** Connection string, without a database. */
  readonly uri: string;
  /** SIGSTOP or SIGCONT: a server that hangs, and one that is back. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL. The data stays. Resolves when it is gone. */
  killHard(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it at once and removes its files. Safe to repeat. */
  stop(): Promise<void>;
}

/** How long a first build may take, for the `before` of a spec. Later runs find it in the cache. */
export const FERRETDB_BUILD_TIMEOUT_MS = 10 * 60_000;

const START_TIMEOUT_MS = 15_000;

/** Starts FerretDB, which is built from its pinned module by the first test that asks for it. */
export async function startFerretdb(): Promise<RunningFerretdb> {
  const { path } = await obtain(FERRETDB, { progress: (line) => process.stderr.write(`    ${line}\n`) });
  const directory = await mkdtemp(join(tmpdir(), "ferretdb-"));
  const server = new Server(path, directory, await freePort());
  try {
    await server.restart();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

class Server implements RunningFerretdb {
  readonly uri: string;
  private process: ChildProcess | undefined;

  constructor(
    private readonly program: string,
    private readonly directory: string,
    readonly port: number,
  ) {
    this.uri = `mongodb://127.0.0.1:${port}/`;
  }

  async restart(): Promise<void> {
    const args = [`--listen=127.0.0.1:${this.port}`, `--directory=${this.directory}`];
    const child = spawn(this.program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    const killWithTests = (): boolean => child.kill("SIGKILL");
    process.once("exit", killWithTests);
    child.once("exit", () => process.off("exit", killWithTests));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
    }
    await once(child, "spawn");
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await listens(this.port))) {
      if (child.exitCode !== null) throw new Error(`ferretdb did not start:\n${output}`);
      if (Date.now() > deadline) throw new Error(`ferretdb does not answer:\n${output}`);
      await sleep(25);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal);
  }

  async killHard(): Promise<void> {
    const child = this.process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.killHard();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port, timeout: 1000 });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
