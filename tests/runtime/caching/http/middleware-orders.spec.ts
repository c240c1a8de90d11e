import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import type { RunningRedis } from "../../../helpers/redis-server";
import { startTestRedis } from "../caches";
import type { Report } from "./orders/worker";

const run = promisify(execFile);

const WORKER = join(__dirname, "orders", "worker.ts");

describe("the response cache among other middleware", function () {
  this.timeout(240_000);
  let redis: RunningRedis;
  before(async () => {
    redis = await startTestRedis();
  });
  after(async () => {
    await redis?.stop();
  });

  for (const line of [20, 22, 24]) {
    it(`changes nothing that they do, in any order, on Node.js ${line}`, async () => {
      const { nodeOfLine } = await import("../../../../scripts/node-versions.mjs");
      const args = ["-r", "ts-node/register/transpile-only", WORKER, String(redis.port)];
      // Express prints the errors of handlers in any other environment.
      const env = { ...process.env, NODE_ENV: "test" };
      const { stdout } = await run(await nodeOfLine(line), args, { env, maxBuffer: 64 * 1024 * 1024 });
      const report = JSON.parse(stdout) as Report;
      assert.match(report.node, new RegExp(`^v${line}\\.`));
      const failed = report.failed.map(({ name, message }) => `${name}: ${message}`);
      assert.equal(
        failed.length,
        0,
        `${failed.length} of ${report.checks}:\n${failed.slice(0, 20).join("\n")}`,
      );
      assert.ok(report.checks > 300);
    });
  }
});
