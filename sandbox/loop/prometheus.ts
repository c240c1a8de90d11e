/** A real Prometheus that can be killed and comes back with what it knew. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "../../cli/free-port";
import { UserError } from "../../cli/user-error";
import {
  lastLogLines,
  runningPid,
  startInBackground,
  stopInBackground,
  type BackgroundProcess,
} from "../cluster/processes";
import { prometheusIn } from "../monitoring/servers";

const READY_WITHIN_MS = 30_000;

export class Prometheus {
  private constructor(
    private readonly process: BackgroundProcess,
    readonly address: string,
  ) {}

  /** @param target address with a port, scraped every second */
  static async start(directory: string, target: string): Promise<Prometheus> {
    const folder = join(directory, "prometheus");
    mkdirSync(folder, { recursive: true });
    const configuration = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      scrape_configs: [{ job_name: "loop", static_configs: [{ targets: [target] }] }],
    };
    writeFileSync(join(folder, "prometheus.yaml"), JSON.stringify(configuration));
    const one = new Prometheus({ name: "prometheus", directory: folder }, `127.0.0.1:${await freePort()}`);
    await one.begin();
    return one;
  }

  /** Starts it, or starts it again. @throws UserError when it ends, or is not ready in time */
  async begin(): Promise<void> {
    const { command, args, isReady } = prometheusIn(this.process.directory, this.address);
    startInBackground(this.process, command, args);
    for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(100)) {
      if (await isReady().catch(() => false)) return;
      if (runningPid(this.process) === undefined || Date.now() > deadline) {
        throw new UserError(
          `Prometheus does not run: ${lastLogLines(this.process, 1)}`,
          "install it with `make system-packages`",
        );
      }
    }
  }

  /** As a machine that fails would. */
  kill(): void {
    const pid = runningPid(this.process);
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  }

  async stop(): Promise<void> {
    await stopInBackground(this.process);
  }
}
