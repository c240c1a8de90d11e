import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Runs mocha over one spec of this text, as `make test-…` does. */
function mocha(spec: string): {
  readonly status: number | null;
  readonly output: string;
  readonly stats: any;
} {
  const folder = mkdtempSync(join(tmpdir(), "outliving-"));
  try {
    const file = join(folder, "one.spec.cjs");
    const report = join(folder, "report.json");
    writeFileSync(file, spec);
    const args = [
      resolve("node_modules/mocha/bin/mocha.js"),
      "--no-config",
      "--reporter",
      resolve("tests/reporter.cjs"),
    ];
    const run = spawnSync(process.execPath, [...args, file], {
      encoding: "utf8",
      timeout: 15_000,
      env: { ...process.env, TEST_OUTLIVES_MS: "300", TEST_REPORT: report },
    });
    return {
      status: run.status,
      output: run.stdout + run.stderr,
      stats: (JSON.parse(readFileSync(report, "utf8")) as { stats: unknown }).stats,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("a part of the test suite", () => {
  it("that outlives its last test is ended, has failed, and says what kept it", () => {
    const server = `require("node:net").createServer().listen(0, "127.0.0.1")`;
    const { status, output, stats } = mocha(
      `it("passes", () => { ${server}; setInterval(() => {}, 1000); });`,
    );
    assert.equal(status, 1, output);
    assert.equal(stats.failures, 0);
    assert.match(output, /0\.3 s after its last test this process goes on, kept by:/);
    assert.match(output, /^ {2}Timeout$/m);
    assert.match(output, /^ {2}server on .*127\.0\.0\.1/m);
  });

  it("that closes what it opens ends as before", () => {
    const { status, output } = mocha(`it("passes", () => {});`);
    assert.equal(status, 0, output);
    assert.doesNotMatch(output, /kept by/);
  });
});
