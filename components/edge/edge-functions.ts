/** Functions of CloudFront's edge: a script beside this file, with numbers of the platform put in front of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { FINGERPRINT } from "../../budget/edge/assets";
import {
  IMAGE_CACHING,
  IMAGE_FORMATS,
  IMAGE_LADDER,
  IMAGE_QUALITIES,
  type ImageLadder,
} from "../../budget/edge/images";

/** CloudFront's limit on the code of a function, bytes. */
export const MAX_FUNCTION_BYTES = 10_240;

/** A function for the event `viewer-request`, in the runtime `cloudfront-js-2.0`. */
export interface ViewerRequestFunction {
  /** Suffix of the resource: unique among the functions of a distribution. */
  readonly name: string;
  readonly code: string;
}

/**
 * For images: turns the query and `Accept` into the path of one variant of the ladder. The cache policy of their
 * behaviour takes nothing but the path into the key; the origin gets no query, no cookie and no `Accept`.
 */
export function imageRequestFunction(ladder: ImageLadder = IMAGE_LADDER): ViewerRequestFunction {
  const numbers = {
    widths: ladder.widths,
    formats: IMAGE_FORMATS,
    fallback: IMAGE_FORMATS[IMAGE_FORMATS.length - 1],
    qualities: IMAGE_QUALITIES,
    defaultQuality: ladder.defaultQuality,
    maxPathLength: ladder.maxPathLength,
    refusalSeconds: IMAGE_CACHING.refusalSeconds,
  };
  return { name: "image-request", code: rendered("image-request.js", "LADDER", numbers) };
}

/** For built files: leads to the Brotli or gzip variant that `make assets` uploaded, where there is one. */
export function assetRequestFunction(): ViewerRequestFunction {
  return { name: "asset-request", code: rendered("asset-request.js", "FINGERPRINT", FINGERPRINT) };
}

function rendered(script: string, constant: string, value: object): string {
  const text = readFileSync(join(__dirname, script), "utf8");
  return `const ${constant} = ${JSON.stringify(value)};\n${text}`;
}
