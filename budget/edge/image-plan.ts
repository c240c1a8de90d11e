/** The plan of the function that makes the variants of images: calls at once, memory, time, and what they promise. */
import { derived, text, type Derived, type Numbers } from "../core/derived";
import { duration, mebibytes, number, percent, rate } from "../core/format";
import type { Plan } from "../core/plan";
import {
  IMAGE_FORMATS,
  IMAGE_QUALITIES,
  IMAGE_READ_SECONDS,
  IMAGE_TIMEOUTS,
  IMAGE_LADDER,
  LAMBDA_MB_PER_CPU,
  SECONDS_PER_IMAGE,
  imageConcurrency,
  imageMemoryMiB,
  variantsPerOriginal,
} from "./images";

/** What the plan is made from. */
export interface ImagePlanInputs {
  /** As messages call it. @default "images" */
  readonly workload?: string;
  readonly cloud: "aws" | "gcp";
  /** Requests for images at the edge at peak, per second, > 0. */
  readonly peakRps: number;
  /** Share of them that the edge answers, 0..1. */
  readonly hitRatio: number;
  /** Share of the calls that may be busy at peak, 0..1. */
  readonly maxUtilization: number;
  /** Mean time of one image, seconds. @default 1.5, a 12 megapixel photo to AVIF */
  readonly secondsPerImage?: number | undefined;
}

/** Numbers of the function. */
export interface ImageNumbers extends Numbers {
  /** Calls at the same time. */
  readonly concurrency: Derived;
  /** Cached objects that one original can become. */
  readonly variants: Derived;
  /** What a call may need at worst, and what it has, MiB. */
  readonly neededMiB: Derived;
  readonly memoryMiB: Derived;
  /** Longest call, seconds. */
  readonly timeout: Derived;
}

export type ImagePlan = Plan<ImageNumbers>;

export function planImages(inputs: ImagePlanInputs): ImagePlan {
  const { workload = "images", cloud, peakRps, hitRatio, maxUtilization } = inputs;
  const { secondsPerImage = SECONDS_PER_IMAGE } = inputs;
  const { readSeconds, encodeSeconds, functionSeconds } = IMAGE_TIMEOUTS;
  const neededMiB = derived(
    "Memory needed",
    imageMemoryMiB(),
    "MiB",
    "the runtime, the largest original, its pixels and the encoder's",
  );
  const memoryMiB =
    cloud === "aws"
      ? derived(
          "Memory of a call",
          Math.max(neededMiB.value, LAMBDA_MB_PER_CPU),
          "MiB",
          `max(${text(neededMiB)}, ${mebibytes(LAMBDA_MB_PER_CPU)} with which Lambda gives a whole processor)`,
        )
      : derived("Memory of a call", neededMiB.value, "MiB", `${text(neededMiB)}, beside one processor`);
  const timeout = derived(
    "Longest call",
    functionSeconds,
    "whole seconds",
    `above ${duration(readSeconds)} to read the original and ${duration(encodeSeconds)} to make the image`,
  );
  return {
    numbers: {
      concurrency: derived(
        "Calls at once",
        imageConcurrency({ peakRps, hitRatio, maxUtilization, secondsPerImage }),
        "calls",
        `⌈${rate(peakRps)} · ${percent(1 - hitRatio)} misses · ${duration(secondsPerImage)} ÷ ${percent(maxUtilization)}⌉, at least 2`,
        ["secondsPerImage", "retrofitlink:cdn.traffic", "retrofitlink:budget.cacheHitRatio.target"],
      ),
      variants: derived(
        "Variants of one original",
        variantsPerOriginal(),
        "",
        `${IMAGE_LADDER.widths.length} widths · ${IMAGE_FORMATS.length} formats · ${IMAGE_QUALITIES.length} qualities at most`,
      ),
      neededMiB,
      memoryMiB,
      timeout,
    },
    proofs: [
      {
        policy: "memory-within-limits",
        statement: `a call of "${workload}" fits into its memory with the worst original`,
        inequality: `${text(neededMiB)} needed ≤ ${text(memoryMiB)}`,
        holds: neededMiB.value <= memoryMiB.value,
        mend: ["retrofitlink:cdn.images"],
      },
      {
        policy: "timeouts-in-order",
        statement: `a call of "${workload}" ends by itself, before the cloud or the CDN gives up`,
        inequality:
          `${duration(readSeconds)} + ${duration(encodeSeconds)} < ${text(timeout)} of the call < ` +
          `${number(IMAGE_READ_SECONDS)} s of the CDN`,
        holds: readSeconds + encodeSeconds < functionSeconds && functionSeconds < IMAGE_READ_SECONDS,
        mend: ["retrofitlink:cdn.images"],
      },
    ],
  };
}
