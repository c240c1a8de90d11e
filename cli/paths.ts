import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Root of the checkout. */
export const ROOT = resolve(__dirname, "..");

/**
 * Everything the sandbox writes inside the checkout. `make down` removes it. RETROFITLINK_SANDBOX names another folder:
 * the tests have one of their own, so that they leave what `make up` made alone.
 */
export const SANDBOX = resolve(ROOT, process.env["RETROFITLINK_SANDBOX"] ?? ".sandbox");

/** Where the engine keeps the state of the sandbox's stacks. Survives `make up` of a dead API server. */
export const STATE = join(SANDBOX, "state");

/** PULUMI_HOME of the sandbox, so that it never touches the credentials or plugins of the user. */
export const PULUMI_HOME = join(SANDBOX, "pulumi-home");

/** Executables that the engine finds on PATH: language host and stand-in providers. */
export const BIN = join(SANDBOX, "bin");

/** Programs of the toolchain, shared by all checkouts of the user and kept by `make down`. */
export function cacheDirectory(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(base, "retrofitlink", "toolchain");
}

/** A name that changes with the content of the files, so that a new pin is a new cache entry. */
export function fingerprint(files: readonly string[], ...more: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(existsSync(file) ? readFileSync(file) : "").update("\0");
  for (const text of more) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 16);
}

export function ensureDirectory(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
