/** Starts the service and the proxies, each on a core, and tells what they used of it. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Contender } from "./contenders";

/** A running program and what it started. */
export interface RunningServer {
  readonly port: number;
  /** CPU seconds that it and its workers have used so far. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** The kernel's clock ticks of `/proc/<pid>/stat`, per second. */
const TICKS_PER_SECOND = 100;

export const CORES = { proxy: 0, service: 1 } as const;

const ROOT_USER = process.getuid?.() === 0 ? "user root;" : "";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Answers of 1 KiB of JSON as fast as anything can: it must not be what limits a proxy. */
export async function startService(directory: string): Promise<RunningServer> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const body = JSON.stringify({ properties: "x".repeat(1000) });
  writeFileSync(
    join(directory, "nginx.conf"),
    `worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
  server { listen 127.0.0.1:${port} reuseport backlog=4096; default_type application/json; location / { return 200 '${body}'; } }
}`,
  );
  return await run("/usr/sbin/nginx", nginxArguments(directory), port, CORES.service);
}

export async function startContender(
  contender: Contender,
  directory: string,
  upstreamPort: number,
): Promise<RunningServer> {
  mkdirSync(directory, { recursive: true });
  const place = { port: await freePort(), statusPort: await freePort(), upstreamPort, directory };
  const file = join(directory, contender.program === "nginx" ? "nginx.conf" : "haproxy.cfg");
  writeFileSync(file, contender.config(place));
  return contender.program === "nginx"
    ? await run("/usr/sbin/nginx", nginxArguments(directory), place.port, CORES.proxy)
    : await run("/usr/sbin/haproxy", ["-db", "-q", "-f", file], place.port, CORES.proxy);
}

function nginxArguments(directory: string): string[] {
  return ["-p", directory, "-c", join(directory, "nginx.conf"), "-g", `daemon off; ${ROOT_USER}`];
}

async function run(program: string, args: readonly string[], port: number, core: number): Promise<RunningServer> {
  const child = spawn("taskset", ["-c", String(core), program, ...args], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const end = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop(child);
      throw new Error(`${program} does not answer:\n${complaint}`);
    }
    await sleep(20);
  }
  return { port, cpuSeconds: () => groupCpuSeconds(child.pid ?? -1), stop: () => stop(child) };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`)).status === 200;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    return;
  }
  await gone;
}

/** User and system time of every process of a group. */
function groupCpuSeconds(group: number): number {
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // The name of the program, in brackets, may contain spaces.
      const fields = readFileSync(`/proc/${entry}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      if (Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It ended between the listing and the reading.
    }
  }
  return ticks / TICKS_PER_SECOND;
}
