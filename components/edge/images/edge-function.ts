/** The function at CloudFront's edge that turns a request for a picture into one variant of the ladder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import {
  IMAGE_CACHING,
  IMAGE_FORMATS,
  IMAGE_LADDER,
  IMAGE_QUALITIES,
  type ImageLadder,
} from "../../../budget/images";

/** CloudFront's limit on the code of a function, bytes. */
export const MAX_FUNCTION_BYTES = 10_240;

/** What `aws.cloudfront.Function` needs. */
export interface EdgeFunction {
  /** Suffix of the resource: unique among the functions of a distribution. */
  readonly name: string;
  readonly runtime: "cloudfront-js-2.0";
  readonly comment: string;
  readonly code: string;
}

/**
 * The function for the behaviour of pictures, at the event `viewer-request`. The cache policy of that behaviour takes
 * nothing but the path into the key, and its origin request policy forwards no query, no cookie and no Accept.
 */
export function imageEdgeFunction(ladder: ImageLadder = IMAGE_LADDER): EdgeFunction {
  const numbers = {
    widths: ladder.widths,
    formats: IMAGE_FORMATS,
    fallback: IMAGE_FORMATS[IMAGE_FORMATS.length - 1],
    qualities: IMAGE_QUALITIES,
    defaultQuality: ladder.defaultQuality,
    maxPathLength: ladder.maxPathLength,
    refusalSeconds: IMAGE_CACHING.refusalSeconds,
  };
  const script = readFileSync(join(__dirname, "viewer-request.js"), "utf8");
  return {
    name: "image-request",
    runtime: "cloudfront-js-2.0",
    comment: "one variant of the image ladder for each request",
    code: `const LADDER = ${JSON.stringify(numbers)};\n${script}`,
  };
}
