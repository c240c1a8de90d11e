/** The image function with originals in memory. */
import assert from "node:assert/strict";

import sharp from "sharp";

import {
  imageHandler,
  type ImageAnswer,
  type ImageHandlerLimits,
  type ImageRecord,
} from "../../functions/image/handler";
import type { Originals } from "../../functions/image/originals";
import { OriginalsInMemory } from "./originals-in-memory";

export interface Bench {
  get: (path: string, ifNoneMatch?: string, method?: string) => Promise<ImageAnswer>;
  log: ImageRecord[];
}

export function benchOf(
  originals: Originals,
  limits: Partial<ImageHandlerLimits> = {},
  concurrency = 1,
): Bench {
  const log: ImageRecord[] = [];
  const handle = imageHandler({
    originals,
    prefix: "images/",
    concurrency,
    log: (record) => log.push(record),
    // The machine of the tests may be busy; what is about time says so itself.
    limits: { readSeconds: 60, encodeSeconds: 120, ...limits },
  });
  return { get: (path, ifNoneMatch, method = "GET") => handle({ method, path, ifNoneMatch }), log };
}

/** A variant of one original, which has to come out. */
export async function made(
  original: Buffer,
  variant: string,
): Promise<{ answer: ImageAnswer; meta: sharp.Metadata }> {
  const answer = await benchOf(new OriginalsInMemory({ "images/a.jpg": original })).get(
    `/images/a.jpg/${variant}`,
  );
  assert.equal(answer.status, 200, answer.body.toString());
  return { answer, meta: await sharp(answer.body).metadata() };
}
