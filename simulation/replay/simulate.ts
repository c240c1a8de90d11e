/** `make simulate TRACE=load.csv`: a trace replayed against the objects that a stack renders. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

import { plural } from "../../budget/core/format";
import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { worse } from "./against";
import { TASK_OPTIONS, readOptions, readTask, wholeNumber } from "./command";
import { compare, type Comparison } from "./compare";
import { mistakesAsUserErrors } from "./pool";
import { replayPage } from "./page";
import { comparisonLines } from "./terminal";

const FOLDER = join(ROOT, "build", "simulation");

const OPTIONS = [...TASK_OPTIONS, "seeds", "against"];

/** What a run wrote: one comparison for each trace. */
export interface ReplayFile {
  readonly version: 1;
  readonly stack: string;
  readonly comparisons: readonly Comparison[];
}

function readBefore(path: string): ReplayFile {
  if (!existsSync(path))
    throw new UserError(`there is no file ${path}`, "give AGAINST a .json that make simulate wrote");
  const before = JSON.parse(readFileSync(path, "utf8")) as Partial<ReplayFile>;
  if (before.version === 1 && before.comparisons !== undefined) return before as ReplayFile;
  throw new UserError(
    `${path} is none of make simulate's files`,
    "give AGAINST a .json that make simulate wrote",
  );
}

runCommand(async () => {
  const options = readOptions(OPTIONS);
  const seeds = wholeNumber(options, "seeds", 0, 100);
  const before = options["against"] === undefined ? undefined : readBefore(options["against"]);
  const started = Date.now();
  const { stack, context, scales } = await mistakesOf(() => readTask(options));
  const found = await compare(context, scales, seeds);
  mkdirSync(FOLDER, { recursive: true });
  for (const pictured of found) {
    const { comparison } = pictured;
    const name = basename(comparison.trace.name).replace(/\.csv$/, "");
    const [json, html] = [join(FOLDER, `${name}.json`), join(FOLDER, `${name}.html`)];
    const file: ReplayFile = { version: 1, stack, comparisons: [comparison] };
    writeFileSync(json, `${JSON.stringify(file, undefined, 2)}\n`);
    writeFileSync(html, replayPage(stack, pictured, context));
    for (const line of comparisonLines(comparison)) print(line);
    print(`  ${relative(ROOT, html)}    the picture`);
    print(`  ${relative(ROOT, json)}    the figures, for AGAINST=\n`);
  }
  print(`${plural(found.length, "trace")} (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  if (before === undefined) return 0;
  const changes = worse(
    before.comparisons,
    found.map(({ comparison }) => comparison),
  );
  for (const line of changes.lines) print(line);
  return changes.isWorse ? 1 : 0;
});

/** Objects that cannot be simulated are the user's to change. */
async function mistakesOf<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    return mistakesAsUserErrors<T>(() => {
      throw error;
    });
  }
}
