/** Builds what the clouds run as the image function: one zip for each, the same bytes from the same checkout. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";

import { build } from "esbuild";
import { zipSync, type Zippable } from "fflate";

import { UserError } from "../../cli/user-error";
import { standalonePackage, type LockFile } from "./standalone-lock";

/** A cloud, and the processor that its function runs on. */
export interface BundleTarget {
  readonly cloud: "aws" | "gcp";
  readonly cpu: "arm64" | "x64";
}

/** Lambda is a fifth cheaper on arm64; Cloud Run has x64 only. */
export const BUNDLE_TARGETS: readonly BundleTarget[] = [
  { cloud: "aws", cpu: "arm64" },
  { cloud: "gcp", cpu: "x64" },
];

/** What was built, as `<cloud>.json` beside `<cloud>.zip` says. */
export interface BundleRecord {
  readonly cloud: string;
  readonly platform: string;
  readonly sharp: string;
  /** Of the zip, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** Of the files in it, for Lambda's limit of 250 MiB. */
  readonly unpackedBytes: number;
  readonly files: number;
}

/** Kept out: what neither Node nor the licence needs at run time. */
const LEFT_OUT =
  /(\.d\.[cm]?ts|\.mjs|\.md|\.map|\.h|\.cc|\.gyp)$|\/(src|install|include|bin)\/|^node_modules\/\./;

/**
 * Builds the zip of one target into `out`. esbuild joins the function's own code and the cloud's client; sharp and its
 * prebuilt library come from npm for the target's system, by the checksums of this checkout's lock file.
 *
 * @throws UserError when npm or esbuild cannot
 */
export async function buildBundle(
  root: string,
  { cloud, cpu }: BundleTarget,
  out: string,
): Promise<BundleRecord> {
  mkdirSync(out, { recursive: true });
  const stage = mkdtempSync(join(out, `.${cloud}-`));
  try {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as LockFile;
    const standalone = standalonePackage("image-function", ["sharp"], lock);
    const entry = { ...standalone.manifest, main: `${cloud}.js` };
    writeFileSync(join(stage, "package.json"), `${JSON.stringify(entry, undefined, 2)}\n`);
    writeFileSync(join(stage, "package-lock.json"), `${JSON.stringify(standalone.lock, undefined, 2)}\n`);
    installFor(stage, cpu, root);
    await bundleCode(root, cloud, stage);

    const files = filesOf(stage).filter((file) => !LEFT_OUT.test(file) && file !== "package-lock.json");
    if (!files.some((file) => file.endsWith(".node")) || !files.some((file) => /libvips-cpp/.test(file))) {
      throw new UserError(
        `npm installed no prebuilt sharp for linux-${cpu}`,
        "run npm ci, and see that package-lock.json has @img/sharp-linux-* as an optional package",
      );
    }
    // The oldest time a zip can carry: the same in every checkout and time zone.
    const mtime = new Date(1980, 0, 1);
    const entries: Zippable = {};
    let unpackedBytes = 0;
    for (const file of files) {
      const content = readFileSync(join(stage, file));
      unpackedBytes += content.length;
      // Readable by the user that the cloud runs it as, whatever the umask here was.
      entries[file] = [content, { level: 9, mtime, os: 3, attrs: 0o100644 << 16 }];
    }
    const zip = zipSync(entries);
    const record: BundleRecord = {
      cloud,
      platform: `linux-${cpu}`,
      sharp: lock.packages["node_modules/sharp"]?.version ?? "",
      sha256: createHash("sha256").update(zip).digest("hex"),
      bytes: zip.length,
      unpackedBytes,
      files: files.length,
    };
    // Under its name only when it is whole.
    writeFileSync(join(stage, "bundle.zip"), zip);
    renameSync(join(stage, "bundle.zip"), join(out, `${cloud}.zip`));
    writeFileSync(join(out, `${cloud}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
    return record;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function installFor(stage: string, cpu: string, root: string): void {
  const npmrc = join(root, ".npmrc");
  if (existsSync(npmrc)) writeFileSync(join(stage, ".npmrc"), readFileSync(npmrc));
  const system = ["--os=linux", `--cpu=${cpu}`, "--libc=glibc"];
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  const run = spawnSync("npm", ["ci", "--ignore-scripts", "--omit=dev", ...system, ...quiet], {
    cwd: stage,
    encoding: "utf8",
    // Settings of an npm that runs this would send the packages elsewhere.
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^npm_(config_(local|workspace)|package)/.test(name)),
    ),
  });
  if (run.status !== 0) {
    const why = run.error?.message ?? run.stderr.trim();
    throw new UserError(
      `npm could not install sharp for linux-${cpu}:\n${why}`,
      "see that the npm registry can be reached",
    );
  }
}

async function bundleCode(root: string, cloud: string, stage: string): Promise<void> {
  await build({
    entryPoints: [join(root, "functions", "image", `${cloud}.ts`)],
    outfile: join(stage, `${cloud}.js`),
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    external: ["sharp"],
    minify: true,
    keepNames: true,
    legalComments: "none",
    logLevel: "error",
  });
}

/** Every file below a folder, with slashes, in one order. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}
