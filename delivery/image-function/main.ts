/** `make image-function`: the zips that `pulumi up` gives to Lambda and to Cloud Run functions. */
import { join } from "node:path";

import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { BUNDLE_TARGETS, buildBundle } from "./bundle";

runCommand(async () => {
  const out = join(ROOT, "build", "image-function");
  for (const target of BUNDLE_TARGETS) {
    const { cloud, platform, sharp, bytes, files, sha256 } = await buildBundle(ROOT, target, out);
    const size = `${(bytes / 2 ** 20).toFixed(1)} MiB, ${files} files`;
    print(
      `  build/image-function/${cloud}.zip    ${platform}, sharp ${sharp}, ${size}, ${sha256.slice(0, 12)}`,
    );
  }
  return 0;
});
