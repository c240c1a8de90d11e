/** `make simulate-plan STACK=production`: whether what a stack plans survives what may happen to it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { print, runCommand } from "../cli/command";
import { ROOT } from "../cli/paths";
import { UserError } from "../cli/user-error";
import { parseStackConfig, type StackConfig } from "../stacks/stack-file/config";
import { describeOutcome, runMatrix, type MatrixSize, type Outcome } from "./plan/matrix";
import { faultsOf, serviceModels, type ServiceModel } from "./plan/scenarios";

/** Runs that are shown one by one; the rest is counted. */
const SHOWN = 5;

const NEXT = "run make simulate-plan STACK=production LOADS=5 SEEDS=2 SPREADS=4";

function configOf(stack: string): StackConfig {
  const file = `Pulumi.${stack}.yaml`;
  if (!/^[-a-z0-9]+$/.test(stack) || !existsSync(join(ROOT, file))) {
    throw new UserError(`there is no stack "${stack}"`, NEXT);
  }
  const { config } = parse(readFileSync(join(ROOT, file), "utf8")) as { config?: Record<string, unknown> };
  const raw = Object.fromEntries(
    Object.entries(config ?? {}).map(([key, value]) => [key.replace("retrofitlink:", ""), value]),
  );
  const parsed = parseStackConfig(raw);
  if (parsed.config !== undefined) return parsed.config;
  throw new UserError(`${file} has mistakes`, `run make preview STACK=${stack}, which names them`);
}

function sizeOf(loads = "5", seeds = "2", spreads = "4"): MatrixSize {
  const whole = (name: string, text: string, least: number, most: number): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new UserError(`${name} is "${text}"; allowed is a whole number from ${least} to ${most}`, NEXT);
  };
  return {
    loads: whole("LOADS", loads, 2, 100),
    seeds: whole("SEEDS", seeds, 1, 1000),
    spreads: whole("SPREADS", spreads, 1, 4),
  };
}

function report(service: ServiceModel, outcomes: readonly Outcome[]): number {
  const { min, max, target } = service.scenario.autoscaler;
  print(`${service.name}: ${min} to ${max} pods at ${target} % CPU`);
  for (const kind of faultsOf(service)) {
    const runs = outcomes.filter(({ fault }) => fault === kind);
    const broken = runs.filter(({ verdict }) => verdict.outOfBudget > 0);
    print(`  ${kind.padEnd(15)}  ${runs.length} runs, ${broken.length} of them out of budget`);
    for (const outcome of broken.slice(0, SHOWN)) print(`    ${describeOutcome(outcome)}`);
  }
  return outcomes.filter(({ verdict }) => verdict.outOfBudget > 0).length;
}

runCommand(async () => {
  const [stack = "production", loads, seeds, spreads] = process.argv.slice(2);
  const size = sizeOf(loads, seeds, spreads);
  const config = configOf(stack);
  const started = Date.now();
  let broken = 0;
  for (const service of serviceModels(config)) broken += report(service, [...runMatrix(service, size)]);
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  print(
    broken === 0
      ? `\nevery promise of the plan was kept (${seconds} s)`
      : `\n${broken} runs broke a promise (${seconds} s)`,
  );
  return await Promise.resolve(broken === 0 ? 0 : 1);
});
