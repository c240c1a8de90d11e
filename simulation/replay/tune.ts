/** `make tune TRACE=load.csv`: the settings that keep every promise at the least cost. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { TASK_OPTIONS, readOptions, readTask, stackConfig } from "./command";
import { serviceObjects } from "./objects";
import { mistakesAsUserErrors } from "./pool";
import { boundsOf } from "./replay";
import { search } from "./search";
import { marginFor } from "./stack";
import { tunePage } from "./tune-page";
import { stackFileBlock } from "./tuned-settings";

runCommand(async () => {
  const options = readOptions(TASK_OPTIONS);
  const started = Date.now();
  const { stack, context: told } = await readTask(options).catch((error: unknown) =>
    mistakesAsUserErrors<never>(() => {
      throw error;
    }),
  );
  // What is tried follows requests or CPU. The trigger of a queue stands beside it, and only raises.
  const context = { ...told, script: { ...told.script, queues: [] } };
  if (told.script.queues.length > 0) print("queues are left out: their triggers stay as they are");
  const { best, tried } = await search(context, print);
  const { service, manifests, script } = context;
  const { autoscaler } = serviceObjects(manifests, service.name);
  const [, renderedMax] = boundsOf(autoscaler);
  const { max } = best.settings;
  const margin = max === renderedMax ? undefined : marginFor(stackConfig(stack), service.name, max);
  const needsKeda =
    autoscaler.kind === "keda" && autoscaler.object.triggers.some(({ kind }) => kind !== "prometheus");
  const { startSeconds: nodeStartSeconds } = script.nodes;
  const block = stackFileBlock(best, service, { margin, nodeStartSeconds, needsKeda });
  const folder = join(ROOT, "build", "simulation");
  mkdirSync(folder, { recursive: true });
  const [html, json] = [join(folder, "tune.html"), join(folder, "tune.json")];
  writeFileSync(html, tunePage(stack, context, best, tried, block));
  writeFileSync(
    json,
    `${JSON.stringify({ version: 1, stack, best, tried: Object.fromEntries(tried) }, undefined, 2)}\n`,
  );
  print(
    best.violations === 0
      ? `every promise is kept for ${best.cost.toFixed(0)} (${best.podHours.toFixed(0)} pod-hours)`
      : `no settings keep every promise: ${best.violations} minutes stay broken, at ${best.cost.toFixed(0)}`,
  );
  if (best.headroomPods > 0) print(`with room for ${best.headroomPods} pods kept free`);
  print(`\n${block}`);
  print(
    `  ${relative(ROOT, html)}    cost against broken minutes (${((Date.now() - started) / 1000).toFixed(0)} s)`,
  );
  return best.violations === 0 ? 0 : 1;
});
