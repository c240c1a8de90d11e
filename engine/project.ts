/**
 * The project as the sandbox's engine sees it: a folder whose Pulumi.yaml points back at the checkout. The engine
 * writes an encryption salt into the stack files of the project it runs; here it writes into copies, and the
 * checkout stays clean.
 */
import { cpSync, existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { LineCounter, parseDocument, visit } from "yaml";

import { SANDBOX, ensureDirectory } from "../cli/paths";
import { UserError } from "../cli/user-error";

const STACK_FILE = /^Pulumi\.[^.]+\.yaml$/;

/** Names of the stacks a project has files for. */
export function stacksOf(projectDirectory: string): string[] {
  return readdirSync(projectDirectory)
    .filter((file) => STACK_FILE.test(file))
    .map((file) => file.split(".")[1] ?? "");
}

/**
 * Brings the copy up to date.
 *
 * @param projectDirectory folder with the Pulumi.yaml of the program
 * @param stack the only one whose file has to be sound. @default none: each file is judged when its stack is run
 * @returns the folder to run the engine in
 * @throws UserError when there is no project, or the file of the stack is not YAML or has a number that is not finite
 */
export function mirrorProject(
  projectDirectory: string,
  stack?: string,
  mirror = join(SANDBOX, "project"),
): string {
  ensureDirectory(mirror);
  const project = readYaml(join(projectDirectory, "Pulumi.yaml"));
  const main = relative(
    mirror,
    join(projectDirectory, typeof project["main"] === "string" ? project["main"] : "."),
  );
  writeFileSync(join(mirror, "Pulumi.yaml"), JSON.stringify({ ...project, main }));
  for (const name of stack === undefined ? stacksOf(projectDirectory) : [stack]) {
    try {
      mirrorStackFile(projectDirectory, mirror, name);
    } catch (error) {
      if (stack !== undefined) throw error;
      cpSync(join(projectDirectory, `Pulumi.${name}.yaml`), join(mirror, `Pulumi.${name}.yaml`));
    }
  }
  for (const pack of policyPacks(projectDirectory)) {
    // So that `--policy-pack policies` means the same folder as in the checkout.
    if (!existsSync(join(mirror, pack))) symlinkSync(join(projectDirectory, pack), join(mirror, pack), "dir");
  }
  return mirror;
}

function mirrorStackFile(projectDirectory: string, mirror: string, stack: string): void {
  const file = `Pulumi.${stack}.yaml`;
  const salt = existsSync(join(mirror, file))
    ? (readYaml(join(mirror, file))["encryptionsalt"] as string | undefined)
    : undefined;
  // A stack file that has a salt or a secrets provider of its own keeps it.
  const own = readYaml(join(projectDirectory, file));
  cpSync(join(projectDirectory, file), join(mirror, file));
  if (salt === undefined || own["encryptionsalt"] !== undefined || own["secretsprovider"] !== undefined)
    return;
  const text = readFileSync(join(mirror, file), "utf8");
  writeFileSync(join(mirror, file), `encryptionsalt: ${salt}\n${text}`);
}

function policyPacks(projectDirectory: string): string[] {
  return readdirSync(projectDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => existsSync(join(projectDirectory, name, "PulumiPolicy.yaml")));
}

function readYaml(path: string): Record<string, unknown> {
  if (!existsSync(path)) {
    throw new UserError(`there is no ${path}`, "run the command in the folder of the project");
  }
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, "utf8"), { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new UserError(`${path} is not valid YAML: ${error.message.split("\n")[0]}`, "correct the file");
  }
  visit(document, {
    Scalar(_key, { value, source, range }) {
      if (typeof value !== "number" || Number.isFinite(value)) return;
      // The engine would refuse the whole file, and not say where.
      throw new UserError(
        `${path}:${lines.linePos(range?.[0] ?? 0).line} has the value ${source}, which is no finite number`,
        "write the number, leave the key out, or put text in quotation marks",
      );
    },
  });
  return (document.toJS() ?? {}) as Record<string, unknown>;
}
