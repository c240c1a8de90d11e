import type { ChildProcess } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nginxConf, type NginxConfArgs } from "../../components/load-balancing/proxy/nginx/nginx-conf";
import { eventually } from "./eventually";
import { program, type Program } from "./programs";
import {
  checkConf,
  ProxyServer,
  spawnProxy,
  START_TIMEOUT_MS,
  startServer,
  type Place,
  type RunningServer,
} from "./proxy-server";

/** What a test decides; only addresses and paths are this machine's, and how its version is asked for HTTP/2. */
export type RenderedNginx = Omit<NginxConfArgs, "listen" | "scratch" | "accessLog" | "http2">;

export type RunningNginx = RunningServer<RenderedNginx>;

/** Starts nginx with the text that the component renders. */
export function startNginx(args: RenderedNginx, version: Program = program("nginx")): Promise<RunningNginx> {
  return startServer((place) => new NginxServer(version, place), args);
}

/** `nginx -t` over a text: its exit code, and what it says. */
export function checkNginxConf(text: string): Promise<{ code: number | null; output: string }> {
  return checkConf(text, "nginx.conf", (directory) => spawnNginx(program("nginx"), directory, ["-t"]));
}

/** How a version is asked for HTTP/2: Debian's writes it the old way. */
export function http2Of({ deployed }: Program): "directive" | "listen" {
  return deployed ? "directive" : "listen";
}

class NginxServer extends ProxyServer<RenderedNginx> {
  constructor(
    private readonly version: Program,
    place: Place,
  ) {
    super(version.name, "SIGQUIT", place);
  }

  /** SIGHUP. */
  async reload(args: RenderedNginx): Promise<void> {
    await this.write(args);
    const before = await this.workers();
    this.child.kill("SIGHUP");
    await eventually(
      "new workers of nginx",
      () => this.workers(),
      (now) => now.filter((pid) => !before.includes(pid)).length >= args.plan.workers,
      { withinMs: START_TIMEOUT_MS },
    );
  }

  protected async write(args: RenderedNginx): Promise<void> {
    const { directory, listen } = this;
    const accessLog = join(directory, "access.log");
    const conf = nginxConf({ ...args, listen, scratch: directory, accessLog, http2: http2Of(this.version) });
    await writeFile(join(directory, "nginx.conf"), conf);
  }

  protected run(): ChildProcess {
    return spawnNginx(this.version, this.directory, ["-g", foreground()]);
  }

  protected async logged(): Promise<string[]> {
    return (await readFile(join(this.directory, "access.log"), "utf8")).split("\n").slice(0, -1);
  }
}

function spawnNginx({ path }: Program, directory: string, args: readonly string[]): ChildProcess {
  return spawnProxy(path, ["-p", directory, "-c", join(directory, "nginx.conf"), ...args]);
}

/** Started by root its workers would change to a user who cannot read this directory. */
function foreground(): string {
  return process.getuid?.() === 0 ? "daemon off; user root;" : "daemon off;";
}
