/** `make up`, `make down` and the pieces around them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { runningCluster } from "./cluster/cluster";
import { print, runCommand } from "../cli/command";
import { engineEnvironment } from "../engine/environment";
import { mirrorProject } from "../engine/project";
import type { StackRun } from "../engine/stack";
import { ROOT } from "../cli/paths";
import { alone, down, prepareToolchain, programsOf, up, type Toolchain } from "./sandbox";
import { describeChanges, isUnchanged, printChanges, printFindings } from "../engine/terminal";
import { UserError } from "../cli/user-error";

const STACK = "local";
const REPORT = join(ROOT, "build", "up", `${STACK}.json`);

async function commandUp(): Promise<number> {
  return await alone(print, async () => {
    const started = Date.now();
    const toolchain = await prepareToolchain(print);
    print(`toolchain: ${describeToolchain(toolchain)}`);
    const abort = new AbortController();
    process.once("SIGTERM", () => abort.abort());
    // A terminal sends the interrupt to the engine as well, which stops in good order; this only waits for it.
    process.on("SIGINT", () => print("interrupted: waiting for the engine to stop in good order"));
    const { cluster, run } = await up(
      {
        stack: STACK,
        policyPacks: [join(ROOT, "policies")],
        onEvent: printChanges(print),
        signal: abort.signal,
      },
      toolchain,
      print,
    );
    printFindings(run, print);
    writeReport(run, cluster.server);
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    if (!run.succeeded) {
      print(
        `\nThe stack "${STACK}" is not up (${seconds} s). What was made is kept; mend the cause, run \`make up\` again.`,
      );
      return 1;
    }
    const state = isUnchanged(run.changes) ? "is up, no changes" : "is up";
    print(`\nThe stack "${STACK}" ${state} (${seconds} s): ${describeChanges(run)}.`);
    printNextSteps(toolchain, cluster.kubeconfig);
    return 0;
  });
}

function describeToolchain(toolchain: Toolchain): string {
  return programsOf(toolchain)
    .map(({ name, origin }) => `${name} (${origin})`)
    .join(", ");
}

function printNextSteps(toolchain: Toolchain, kubeconfig: string): void {
  const kubectl = toolchain.kubectl.origin === "path" ? "kubectl" : toolchain.kubectl.path;
  print("Look at it:");
  const look = `  ${kubectl} --kubeconfig ${relative(process.cwd(), kubeconfig)}`;
  print(`${look} get pods -A -o wide`);
  print(`${look} top pods`);
  print(`  ${relative(ROOT, REPORT)}             every resource with its inputs`);
  print("  make preview STACK=local           the same as a page: topology, derived numbers, policies");
  print("  make down                          removes it");
}

function writeReport(run: StackRun, server: string): void {
  mkdirSync(dirname(REPORT), { recursive: true });
  const { resources, outputs, changes, policyEvents, succeeded, durationSeconds } = run;
  const report = { succeeded, server, durationSeconds, changes, outputs, policyEvents, resources };
  writeFileSync(REPORT, `${JSON.stringify(report, undefined, 2)}\n`);
}

async function commandDown(): Promise<number> {
  const clusters = await alone(print, down);
  rmSync(dirname(REPORT), { recursive: true, force: true });
  const what = clusters.length === 0 ? "nothing was up" : `stopped ${clusters.join(", ")}`;
  print(`${what}; the sandbox's files are removed, the toolchain's cache is kept`);
  return 0;
}

async function commandToolchain(): Promise<number> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const toolchain = await prepareToolchain(progress);
  for (const program of programsOf(toolchain)) {
    print(`${program.name.padEnd(24)} ${program.origin.padEnd(9)} ${program.path}`);
  }
  return 0;
}

/** Shell commands after which the plain `pulumi` and `kubectl` work on the sandbox. */
async function commandEnv(): Promise<number> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const { pulumi, kubectl } = await prepareToolchain(progress);
  const cluster = await runningCluster(STACK);
  if (cluster === undefined) progress("the API server is not running; start it with `make up`");
  const environment = engineEnvironment({
    pulumi: pulumi.path,
    ...(cluster === undefined ? {} : { kubeconfig: cluster.kubeconfig }),
  });
  const path = `${environment["PATH"]}:${dirname(kubectl.path)}`;
  const project = mirrorProject(ROOT);
  for (const [name, value] of Object.entries({ ...environment, PATH: path })) {
    print(`export ${name}='${value.replaceAll("'", `'\\''`)}'`);
  }
  // The engine writes an encryption salt into the stack files of its project; these are copies.
  print(`pulumi() { command pulumi -C '${project}' "$@"; }`);
  return 0;
}

const COMMANDS: Readonly<Record<string, () => Promise<number>>> = {
  up: commandUp,
  down: commandDown,
  env: commandEnv,
  toolchain: commandToolchain,
};

runCommand(async () => {
  const name = process.argv[2] ?? "";
  const command = COMMANDS[name];
  if (command === undefined) {
    throw new UserError(`unknown command "${name}"; there is ${Object.keys(COMMANDS).join(", ")}`);
  }
  return await command();
});
