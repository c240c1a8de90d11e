import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

import { BIN, ROOT, ensureDirectory } from "../cli/paths";

/** Clouds that one stand-in plays. */
const CLOUDS = ["aws", "gcp", "cloudflare"] as const;

export interface ExecutableChoices {
  /** Folder of the `pulumi` program, where the official language host would be. */
  readonly pulumiDirectory: string;
  /** False leaves the providers to the official plugins. @default true */
  readonly standIns?: boolean;
}

/**
 * Writes the executables that the engine looks for on PATH by name.
 *
 * @returns the folder to put in front of PATH
 */
export function writeExecutables({ pulumiDirectory, standIns = true }: ExecutableChoices): string {
  rmSync(BIN, { recursive: true, force: true });
  ensureDirectory(BIN);
  if (!existsSync(join(pulumiDirectory, "pulumi-language-nodejs")) && !onPath("pulumi-language-nodejs")) {
    writeExecutable("pulumi-language-nodejs", "engine/language-host.ts");
  }
  if (standIns) {
    writeExecutable("pulumi-resource-kubernetes", "sandbox/providers/kubernetes/main.ts");
    writeExecutable("pulumi-resource-random", "sandbox/providers/random.ts");
    writeExecutable("pulumi-resource-mongodbatlas", "sandbox/providers/mongodbatlas.ts");
    for (const cloud of CLOUDS) {
      writeExecutable(`pulumi-resource-${cloud}`, "sandbox/providers/cloud.ts", cloud);
    }
  }
  return BIN;
}

function onPath(name: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function writeExecutable(name: string, program: string, ...args: string[]): void {
  const node = `"${dirname(process.execPath)}/node" -r "${join(ROOT, "node_modules/ts-node/register/transpile-only")}"`;
  const script = ["#!/bin/sh", `exec ${node} "${join(ROOT, program)}" "$@" ${args.join(" ")}`, ""].join("\n");
  writeFileSync(join(BIN, name), script);
  chmodSync(join(BIN, name), 0o755);
}
