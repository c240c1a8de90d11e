// Runs every part of the test suite and closes with one line over all of them: `N passed, N failed`.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";

/**
 * Parts that run one after the other, beside those of the other lanes: most of what they do is to wait for programs. All take about
 * as long.
 */
const LANES = [["engine"], ["config", "cluster"], ["unit", "runtime", "policies", "functions", "browser"]];

/**
 * So many files of a part get a second attempt, alone: on a machine that stalls, a deadline is missed once. What is wrong
 * is wrong twice. The end names what needed it.
 */
const SECOND_ATTEMPT_FILES = 3;

/** So many files are named at the end, the slowest first: where to begin when all of it takes too long. */
const SLOWEST_FILES = 15;

const FOLDER = "build/test";

/** Its whole output goes into a file, for that of several lanes would be mixed. @returns status of its end */
async function run(log, command, args, environment) {
  const output = openSync(log, "w");
  const child = spawn(command, args, {
    stdio: ["ignore", output, output],
    env: { ...process.env, ...environment },
  });
  closeSync(output);
  const status = await new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", (code) => resolve(code ?? 1));
  });
  return status;
}

/** @returns what a run of mocha reported; a run that tested nothing, or died outside a test, has failed */
async function attempt(name, command, args) {
  const [report, log] = [`${FOLDER}/${name}.json`, `${FOLDER}/${name}.log`];
  rmSync(report, { force: true });
  process.stdout.write(`== ${name}: begins\n`);
  const began = performance.now();
  const status = await run(log, command, args, { TEST_REPORT: report });
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stdout.write(`\n== ${name}: ${minutes} minutes\n${readFileSync(log, "utf8")}`);
  try {
    const { stats, failedFiles, tookMs } = JSON.parse(readFileSync(report, "utf8"));
    const died = stats.tests === 0 || (status !== 0 && stats.failures === 0);
    return { name, passed: stats.passes, failed: stats.failures + (died ? 1 : 0), died, failedFiles, tookMs };
  } catch {
    return { name, passed: 0, failed: 1, died: true, failedFiles: [], tookMs: {} };
  }
}

async function lane(parts) {
  const results = [];
  for (const name of parts) results.push(await attempt(name, "make", [`test-${name}`]));
  return results;
}

mkdirSync(FOLDER, { recursive: true });
const began = performance.now();
let passed = 0;
let failed = 0;
const secondAttempts = [];
const took = [];
for (const first of (await Promise.all(LANES.map(lane))).flat()) {
  passed += first.passed;
  took.push(...Object.entries(first.tookMs));
  const files = first.failedFiles.filter(Boolean).map((file) => relative(process.cwd(), file));
  if (first.failed === 0 || first.died || files.length > SECOND_ATTEMPT_FILES) {
    failed += first.failed;
    continue;
  }
  const second = await attempt(`${first.name}-again`, "node_modules/.bin/mocha", files);
  failed += second.failed;
  if (second.failed === 0) {
    passed += first.failed;
    secondAttempts.push(...files);
  }
}
took.sort(([, one], [, other]) => other - one);
for (const [file, ms] of took.slice(0, SLOWEST_FILES))
  process.stdout.write(`${(ms / 1000).toFixed(0).padStart(6)} s  ${relative(process.cwd(), file)}\n`);
for (const file of secondAttempts) process.stdout.write(`\nneeded a second attempt: ${file}`);
process.stdout.write(`\nin ${((performance.now() - began) / 60_000).toFixed(0)} minutes`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
