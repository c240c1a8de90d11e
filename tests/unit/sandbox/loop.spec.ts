import assert from "node:assert/strict";

import { eventually } from "../../helpers/eventually";
import { LASTS_SECONDS, loadAt, serveLoad } from "../../../sandbox/loop/load";
import { wronglyLowered, type Step } from "../../../sandbox/loop/run";

const total = async (port: number): Promise<number> => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^loop_requests_total (\d+)$/m.exec(text)?.[1]);
};

describe("load of make loop", () => {
  it("goes up, stays, jumps and comes back", () => {
    assert.equal(loadAt(0), loadAt(LASTS_SECONDS));
    assert.ok(loadAt(30) > loadAt(20));
    assert.equal(loadAt(60), loadAt(110));
    assert.ok(loadAt(130) > loadAt(110));
    assert.equal(loadAt(10 * LASTS_SECONDS), loadAt(LASTS_SECONDS));
  });

  it("is counted from the start, before and after the script has begun", async () => {
    const exporter = await serveLoad();
    try {
      await eventually("something is counted", () => total(exporter.port));
      const before = await total(exporter.port);
      exporter.begin();
      await eventually(
        "the count goes on",
        () => total(exporter.port),
        (now) => now > before,
      );
    } finally {
      await exporter.stop();
    }
  });
});

describe("verdict of make loop", () => {
  const step = (second: number, needed: number, wanted: number): Step => ({
    second,
    load: needed * 100,
    needed,
    workloads: { "by-requests": { wanted, ready: wanted } },
  });

  it("finds pods that were taken away although the load needs them", () => {
    const steps = [step(0, 5, 6), step(2, 5, 4), step(4, 5, 4)];
    assert.deepEqual(
      wronglyLowered(steps, "by-requests").map(({ second }) => second),
      [2],
    );
  });

  it("does not mind what is still on its way up, or no longer needed", () => {
    assert.deepEqual(wronglyLowered([step(0, 2, 2), step(2, 6, 2), step(4, 6, 4)], "by-requests"), []);
    assert.deepEqual(wronglyLowered([step(0, 6, 6), step(2, 2, 3)], "by-requests"), []);
  });
});
