// Mocha's "spec" output for people, and for scripts/run-tests.mjs the totals, the files with failures and what each file took as JSON when TEST_REPORT names a file.
// A process that outlives its last test is ended, and has failed: what kept it is a connection or a timer that nobody closed.
"use strict";
const { writeFileSync } = require("node:fs");
const Mocha = require("mocha");

/** How long a process may live after its last test, milliseconds. */
const OUTLIVES_MS = Number(process.env.TEST_OUTLIVES_MS ?? 30_000);

module.exports = class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failedFiles = new Set();
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, ({ file }) => failedFiles.add(file));
    const tookMs = {};
    let began = 0;
    runner.on(Mocha.Runner.constants.EVENT_SUITE_BEGIN, ({ parent }) => {
      if (parent?.root) began = performance.now();
    });
    runner.on(Mocha.Runner.constants.EVENT_SUITE_END, ({ parent, file }) => {
      if (parent?.root) tookMs[file] = (tookMs[file] ?? 0) + performance.now() - began;
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const file = process.env.TEST_REPORT;
      const report = { stats: this.stats, failedFiles: [...failedFiles], tookMs };
      if (file) writeFileSync(file, JSON.stringify(report));
      const kept = () => {
        process.stderr.write(
          `\n${OUTLIVES_MS / 1000} s after its last test this process goes on, kept by:\n${what().join("\n")}\n`,
        );
        // Mocha has said by now with what the process is to end.
        process.on("exit", () => (process.exitCode = 1));
        process.exit();
      };
      setTimeout(kept, OUTLIVES_MS).unref();
    });
  }
};

/** One line for each thing that keeps the process. */
function what() {
  const lines = process.getActiveResourcesInfo().map((name) => `  ${name}`);
  // Not documented, but the only ones to say which.
  for (const handle of process._getActiveHandles?.() ?? []) {
    const { spawnargs, remoteAddress, remotePort } = handle;
    if (spawnargs) lines.push(`  child process: ${spawnargs.join(" ")}`);
    else if (remotePort) lines.push(`  connection to ${remoteAddress}:${remotePort}`);
    else if (handle.listening) lines.push(`  server on ${JSON.stringify(handle.address())}`);
  }
  return lines;
}
