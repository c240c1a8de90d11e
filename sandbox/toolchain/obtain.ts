/**
 * Finds a program on PATH or in the cache, downloads it from its official place, or builds it from the pinned Go
 * module, in that order.
 */
import { execFile, spawn } from "node:child_process";
import { accessSync, constants, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { cacheDirectory, ensureDirectory, fingerprint } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { withLock } from "../../cli/lock";
import { download } from "./downloads";
import { moduleDirectory, type Program } from "./programs";

const run = promisify(execFile);

/** Where a program came from. */
export type Origin = "path" | "cache" | "download" | "build";

export interface Obtained {
  readonly name: string;
  readonly path: string;
  readonly origin: Origin;
}

export interface ObtainOptions {
  /** Told one line at a time what is being done. */
  readonly progress: (line: string) => void;
  /** Ways that may be used. @default RETROFITLINK_TOOLCHAIN, a comma-separated list, or all of them */
  readonly ways?: readonly Origin[];
}

const ALL_WAYS: readonly Origin[] = ["path", "cache", "download", "build"];

function allowedWays(): readonly Origin[] {
  const given = process.env["RETROFITLINK_TOOLCHAIN"];
  if (given === undefined || given === "") return ALL_WAYS;
  const ways = given.split(",").map((way) => way.trim());
  const unknown = ways.filter((way) => !(ALL_WAYS as readonly string[]).includes(way));
  if (unknown.length > 0) {
    throw new UserError(
      `RETROFITLINK_TOOLCHAIN names ${unknown.join(", ")}; allowed are ${ALL_WAYS.join(", ")}`,
      "correct or unset the variable",
    );
  }
  return ways as Origin[];
}

/** Folder of the cache for one pinned module: a new pin, platform or flag makes a new folder. */
export function programCache(program: Program): string {
  const { module, linkerFlags } = program.build;
  const folder = moduleDirectory(module);
  const key = fingerprint(
    [join(folder, "go.mod"), join(folder, "go.sum")],
    process.platform,
    process.arch,
    linkerFlags,
  );
  return join(cacheDirectory(), `${module}-${key}`, "bin");
}

/** Whether the pinned program is there without a download or a build. */
export function isCached(program: Program): boolean {
  return allowedWays().includes("cache") && isExecutable(join(programCache(program), program.name));
}

/**
 * The path of a program that works.
 *
 * @throws UserError that lists what was tried and what to do, when no way led to the program
 */
export async function obtain(program: Program, options: ObtainOptions): Promise<Obtained> {
  const ways = options.ways ?? allowedWays();
  const tried: string[] = [];
  const cached = join(programCache(program), program.name);

  if (ways.includes("path") && program.versionArguments !== undefined) {
    const found = await onPath(program);
    if (found !== undefined) return { name: program.name, path: found, origin: "path" };
    tried.push(`on PATH: no ${program.name} ${program.wanted}`);
  }
  if (ways.includes("cache") && isExecutable(cached)) {
    return { name: program.name, path: cached, origin: "cache" };
  }

  ensureDirectory(programCache(program));
  const waiting = (): void => options.progress(`waiting for another run that is getting ${program.name}`);
  return await withLock(`${cached}.lock`, waiting, async () => {
    // Another run may have put it there while this one waited.
    if (ways.includes("cache") && isExecutable(cached)) {
      return { name: program.name, path: cached, origin: "cache" };
    }
    if (ways.includes("download")) {
      const problem = await download(program, cached, options.progress);
      if (problem === undefined) return { name: program.name, path: cached, origin: "download" };
      tried.push(`official download: ${problem}`);
    }
    if (ways.includes("build")) {
      const problem = await build(program, cached, options.progress);
      if (problem === undefined) return { name: program.name, path: cached, origin: "build" };
      tried.push(`build from sandbox/toolchain/${program.build.module}: ${problem}`);
    }
    throw new UserError(
      `${program.name} is missing and could not be had:\n${tried.map((line) => `  - ${line}`).join("\n")}`,
      `put ${program.name} ${program.wanted} on PATH, or install Go 1.26 and give this machine access to a Go module proxy`,
    );
  });
}

async function onPath(program: Program): Promise<string | undefined> {
  const { versionArguments = [] } = program;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const candidate = join(folder, program.name);
    if (folder === "" || !isExecutable(candidate)) continue;
    if (program.accepts(await versionOf(candidate, versionArguments))) return candidate;
  }
  return undefined;
}

async function versionOf(path: string, versionArguments: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(path, [...versionArguments], { timeout: 20_000 });
    return stdout + stderr;
  } catch {
    return "";
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Builds into a temporary name and renames, so that an interrupted build never looks like a program. */
async function build(
  program: Program,
  target: string,
  progress: (line: string) => void,
): Promise<string | undefined> {
  const folder = moduleDirectory(program.build.module);
  const started = Date.now();
  progress(
    `building ${program.name} from its pinned Go module (about ${program.build.takes} on two cores, once)`,
  );
  const partial = `${target}.partial`;
  const problem = await goBuild(program, folder, partial, progress);
  if (problem !== undefined) {
    rmSync(partial, { force: true });
    return problem;
  }
  renameSync(partial, target);
  progress(`built ${program.name} in ${Math.round((Date.now() - started) / 1000)} s`);
  return undefined;
}

/** The linker drops debug information in any case (-s -w), and making it takes a fifth of the time of a build. */
const NO_DEBUG_INFORMATION = "-dwarf=false";

/** Compilers end before garbage matters: a build without collection takes a tenth less. Beyond the limit they collect all the same. */
const HARDLY_COLLECTED = { GOGC: "off", GOMEMLIMIT: "1GiB" };

function goBuild(
  program: Program,
  folder: string,
  target: string,
  progress: (line: string) => void,
): Promise<string | undefined> {
  const { linkerFlags, idlePackages = [], package: goPackage } = program.build;
  // No -trimpath: it writes the required version of a replaced module into each package, and what two modules share would be
  // compiled twice.
  const compilerFlags = [
    `-gcflags=all=${NO_DEBUG_INFORMATION}`,
    ...idlePackages.map((pattern) => `-gcflags=${pattern}=${NO_DEBUG_INFORMATION} -l`),
  ];
  const args = ["build", "-v", ...compilerFlags, "-ldflags", `-s -w ${linkerFlags}`, "-o", target, goPackage];
  return new Promise((resolve) => {
    const go = spawn("go", args, { cwd: folder, env: { ...process.env, CGO_ENABLED: "0", ...HARDLY_COLLECTED } });
    let packages = 0;
    const errors: string[] = [];
    const ticker = setInterval(() => {
      if (packages > 0) progress(`  ${program.name}: ${packages} packages compiled`);
    }, 15_000);
    go.stderr.setEncoding("utf8");
    go.stderr.on("data", (text: string) => {
      for (const line of text.split("\n").filter((part) => part !== "")) {
        // With -v go prints the import path of each package; everything else is a complaint.
        if (/^[\w./@~-]+$/.test(line)) packages++;
        else if (!line.startsWith("go: downloading")) errors.push(line);
      }
    });
    go.on("error", (error: NodeJS.ErrnoException) => {
      clearInterval(ticker);
      resolve(error.code === "ENOENT" ? "Go is not installed" : error.message);
    });
    go.on("close", (code) => {
      clearInterval(ticker);
      resolve(code === 0 ? undefined : errors.slice(-3).join("; ") || `go build ended with ${code}`);
    });
  });
}
