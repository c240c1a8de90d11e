import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  haProxyConf,
  type HaProxyConfArgs,
} from "../../components/load-balancing/proxy/haproxy/haproxy-conf";
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

/** What a test decides; only addresses and paths are this machine's. */
export type RenderedHaProxy = Omit<HaProxyConfArgs, "listen" | "scratch">;

export type RunningHaProxy = RunningServer<RenderedHaProxy>;

/** Starts HAProxy with the text that the component renders, in the mode that the component runs it in. */
export function startHaProxy(
  args: RenderedHaProxy,
  version: Program = program("haproxy"),
): Promise<RunningHaProxy> {
  return startServer((place) => new HaProxyServer(version, place), args);
}

/** `haproxy -c` over a text: its exit code, and what it says. */
export function checkHaProxyConf(text: string): Promise<{ code: number | null; output: string }> {
  return checkConf(text, "haproxy.cfg", (directory) =>
    // 3.2 says that it is valid only if it is asked to talk.
    spawnProxy(program("haproxy").path, ["-c", "-V", "-f", join(directory, "haproxy.cfg")]),
  );
}

class HaProxyServer extends ProxyServer<RenderedHaProxy> {
  constructor(
    private readonly version: Program,
    place: Place,
  ) {
    super(version.name, "SIGUSR1", place);
  }

  /** SIGUSR2. */
  async reload(args: RenderedHaProxy): Promise<void> {
    await this.write(args);
    const { child } = this;
    const before = await this.workers();
    // A master that has just started is replaced by itself, and may lose what it is told meanwhile.
    const again = setInterval(() => child.kill("SIGUSR2"), 2000);
    child.kill("SIGUSR2");
    const taken = async (): Promise<boolean> => {
      const added = (await this.workers()).filter((pid) => !before.includes(pid));
      // The new worker answers once it has taken the sockets over.
      return added.length > 0 && (await this.answers());
    };
    try {
      await eventually("a new worker of HAProxy", taken, Boolean, { withinMs: START_TIMEOUT_MS });
    } catch (error) {
      throw new Error(`HAProxy has not reloaded:\n${this.stderr}`, { cause: error });
    } finally {
      clearInterval(again);
    }
  }

  override async quit(): Promise<number | null> {
    const { child } = this;
    const again = setInterval(() => child.kill("SIGUSR1"), 1000);
    try {
      return await super.quit();
    } finally {
      clearInterval(again);
    }
  }

  protected async write(args: RenderedHaProxy): Promise<void> {
    const { directory, listen } = this;
    await writeFile(join(directory, "haproxy.cfg"), haProxyConf({ ...args, listen, scratch: directory }));
  }

  protected run(): ChildProcess {
    const { directory } = this;
    const pid = join(directory, "haproxy.pid");
    return spawnProxy(this.version.path, ["-W", "-db", "-p", pid, "-f", join(directory, "haproxy.cfg")]);
  }

  protected logged(): string[] {
    return this.stdout.split("\n").filter((line) => line.startsWith("{"));
  }
}
