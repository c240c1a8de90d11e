/** How the numbers of the function that makes pictures follow from what clients ask and from the ladder of variants. */
import {
  IMAGE_FORMATS,
  IMAGE_LADDER,
  IMAGE_QUALITIES,
  IMAGE_TIMEOUTS,
  imageConcurrency,
  imageMemoryMiB,
  variantsPerOriginal,
} from "../../budget/edge/images";
import type { ImageOptimizerSummary } from "../../budget/edge/summary";
import type { Derivation } from "../../report/derivation";
import { duration, mebibytes, number, percent, rate } from "../../budget/core/format";

export function imageDerivations(summary: ImageOptimizerSummary): Derivation[] {
  return [calls(summary), variants(summary), memory(summary), longest(summary)];
}

function calls(summary: ImageOptimizerSummary): Derivation {
  const { concurrency, peakRps, hitRatio, secondsPerPicture, maxUtilization } = summary;
  return {
    name: "Pictures at once",
    value: number(concurrency),
    formula:
      `⌈${rate(peakRps)} · ${percent(1 - hitRatio)} misses · ${duration(secondsPerPicture)} ÷ ` +
      `${percent(maxUtilization)}⌉, at least 2 = ${number(imageConcurrency(summary))}`,
    from: ["secondsPerPicture", "retrofitlink:cdn.traffic", "retrofitlink:budget"],
    holds: concurrency === imageConcurrency(summary),
  };
}

function variants({ variantsPerOriginal: most }: ImageOptimizerSummary): Derivation {
  return {
    name: "Objects of one original",
    value: `${number(most)} at most`,
    formula:
      `${IMAGE_LADDER.widths.length} widths · ${IMAGE_FORMATS.length} formats · ${IMAGE_QUALITIES.length} qualities = ` +
      number(variantsPerOriginal()),
    from: [],
    holds: most === variantsPerOriginal(),
  };
}

function memory({ cloud, neededMemoryMiB, memoryLimitMiB }: ImageOptimizerSummary): Derivation {
  const processor = cloud === "aws" ? ", which brings one processor of Lambda" : ", beside one processor";
  return {
    name: "Memory of a call",
    value: mebibytes(memoryLimitMiB),
    formula: `${mebibytes(neededMemoryMiB)} for the worst original ≤ ${mebibytes(memoryLimitMiB)}${processor}`,
    from: [],
    holds: neededMemoryMiB === imageMemoryMiB() && neededMemoryMiB <= memoryLimitMiB,
  };
}

function longest({ timeoutSeconds }: ImageOptimizerSummary): Derivation {
  const { readSeconds, encodeSeconds } = IMAGE_TIMEOUTS;
  return {
    name: "Longest call",
    value: duration(timeoutSeconds),
    formula:
      `${duration(readSeconds)} to read the original + ${duration(encodeSeconds)} to make the picture = ` +
      `${duration(readSeconds + encodeSeconds)} < ${duration(timeoutSeconds)}`,
    from: [],
    holds: readSeconds + encodeSeconds < timeoutSeconds,
  };
}
