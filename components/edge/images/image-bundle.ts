/** The zip that `make image-function` builds, as the component finds it. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where `make image-function` puts it. */
export const IMAGE_BUNDLES = join(__dirname, "..", "..", "..", "build", "image-function");

/** What to run, for messages. */
export const BUILD_COMMAND = "make image-function";

export type ImageBundle =
  | {
      readonly state: "built";
      readonly zip: string;
      /** Of the zip, in hex. */
      readonly sha256: string;
    }
  | { readonly state: "missing" | "damaged"; readonly zip: string };

/** Looks at the bundle of one cloud, and whether it is the one that its record describes. */
export function imageBundle(folder: string, cloud: "aws" | "gcp"): ImageBundle {
  const zip = join(folder, `${cloud}.zip`);
  const record = join(folder, `${cloud}.json`);
  if (!existsSync(zip) || !existsSync(record)) return { state: "missing", zip };
  const sha256 = createHash("sha256").update(readFileSync(zip)).digest("hex");
  const recorded = (JSON.parse(readFileSync(record, "utf8")) as { sha256?: unknown }).sha256;
  return sha256 === recorded ? { state: "built", zip, sha256 } : { state: "damaged", zip };
}
