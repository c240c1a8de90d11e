/** `make preview STACK=production`: what a pull request sees, without credentials. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { print, runCommand } from "../cli/command";
import { stacksOf } from "../engine/project";
import type { StackRun } from "../engine/stack";
import { ROOT } from "../cli/paths";
import { alone, prepareToolchain, preview } from "../sandbox/sandbox";
import { printFindings } from "../engine/terminal";
import { UserError } from "../cli/user-error";
import { previewPage } from "./preview-report/page";
import { stackModel } from "./preview-report/stack-model";
import { planLines, verdictLine } from "./preview-report/terminal";
import { verdictOf } from "./preview-report/verdict";

const FOLDER = join(ROOT, "build", "preview");

/** The stack to preview. @throws UserError before anything is prepared, when it is not one of the project's */
function namedStack(): string {
  const stack = process.argv[2] ?? "";
  const known = stacksOf(ROOT);
  const next = `run make preview STACK=<${known.join("|")}>`;
  if (stack === "") throw new UserError("no stack was named", next);
  if (!known.includes(stack)) throw new UserError(`there is no stack "${stack}"`, next);
  return stack;
}

/** The plan as other programs read it: `[{urn,type,name,parent,inputs}]`. */
function planOf(run: StackRun): object[] {
  return run.resources.map(({ urn, type, name, parent, inputs }) => ({ urn, type, name, parent, inputs }));
}

runCommand(async () => {
  const stack = namedStack();
  return await alone(print, async () => {
    const [plan, page] = [join(FOLDER, `${stack}.json`), join(FOLDER, `${stack}.html`)];
    // What is there afterwards is of this run, also when it cannot begin.
    for (const file of [plan, page]) rmSync(file, { force: true });

    const toolchain = await prepareToolchain(print);
    const abort = new AbortController();
    process.once("SIGTERM", () => abort.abort());
    // A terminal sends the interrupt to the engine as well, which stops in good order; this only waits for it.
    process.on("SIGINT", () => print("interrupted: waiting for the engine to stop in good order"));
    const run = await preview(
      { stack, policyPacks: [join(ROOT, "policies")], signal: abort.signal },
      toolchain,
      print,
    );

    const model = stackModel(stack, run);
    for (const line of planLines(model)) print(line);
    printFindings(run, print);
    print(`\n${verdictLine(model)} (${run.durationSeconds.toFixed(0)} s)`);
    if (run.resources.length > 0) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(plan, `${JSON.stringify(planOf(run), undefined, 2)}\n`);
      writeFileSync(page, previewPage(model));
      print(`  ${relative(ROOT, page)}    the plan as a page`);
      print(`  ${relative(ROOT, plan)}    every resource with its inputs`);
    }
    const { kind } = verdictOf(model);
    return kind === "kept" || kind === "open" ? 0 : 1;
  });
});
