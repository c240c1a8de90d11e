import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, parse } from "node:path";
import { buildSync } from "esbuild";
import { createClient } from "redis";
import { nodeHeap, nodeOptions } from "../../budget/service/node-heap";

import { CORES, onCore } from "./cores";
import { freePort } from "../../cli/free-port";

/** Where programs are put that run without a compiler in their process, which would patch what is measured. */
const PROGRAMS = join(__dirname, "../../build/bench/programs");

/** @returns the program as one file of JavaScript, next to the packages that it imports */
function compiled(file: string): string {
  const outfile = join(PROGRAMS, `${parse(file).name}.cjs`);
  buildSync({
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "cjs",
    logLevel: "warning",
  });
  return outfile;
}

/** What a pod of the shipped stacks has, MiB: programs run with the limits that the platform gives it. */
export const POD_MIB = 1024;

/** Processes of the measurement; all of them end with this one. */
export class Processes {
  private readonly children: ChildProcess[] = [];

  constructor() {
    process.once("exit", () => this.stop());
  }

  stop(): void {
    for (const child of this.children) child.kill("SIGKILL");
  }

  /** Starts a program in TypeScript on a core of the machine, and answers the first line that it prints. It goes on unless it ends by itself. @param options NODE_OPTIONS */
  async program<T>(
    file: string,
    args: readonly string[],
    core: number,
    options = nodeOptions(nodeHeap(POD_MIB, 1)),
  ): Promise<T> {
    const child = spawn(...onCore(core, process.execPath, [compiled(file), ...args]), {
      env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: options },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.children.push(child);
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, "exit");
    while (!output.includes("\n")) {
      if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}`);
      await Promise.race([once(child.stdout, "data"), ended]);
    }
    return JSON.parse(output.split("\n", 1)[0] ?? "") as T;
  }

  /** A Redis that keeps nothing, on a free port. @throws Error that says to run `make system-packages` */
  async redis(): Promise<{ readonly port: number; readonly version: string }> {
    const port = await freePort();
    const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const child = spawn(...onCore(CORES.others, "redis-server", options), { stdio: "ignore" });
    this.children.push(child);
    const failed = once(child, "error").then(() => {
      throw new Error("redis-server is not installed; run `make system-packages`");
    });
    return await Promise.race([failed, answering(port)]);
  }
}

async function answering(port: number): Promise<{ readonly port: number; readonly version: string }> {
  const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: 50 } });
  client.on("error", () => undefined);
  await client.connect();
  const version = /redis_version:(\S+)/.exec(await client.info("server"))?.[1] ?? "unknown";
  client.destroy();
  return { port, version };
}
