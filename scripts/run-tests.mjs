// Runs every part of the test suite and closes with one line over all of them: `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";

const PARTS = ["unit", "policies", "config", "runtime", "functions", "cluster", "engine", "browser"];

let passed = 0;
let failed = 0;
for (const part of PARTS) {
  process.stdout.write(`\n== make test-${part}\n`);
  const report = `build/test/${part}.json`;
  mkdirSync("build/test", { recursive: true });
  rmSync(report, { force: true });
  const run = spawnSync("make", [`test-${part}`], {
    stdio: "inherit",
    env: { ...process.env, TEST_REPORT: report },
  });
  try {
    const { stats } = JSON.parse(readFileSync(report, "utf8"));
    passed += stats.passes;
    failed += stats.failures;
    // A part that ran nothing, or died outside a test, has not passed.
    if (stats.tests === 0 || (run.status !== 0 && stats.failures === 0)) failed++;
  } catch {
    failed++;
  }
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
