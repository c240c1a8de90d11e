/** Loaded by .mocharc.json before any spec: gives each test process a sandbox of its own inside build/. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

// Nothing here may load cli/paths.ts, which reads the variable that is set below.
import { CONTROLLER_NAMES } from "../../sandbox/cluster/controller-programs";
import { runningPid } from "../../sandbox/cluster/processes";
import { isAlive } from "../../cli/lock";

const PLACE = resolve(__dirname, "../../build/test");
const folder = join(PLACE, `sandbox-${process.pid}`);
mkdirSync(folder, { recursive: true });
process.env["RETROFITLINK_SANDBOX"] = folder;
removeAbandoned(PLACE);

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Folder for what a test writes. */
export const SCRATCH = join(folder, "scratch");
mkdirSync(SCRATCH, { recursive: true });

/** Ends the servers and removes the files of test processes that were killed. */
export function removeAbandoned(place: string): void {
  for (const name of readdirSync(place)) {
    const owner = /^sandbox-(\d+)$/.exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const clusters = join(place, name, "clusters");
    for (const cluster of existsSync(clusters) ? readdirSync(clusters) : []) {
      for (const program of [...CONTROLLER_NAMES, "kube-apiserver", "etcd"]) {
        const pid = runningPid({ name: program, directory: join(clusters, cluster) });
        if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
      }
    }
    rmSync(join(place, name), { recursive: true, force: true, maxRetries: 5 });
  }
}
