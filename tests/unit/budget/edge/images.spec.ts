import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import {
  avifEffort,
  IMAGE_FORMATS,
  IMAGE_LADDER,
  IMAGE_LIMITS,
  IMAGE_QUALITIES,
  IMAGE_TIMEOUTS,
  imageConcurrency,
  imageMemoryMiB,
  imageVariants,
  parseVariantName,
  variantName,
  variantsPerOriginal,
} from "../../../../budget/edge/images";

describe("image ladder", () => {
  it("counts 81 cached objects for an original, each with a name of its own", () => {
    assert.equal(variantsPerOriginal(), 81);
    assert.equal(new Set(imageVariants().map(variantName)).size, 81);
  });

  it("counts what it lists, for any ladder", () => {
    const widths = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(widths, (some) => {
        const ladder = { ...IMAGE_LADDER, widths: [...some].sort((a, b) => a - b) };
        const names = new Set(imageVariants(ladder).map(variantName));
        assert.equal(names.size, variantsPerOriginal(ladder));
      }),
    );
  });

  it("has ascending widths in steps of at most a half", () => {
    IMAGE_LADDER.widths.slice(1).forEach((width, index) => {
      const before = IMAGE_LADDER.widths[index] ?? NaN;
      assert.ok(width > before && width <= before * 1.5, `${before} to ${width}`);
    });
  });

  it("raises the encoder's quality with the word", () => {
    for (const format of IMAGE_FORMATS) {
      const steps = IMAGE_QUALITIES.map((quality) => IMAGE_LADDER.quality[format][quality]);
      assert.deepEqual(
        steps,
        [...steps].sort((a, b) => a - b),
      );
      assert.ok(steps.every((step) => step >= 1 && step <= 100));
    }
  });

  it("reads back the name of every variant", () => {
    for (const variant of imageVariants()) {
      assert.deepEqual(parseVariantName(variantName(variant)), variant);
    }
  });

  it("reads no name in another spelling, nor one off the ladder", () => {
    for (const name of [
      "641-medium.avif",
      "0640-medium.avif",
      "640-medium.png",
      "640-best.avif",
      "640-medium.avif ",
      "640-MEDIUM.avif",
      "640.avif",
      "",
    ]) {
      assert.equal(parseVariantName(name), undefined, name);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const variant = parseVariantName(text);
        assert.ok(variant === undefined || variantName(variant) === text);
      }),
    );
  });
});

describe("page on the image ladder", () => {
  const page = readFileSync(join(__dirname, "../../../../docs/components/image-optimizer.md"), "utf8");

  it("has the widths and the limits as they are", () => {
    assert.ok(page.includes(`Widths: ${IMAGE_LADDER.widths.join(", ")} pixels`));
    assert.ok(page.includes(`**${variantsPerOriginal()} cached objects**`));
    assert.ok(page.includes(`at most ${IMAGE_LADDER.maxPathLength} characters`));
    assert.ok(page.includes(`${IMAGE_LIMITS.originalPixels / 1e6} million pixels`));
    assert.ok(page.includes(`(${IMAGE_LIMITS.originalBytes / 2 ** 20} MiB at most)`));
    const { readSeconds, encodeSeconds, functionSeconds } = IMAGE_TIMEOUTS;
    assert.ok(page.includes(`read ${readSeconds} s, encode ${encodeSeconds} s, call ${functionSeconds} s`));
  });

  it("has the qualities as they are", () => {
    for (const quality of IMAGE_QUALITIES) {
      const cells = IMAGE_FORMATS.map((format) => IMAGE_LADDER.quality[format][quality]).join(" *\\| *");
      assert.match(page, new RegExp(`\\| \`${quality}\` *\\| *${cells} \\|`));
    }
  });
});

describe("image limits", () => {
  it("lets an answer fit into Lambda's payload as Base64", () => {
    assert.ok(Math.ceil(IMAGE_LIMITS.answerBytes / 3) * 4 + 8_000 < 6_291_556);
    assert.equal(IMAGE_LIMITS.answerBytes, 4_712_523);
  });

  it("takes less effort for a large AVIF, and never above 4, where the time multiplies", () => {
    assert.deepEqual([1, 4_000_000, 4_000_001, 2560 * 4096].map(avifEffort), [3, 3, 0, 0]);
  });

  it("ends each step inside the next, and all of it before the CDN gives up", () => {
    const { readSeconds, encodeSeconds, functionSeconds } = IMAGE_TIMEOUTS;
    assert.ok(readSeconds + encodeSeconds < functionSeconds && functionSeconds < 30);
  });
});

describe("calls of the image function at the same time", () => {
  const demand = { peakRps: 200, hitRatio: 0.85, secondsPerImage: 1, maxUtilization: 0.7 };

  it("are the misses in flight (Little), with room", () => {
    // 200/s * 0.15 * 1 s = 30 in flight; 30 / 0.7 = 42.9
    assert.equal(imageConcurrency(demand), 43);
  });

  it("are never below two, so that one slow image does not stop all", () => {
    assert.equal(imageConcurrency({ ...demand, hitRatio: 1 }), 2);
  });

  it("grow with the demand and shrink with the hit rate", () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), ratio, ratio, (peakRps, a, b) => {
        const at = (hitRatio: number): number => imageConcurrency({ ...demand, peakRps, hitRatio });
        assert.ok(at(Math.max(a, b)) <= at(Math.min(a, b)));
        assert.ok(imageConcurrency({ ...demand, peakRps: peakRps + 100 }) >= at(0.85));
      }),
    );
  });
});

describe("memory of the image function", () => {
  it("holds the original decoded and turned, and the largest image in the encoder", () => {
    // 192 + 25 + 50e6 * 6 / 2^20 (286) + 2560 * 4096 * 24 / 2^20 (240) = 743, in steps of 64
    assert.equal(imageMemoryMiB(), 768);
  });

  it("grows with the largest original", () => {
    const limits = { originalBytes: 25 * 1024 * 1024, originalPixels: 200_000_000 };
    assert.ok(imageMemoryMiB(limits) > 1500);
  });
});
