/** `make performance-page`: the performance dashboard with the data of a real Prometheus. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { performancePage } from "./page";
import { recordedPage } from "./record";
import { referenceStack } from "./reference-stack";
import { screenshot } from "./screenshot";

const FOLDER = join(ROOT, "build", "monitoring");

/** Shorter, the script has no time for anything; below nine minutes the alerts do not end within the run. */
const LEAST_SECONDS = 60;
const SECONDS = 540;

/** Between two scrapes, seconds. */
const EVERY_SECONDS = 2;

function seconds(): number {
  const given = process.argv[2] ?? "";
  const wanted = given === "" ? SECONDS : Number(given);
  if (!(wanted >= LEAST_SECONDS && wanted <= 3600)) {
    throw new UserError(
      `SECONDS is ${given}; allowed is ${LEAST_SECONDS} to 3600`,
      "leave it out, or make performance-page SECONDS=120",
    );
  }
  return wanted;
}

runCommand(async () => {
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => abort.abort());
  const page = await recordedPage(referenceStack(), {
    seconds: seconds(),
    everySeconds: EVERY_SECONDS,
    progress: print,
    signal: abort.signal,
  });
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, "performance.html");
  writeFileSync(file, performancePage(page));
  print(`  ${relative(ROOT, file)}    the dashboard with the data of the run`);
  const picture = join(FOLDER, "performance.png");
  if (await screenshot(file, picture)) print(`  ${relative(ROOT, picture)}     the same as a picture`);
  return 0;
});
