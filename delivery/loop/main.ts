/** `make loop`: a scripted load, and the real controllers that scale by it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { QUICK_CONTROLLER, type Workload } from "../../sandbox/loop/objects";
import { runLoop, wronglyLowered, type Step } from "../../sandbox/loop/run";
import { alone, liveClusterParts, prepareToolchain } from "../../sandbox/sandbox";
import { loopPage } from "./page";

const FOLDER = join(ROOT, "build", "loop");

/** One moment in the terminal. */
function line({ second, load, needed, workloads, event }: Step): string {
  const pods = Object.entries(workloads)
    .map(
      ([name, { wanted, ready }]) =>
        `${name} ${String(wanted).padStart(2)} wanted ${String(ready).padStart(2)} ready`,
    )
    .join("   ");
  const told = event === undefined ? "" : `   <- ${event}`;
  return `${String(second).padStart(4)} s ${String(load).padStart(5)}/s  needs ${String(needed).padStart(2)}   ${pods}${told}`;
}

/** What came of a workload, and whether it is as it has to be. */
function outcome(steps: readonly Step[], name: Workload): { readonly text: string; readonly good: boolean } {
  const wanted = steps.flatMap(({ workloads }) => workloads[name]?.wanted ?? []);
  const [first = 0, last = 0, most] = [wanted[0], wanted[wanted.length - 1], Math.max(0, ...wanted)];
  const lowered = wronglyLowered(steps, name);
  const cut = steps.find(({ second }) => second === lowered[0]?.second);
  const kept =
    cut === undefined
      ? "never lowered below what the load needs"
      : `lowered to ${cut.workloads[name]?.wanted} at ${cut.second} s, when the load needed ${cut.needed}`;
  const good = most > first && last < most && cut === undefined;
  return { text: `${name}: ${first} -> ${most} -> ${last} pods, ${kept}`, good };
}

runCommand(
  async () =>
    await alone(print, async () => {
      const toolchain = await prepareToolchain(print);
      if (toolchain.kedaOperator === undefined) {
        print("without KEDA, which takes 10 to 15 minutes to build: make loop KEDA=1");
      }
      const abort = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort());
      const steps = await runLoop({
        parts: liveClusterParts(toolchain, QUICK_CONTROLLER),
        progress: print,
        onStep: (step) => print(line(step)),
        signal: abort.signal,
      });
      const names = Object.keys(steps[0]?.workloads ?? {}) as Workload[];
      const outcomes = names.map((name) => outcome(steps, name));
      mkdirSync(FOLDER, { recursive: true });
      const [page, data] = [join(FOLDER, "report.html"), join(FOLDER, "steps.json")];
      writeFileSync(page, loopPage(steps, outcomes));
      writeFileSync(data, `${JSON.stringify(steps, undefined, 2)}\n`);
      print("");
      for (const { text, good } of outcomes) print(`${good ? "ok    " : "broken"} ${text}`);
      print(`  ${relative(ROOT, page)}    the same as a picture`);
      return outcomes.every(({ good }) => good) ? 0 : 1;
    }),
);
