/** Runs a program and watches the memory of it and everything it starts. */
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

export interface Measurement {
  readonly seconds: number;
  /** Highest sum of resident memory over the process tree, MiB; shared pages count in each process. */
  readonly peakMiB: number;
  readonly stdout: string;
}

const SAMPLE_EVERY_MS = 100;

/** @throws Error with the program's complaint when it fails */
export function measure(command: string, args: readonly string[]): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr, peak] = ["", "", 0];
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
    const sampler = setInterval(() => {
      if (child.pid !== undefined) peak = Math.max(peak, treeMemoryMiB(child.pid));
    }, SAMPLE_EVERY_MS);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(sampler);
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      if (code === 0) resolve({ seconds, peakMiB: peak, stdout });
      else reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stderr}${stdout}`));
    });
  });
}

function treeMemoryMiB(root: number): number {
  const children = new Map<number, number[]>();
  const memory = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const status = readFileSync(`/proc/${entry}/status`, "utf8");
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
      memory.set(Number(entry), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended between the listing and the reading.
    }
  }
  const sum = (pid: number): number =>
    (memory.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return sum(root);
}
