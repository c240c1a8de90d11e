/** Imported before anything of the sandbox: gives this test process a sandbox of its own inside build/. */
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(__dirname, "../../build/test", `sandbox-${process.pid}`);
mkdirSync(folder, { recursive: true });
process.env["RETROFITLINK_SANDBOX"] = folder;

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Folder for what a test writes. */
export const SCRATCH = join(folder, "scratch");
mkdirSync(SCRATCH, { recursive: true });
