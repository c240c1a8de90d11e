import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import type { RunningRedis } from "../../../helpers/redis-server";
import { startTestRedis } from "../caches";
import type { Report } from "./orders/worker";

const run = promisify(execFile);

const WORKER = join(__dirname, "orders", "worker.ts");

const LINES = [20, 22, 24];

describe("the response cache among other middleware", function () {
  this.timeout(240_000);
  let redis: RunningRedis;
  let reports: PromiseSettledResult<Report>[];

  // All lines at the same time: they wait for each other's servers more than they work.
  before(async () => {
    redis = await startTestRedis();
    const { nodeOfLine } = await import("../../../../scripts/node-versions.mjs");
    reports = await Promise.allSettled(
      LINES.map(async (line) => reportOf(await nodeOfLine(line), redis.port)),
    );
  });
  after(async () => {
    await redis?.stop();
  });

  for (const [index, line] of LINES.entries()) {
    it(`changes nothing that they do, in any order, on Node.js ${line}`, () => {
      const result = reports[index];
      assert.ok(result !== undefined);
      if (result.status === "rejected") throw result.reason;
      const { node, checks, failed } = result.value;
      assert.match(node, new RegExp(`^v${line}\\.`));
      const lines = failed.map(({ name, message }) => `${name}: ${message}`);
      assert.equal(lines.length, 0, `${lines.length} of ${checks}:\n${lines.slice(0, 20).join("\n")}`);
      assert.ok(checks > 400);
    });
  }
});

async function reportOf(node: string, redisPort: number): Promise<Report> {
  const args = ["-r", "ts-node/register/transpile-only", WORKER, String(redisPort)];
  // Express prints the errors of handlers in any other environment.
  const env = { ...process.env, NODE_ENV: "test" };
  const { stdout } = await run(node, args, { env, maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as Report;
}
