import assert from "node:assert/strict";

import type { ImageOptimizerSummary } from "../../../budget/edge/summary";
import { imageDerivations } from "../../../delivery/preview-report/image-derivations";
import { previewPage } from "../../../delivery/preview-report/page";
import { planLines } from "../../../delivery/preview-report/terminal";
import { recordedModel, shippedConfig } from "../../helpers/preview";

const summary: ImageOptimizerSummary = {
  configKey: "retrofitlink:cdn.images",
  cloud: "aws",
  peakRps: 200,
  hitRatio: 0.85,
  secondsPerPicture: 1.5,
  maxUtilization: 0.7,
  variantsPerOriginal: 81,
  concurrency: 65,
  neededMemoryMiB: 768,
  memoryLimitMiB: 1769,
  timeoutSeconds: 25,
};

const lines = (change: Partial<ImageOptimizerSummary> = {}): string[] =>
  imageDerivations({ ...summary, ...change }).map(
    ({ name, value, formula, holds }) => `${holds ? "" : "BROKEN "}${name}: ${value}: ${formula}`,
  );

const broken = (change: Partial<ImageOptimizerSummary>): (string | undefined)[] =>
  lines(change)
    .filter((line) => line.startsWith("BROKEN"))
    .map((line) => line.split(":")[0]);

describe("pictures in the preview's report", () => {
  it("shows how the function's numbers follow from what clients ask", () => {
    assert.deepEqual(lines(), [
      "Pictures at once: 65: ⌈200/s · 15 % misses · 1.5 s ÷ 70 %⌉, at least 2 = 65",
      "Objects of one original: 81 at most: 9 widths · 3 formats · 3 qualities = 81",
      "Memory of a call: 1,769 MiB: 768 MiB for the worst original ≤ 1,769 MiB, which brings one processor of Lambda",
      "Longest call: 25 s: 5 s to read the original + 15 s to make the picture = 20 s < 25 s",
    ]);
  });

  it("says what brings the processor on the other cloud", () => {
    const [, , memory] = lines({ cloud: "gcp", memoryLimitMiB: 768 });
    assert.equal(
      memory,
      "Memory of a call: 768 MiB: 768 MiB for the worst original ≤ 768 MiB, beside one processor",
    );
  });

  it("says which number is not the formula's, and which bound is broken", () => {
    assert.deepEqual(broken({ concurrency: 64 }), ["BROKEN Pictures at once"]);
    assert.deepEqual(broken({ variantsPerOriginal: 82 }), ["BROKEN Objects of one original"]);
    assert.deepEqual(broken({ memoryLimitMiB: 767 }), ["BROKEN Memory of a call"]);
    assert.deepEqual(broken({ timeoutSeconds: 20 }), ["BROKEN Longest call"]);
  });

  for (const stack of ["production", "staging"]) {
    it(`stands below the CDN of the shipped stack ${stack}, and holds`, async () => {
      const model = await recordedModel(shippedConfig(stack));
      assert.equal(model.images.length, 1);
      for (const each of model.images) assert.ok(imageDerivations(each).every(({ holds }) => holds));
      const page = previewPage(model);
      assert.match(page, /Pictures[^]*retrofitlink:cdn\.images[^]*Pictures at once/);
      const expected =
        stack === "production" ? "4,000/s from its cache, 780/s" : "400/s from its cache, 78/s";
      assert.ok(planLines(model).some((line) => line.includes(`cdn `) && line.includes(expected)));
    });
  }
});
