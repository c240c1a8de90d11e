import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder as `make image-function` leaves it, for both clouds, until the process ends. */
export function imageBundles(content = "zip"): string {
  const folder = mkdtempSync(join(tmpdir(), "image-bundles-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const sha256 = createHash("sha256").update(content).digest("hex");
  for (const cloud of ["aws", "gcp"]) {
    writeFileSync(join(folder, `${cloud}.zip`), content);
    writeFileSync(join(folder, `${cloud}.json`), JSON.stringify({ sha256 }));
  }
  return folder;
}
