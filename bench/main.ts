/** `make bench`: runs the parts one after the other, writes build/bench/report.json and report.html. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { burstPart } from "./caching/burst-part";
import { cachingPart } from "./caching/part";
import { loadNow, machine } from "./harness/machine";
import { nodeHeapPart } from "./node-heap/part";
import type { BenchPart, PartResult } from "./harness/part";
import { proxiesPart } from "./proxies/part";
import { type Report, reportPage } from "./report/page";

const PARTS: readonly BenchPart[] = [cachingPart, burstPart, nodeHeapPart, proxiesPart];
const FOLDER = "build/bench";

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) {
    const known = PARTS.map(({ name }) => name).join(", ");
    print(`there is no part ${unknown.join(", ")}; allowed: ${known}`);
    process.exitCode = 1;
    return;
  }
  const loadBefore = loadNow();
  const parts: PartResult[] = [];
  for (const part of PARTS) {
    if (names.length > 0 && !names.includes(part.name)) continue;
    print(`measuring ${part.name}`);
    parts.push(await part.run(print));
  }
  const report: Report = { measuredAt: new Date().toISOString(), machine: machine(loadBefore), parts };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "report.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(FOLDER, "report.html"), reportPage(report));
  print("");
  for (const { goal, measured, kept } of parts.flatMap(({ goals }) => goals)) {
    print(`${kept ? "kept" : "NOT kept"}: ${goal}; measured: ${measured}`);
  }
  print(`report: ${join(FOLDER, "report.html")}`);
  if (parts.some(({ goals }) => goals.some(({ kept }) => !kept))) process.exitCode = 1;
}

void main(process.argv.slice(2));
