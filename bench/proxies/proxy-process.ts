/** A real nginx or HAProxy that runs from a text, and the CPU it has used. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import type { ProxyKind } from "../../budget/load-balancing/proxy";
import { CORES, onCore } from "../harness/cores";
import { freePort } from "../../cli/free-port";

/** Where a configuration is started. */
export interface Place {
  readonly directory: string;
  /** Port of 127.0.0.1 that clients call. */
  readonly port: number;
  /** A port besides, for the status of the proxies that have one. */
  readonly statusPort: number;
}

export interface ProxyProcess {
  readonly port: number;
  /** CPU time of all its processes so far, seconds. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Ticks of /proc a second. */
const TICKS_PER_SECOND = 100;

/**
 * @param core of the machine, to which it is pinned
 * @throws when it does not listen within ten seconds
 */
export async function startProxy(
  proxy: ProxyKind,
  configuration: (place: Place) => string,
  core: number = CORES.measured,
): Promise<ProxyProcess> {
  const directory = await mkdtemp(join(tmpdir(), `bench-${proxy}-`));
  const place = { directory, port: await freePort(), statusPort: await freePort() };
  const file = join(directory, "proxy.conf");
  await writeFile(file, configuration(place));
  const user = process.getuid?.() === 0 ? "user root; " : "";
  const [program, args] =
    proxy === "nginx"
      ? (["/usr/sbin/nginx", ["-p", directory, "-c", file, "-g", `${user}daemon off;`]] as const)
      : (["/usr/sbin/haproxy", ["-W", "-db", "-f", file]] as const);
  // HAProxy's access log goes nowhere: what a container's runtime does with it is the same for all.
  const child = spawn(...onCore(core, program, args), {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
  await listening(child, program, place.port, () => said);
  return {
    port: place.port,
    cpuSeconds: () => cpuTicks(child.pid ?? 0) / TICKS_PER_SECOND,
    stop: async () => {
      if (child.exitCode === null) {
        const gone = once(child, "exit");
        child.kill("SIGTERM");
        await gone;
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function listening(
  child: ChildProcess,
  program: string,
  port: number,
  said: () => string,
): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} did not start: ${said()}`);
    const socket = connect(port, "127.0.0.1");
    const there = await Promise.race([
      once(socket, "connect").then(
        () => true,
        () => false,
      ),
      pause(500, false),
    ]);
    socket.destroy();
    if (there) return;
    if (Date.now() > deadline) throw new Error(`${program} does not listen: ${said()}`);
    await pause(50);
  }
}

/** utime and stime of a process and of all below it. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.split(" ") ?? [];
  const own = Number(fields[11]) + Number(fields[12]);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const ids = children === "" ? [] : children.split(" ").map(Number);
  return ids.reduce((sum, id) => sum + cpuTicks(id), own);
}
