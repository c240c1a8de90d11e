/**
 * `make bench-autoscaling`: ways to scale at equal cost, on generated traces and on those of a folder, written to
 * docs/benchmarks-autoscaling.md.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { print, runCommand } from "../../cli/command";
import { ROOT } from "../../cli/paths";
import { UserError } from "../../cli/user-error";
import { readTrace, resample } from "../../simulation/replay/trace";
import { compare, type Outcome, WARM_UP_MINUTES } from "./equal-cost";
import { generatedTrace, KIND_NAMES } from "./generated-traces";
import { METHODS } from "./methods";
import { GOAL_LEAD, goalsOf, reportText, type Row } from "./report";

const LEADS = [1, 3, 10];
const SEEDS = [101, 102];
/** No constant of the forecast was chosen on these; what is measured on them alone is free of that choice. */
const OTHER_SEEDS = [301, 302];
const PAGE = "docs/benchmarks-autoscaling.md";

interface Named {
  readonly name: string;
  readonly load: Float64Array;
}

function tracesOf(folder: string): Named[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith(".csv"));
  } catch {
    throw new UserError(`there is no folder ${folder}`, "name a folder of CSV files: TRACES_DIR=traces");
  }
  if (files.length === 0)
    throw new UserError(`${folder} has no .csv file`, "see docs/benchmarks-autoscaling.md");
  return files.sort().map((file) => {
    const { requests } = resample(readTrace(join(folder, file)), 60);
    if (requests.length <= WARM_UP_MINUTES + 1440) {
      throw new UserError(
        `${file} is ${(requests.length / 1440).toFixed(1)} days long; at least 9 are needed`,
        "the first 8 days are history, what follows is measured",
      );
    }
    return { name: file.replace(/\.csv$/, ""), load: requests };
  });
}

function generated(seeds: readonly number[]): Named[] {
  return seeds.flatMap((seed, index) =>
    KIND_NAMES.map((kind) => ({ name: `${kind} ${index + 1}`, load: generatedTrace(kind, seed) })),
  );
}

function measure(named: Named, lead: number): Outcome[] {
  const started = Date.now();
  const outcomes = compare(METHODS, named.load, lead);
  print(`  ${named.name}, ${lead} min: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return outcomes;
}

runCommand(async () => {
  const [folder = ""] = process.argv.slice(2);
  const groups = [
    { title: "Traces of the folder", traces: folder === "" ? [] : tracesOf(folder), leads: LEADS },
    { title: "Generated traces", traces: generated(SEEDS), leads: LEADS },
    { title: "Generated traces of other seeds", traces: generated(OTHER_SEEDS), leads: [GOAL_LEAD] },
  ].filter(({ traces }) => traces.length > 0);
  const rows: Row[] = groups.flatMap(({ title, traces, leads }) =>
    traces.flatMap((trace) =>
      leads.map((lead) => ({ group: title, trace: trace.name, lead, outcomes: measure(trace, lead) })),
    ),
  );
  writeFileSync(join(ROOT, PAGE), reportText(rows));
  for (const { goal, measured, kept } of goalsOf(rows)) {
    print(`${kept ? "kept" : "NOT kept"}: ${goal}; measured: ${measured}`);
  }
  print(`table: ${PAGE}`);
  return await Promise.resolve(0);
});
