import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { nodeHeap, nodeOptions } from "../../../../budget/service/node-heap";

describe("heap of a Node.js process", () => {
  it("is shared between the generations of V8", () => {
    assert.deepEqual(
      [128, 256, 512, 1024, 2048].map((memoryMiB) => nodeHeap(memoryMiB, 1)),
      [
        { oldSpaceMiB: 72, semiSpaceMiB: 8 },
        { oldSpaceMiB: 144, semiSpaceMiB: 16 },
        { oldSpaceMiB: 288, semiSpaceMiB: 32 },
        { oldSpaceMiB: 576, semiSpaceMiB: 64 },
        { oldSpaceMiB: 1344, semiSpaceMiB: 64 },
      ],
    );
    assert.deepEqual(nodeHeap(1024, 4), nodeHeap(256, 1));
  });

  it("takes three quarters of the memory, whatever that is, and most of it for what lives", () => {
    for (let memoryMiB = 128; memoryMiB <= 4096; memoryMiB++) {
      const { oldSpaceMiB, semiSpaceMiB } = nodeHeap(memoryMiB, 1);
      assert.equal(oldSpaceMiB + 3 * semiSpaceMiB, Math.floor(0.75 * memoryMiB));
      assert.ok(oldSpaceMiB >= memoryMiB / 2, `${memoryMiB}`);
      assert.ok(Number.isInteger(Math.log2(semiSpaceMiB)), `${semiSpaceMiB}`);
    }
  });

  it("is what Node.js takes from its environment", () => {
    const limit = "process.stdout.write(String(require('v8').getHeapStatistics().heap_size_limit / 2 ** 20))";
    const env = { ...process.env, NODE_OPTIONS: nodeOptions(nodeHeap(1024, 1)) };
    assert.equal(execFileSync(process.execPath, ["-e", limit], { env, encoding: "utf8" }), "768");
  });
});
