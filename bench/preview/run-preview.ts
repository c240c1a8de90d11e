/** One preview of a project: `run-preview.ts <project> <pulumi> <kubeconfig> [file for the resources]`. */
import { writeFileSync } from "node:fs";

import { runStack } from "../../engine/stack";

async function main(): Promise<void> {
  const [projectDirectory = "", pulumi = "", kubeconfig = "", file] = process.argv.slice(2);
  const run = await runStack({ operation: "preview", stack: "bench", projectDirectory, pulumi, kubeconfig });
  if (!run.succeeded) throw new Error(run.errors.join("\n"));
  if (file !== undefined) writeFileSync(file, JSON.stringify(run.resources));
  process.stdout.write(String(run.resources.length));
}

void main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
