/** `make preview STACK=production`: what a pull request sees, without credentials. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { COMPONENT_TYPES, type ServiceSummary } from "../budget/summaries";
import { print, runCommand } from "../sandbox/command";
import { stacksOf } from "../sandbox/engine/project";
import type { StackRun } from "../sandbox/engine/stack";
import { ROOT } from "../sandbox/paths";
import { alone, prepareToolchain, preview } from "../sandbox/sandbox";
import { describeChanges, printFindings } from "../sandbox/terminal";
import { UserError } from "../sandbox/user-error";
import { previewPage } from "./preview-report/page";
import { stackModel } from "./preview-report/stack-model";

/** The plan as other programs read it: `[{urn,type,name,parent,inputs}]`. */
function planOf(run: StackRun): object[] {
  return run.resources.map(({ urn, type, name, parent, inputs }) => ({ urn, type, name, parent, inputs }));
}

function printServices(run: StackRun): void {
  for (const { inputs } of run.resources.filter(({ type }) => type === COMPONENT_TYPES.elasticService)) {
    const { workload, replicas, demand } = inputs as unknown as ServiceSummary;
    const target = (replicas.targetUtilization * 100).toFixed(0);
    print(
      `  ${workload.padEnd(20)} ${replicas.min} to ${replicas.max} pods at ${target} % CPU, for ${demand.baseRps} to ${demand.peakRps} requests/s`,
    );
  }
}

runCommand(async () => {
  const stack = process.argv[2];
  if (stack === undefined || stack === "") {
    throw new UserError("no stack was named", `run make preview STACK=<${stacksOf(ROOT).join("|")}>`);
  }
  return await alone(print, async () => {
    const toolchain = await prepareToolchain(print);
    const abort = new AbortController();
    process.once("SIGTERM", () => abort.abort());
    process.on("SIGINT", () => print("interrupted: waiting for the engine to stop in good order"));
    const run = await preview(
      { stack, policyPacks: [join(ROOT, "policies")], signal: abort.signal },
      toolchain,
      print,
    );

    const folder = join(ROOT, "build", "preview");
    mkdirSync(folder, { recursive: true });
    const [plan, page] = [join(folder, `${stack}.json`), join(folder, `${stack}.html`)];
    writeFileSync(plan, `${JSON.stringify(planOf(run), undefined, 2)}\n`);
    writeFileSync(page, previewPage(stackModel(stack, run)));

    printServices(run);
    printFindings(run, print);
    const violations = run.policyEvents.filter(
      ({ enforcementLevel }) => enforcementLevel === "mandatory",
    ).length;
    const kept = run.succeeded && violations === 0;
    const planned = describeChanges(run.changes)
      .replaceAll("created", "to create")
      .replaceAll("updated", "to update");
    const verdict = kept
      ? `The promise can be kept: ${planned}.`
      : `The preview of "${stack}" failed${violations > 0 ? `: ${violations} mandatory violation${violations > 1 ? "s" : ""}` : ""}.`;
    print(`\n${verdict} (${run.durationSeconds.toFixed(0)} s)`);
    print(`  ${relative(ROOT, page)}    the plan as a page`);
    print(`  ${relative(ROOT, plan)}    every resource with its inputs`);
    return kept ? 0 : 1;
  });
});
