// Runs every part of the test suite and closes with one line over all of them: `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";

/**
 * Parts whose tests wait for programs that run beside them get a second attempt, for as many files: on a machine that
 * stalls, a deadline is missed once. What is wrong is wrong twice. The end names what needed it.
 */
const SECOND_ATTEMPT_FILES = 3;

const PARTS = [
  { name: "unit", waitsForPrograms: false },
  { name: "policies", waitsForPrograms: false },
  { name: "config", waitsForPrograms: true },
  { name: "runtime", waitsForPrograms: true },
  { name: "functions", waitsForPrograms: false },
  { name: "cluster", waitsForPrograms: true },
  { name: "engine", waitsForPrograms: true },
  { name: "browser", waitsForPrograms: true },
];

/** @returns what a run of mocha reported; a run that tested nothing, or died outside a test, has failed */
function attempt(report, command, args) {
  mkdirSync("build/test", { recursive: true });
  rmSync(report, { force: true });
  const run = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, TEST_REPORT: report } });
  try {
    const { stats, failedFiles } = JSON.parse(readFileSync(report, "utf8"));
    const died = stats.tests === 0 || (run.status !== 0 && stats.failures === 0);
    return { passed: stats.passes, failed: stats.failures + (died ? 1 : 0), died, failedFiles };
  } catch {
    return { passed: 0, failed: 1, died: true, failedFiles: [] };
  }
}

let passed = 0;
let failed = 0;
const secondAttempts = [];
for (const { name, waitsForPrograms } of PARTS) {
  process.stdout.write(`\n== make test-${name}\n`);
  const first = attempt(`build/test/${name}.json`, "make", [`test-${name}`]);
  passed += first.passed;
  const files = first.failedFiles.filter(Boolean).map((file) => relative(process.cwd(), file));
  if (first.failed === 0 || first.died || !waitsForPrograms || files.length > SECOND_ATTEMPT_FILES) {
    failed += first.failed;
    continue;
  }
  process.stdout.write(`\n== second attempt: ${files.join(" ")}\n`);
  const second = attempt(`build/test/${name}-again.json`, "node_modules/.bin/mocha", files);
  failed += second.failed;
  if (second.failed === 0) {
    passed += first.failed;
    secondAttempts.push(...files);
  }
}
for (const file of secondAttempts) process.stdout.write(`\nneeded a second attempt: ${file}`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
