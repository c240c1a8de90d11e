/** `make assets`: fingerprints, compresses and uploads a folder, and reports what it saves. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { S3Client } from "@aws-sdk/client-s3";
import { Storage } from "@google-cloud/storage";

import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { assetsArguments, type AssetsTarget } from "./arguments";
import { buildAssets } from "./build";
import { readFolder } from "./folder";
import { publish } from "./publish";
import { assetsReport, reportLines } from "./report";
import type { AssetStore } from "./stores/store";
import { FolderStore } from "./stores/folder-store";
import { GcsStore } from "./stores/gcs-store";
import { S3Store } from "./stores/s3-store";

/** With the credentials that the cloud's own tools use. */
function storeOf(target: AssetsTarget): AssetStore {
  switch (target.kind) {
    case "s3":
      return new S3Store(new S3Client({}), target.bucket, target.prefix);
    case "gcs":
      return new GcsStore(new Storage().bucket(target.bucket), target.prefix);
    case "folder":
      return new FolderStore(target.folder);
  }
}

runCommand(async () => {
  const { folder, target, publicPath, hashed, keepDays, dryRun } = assetsArguments(process.argv.slice(2));
  const { files, skipped } = readFolder(folder);
  const built = await buildAssets(files, { publicPath, hashed });
  const store = storeOf(target);
  const plan = await publish(built.objects, store, { keepDays, dryRun }).catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    const { name, message } = error as Error;
    throw new UserError(
      `${store.name} could not be brought up to date: ${name}: ${message}`,
      "check the bucket and the credentials, and run the same command again: it goes on where it stopped",
    );
  });
  const report = assetsReport(built, plan, { store: store.name, dryRun, skipped }, publicPath);
  for (const line of reportLines(report, built.files)) print(line);
  const out = join(ROOT, "build", "assets");
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(out, "manifest.json"), `${JSON.stringify(built.manifest, undefined, 2)}\n`);
  print(`  ${relative(ROOT, out)}/report.json, ${relative(ROOT, out)}/manifest.json`);
  return 0;
});
