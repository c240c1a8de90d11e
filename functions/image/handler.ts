import { createHash } from "node:crypto";

import {
  IMAGE_CACHING,
  IMAGE_LADDER,
  IMAGE_LIMITS,
  IMAGE_TIMEOUTS,
  parseVariantName,
  type ImageLadder,
  type ImageVariant,
} from "../../budget/edge/images";
import { Gate, GateFull } from "./gate";
import { orAborted } from "./or-aborted";
import type { Original, Originals } from "./originals";
import { ENCODERS, makeImage, ImageTimeout, UnusableOriginal } from "./make-image";

export interface ImageRequest {
  readonly method: string;
  /** Path of a variant: `/images/house.jpg/640-medium.avif`. */
  readonly path: string;
  readonly ifNoneMatch?: string | undefined;
}

export interface ImageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One line of the log. */
export interface ImageRecord {
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly originalBytes?: number;
  readonly bytes?: number;
  /** Of an image made at a lower quality than asked, or of anything but an image. */
  readonly reason?: string;
}

export interface ImageHandlerOptions {
  readonly originals: Originals;
  /** Only originals below this path are served. Starts without a slash and ends with one: `images/`. */
  readonly prefix: string;
  /** Images made at the same time in this process. */
  readonly concurrency: number;
  readonly log: (record: ImageRecord) => void;
  /** @default IMAGE_LADDER */
  readonly ladder?: ImageLadder;
  /** @default IMAGE_LIMITS and IMAGE_TIMEOUTS */
  readonly limits?: Partial<ImageHandlerLimits>;
}

export interface ImageHandlerLimits {
  readonly originalBytes: number;
  readonly originalPixels: number;
  readonly answerBytes: number;
  readonly readSeconds: number;
  readonly encodeSeconds: number;
}

export type ImageHandler = (request: ImageRequest) => Promise<ImageAnswer>;

/** Why there is no image. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    /** Shown to the caller: nothing of the inside. */
    readonly reason: string,
    /** How long the answer holds, seconds; 0 is not at all. */
    readonly cacheSeconds: number,
  ) {
    super(reason);
  }
}

/**
 * The function behind the CDN, whatever cloud it runs in. It trusts nothing of the edge: the path has to be a variant
 * of the ladder in exactly its spelling.
 *
 * Answers: 200 and 304 with a strong ETag; 400 for a path off the ladder, 404 for no original, 405 for a write, 415
 * for an original that is none (CloudFront caches it by its Cache-Control, as it would not a 422), 502 and 504 for a
 * bucket or an encoder that fails, 503 with Retry-After above the concurrency.
 */
export function imageHandler(options: ImageHandlerOptions): ImageHandler {
  const { originals, prefix, concurrency, log, ladder = IMAGE_LADDER } = options;
  const limits: ImageHandlerLimits = { ...IMAGE_LIMITS, ...IMAGE_TIMEOUTS, ...options.limits };
  // As many may wait as work: more would wait longer than the CDN does.
  const gate = new Gate(concurrency, concurrency);

  const answer = async (request: ImageRequest): Promise<ImageAnswer & Partial<ImageRecord>> => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new Refusal(405, "An image can be read only.", IMAGE_CACHING.refusalSeconds);
    }
    const { key, variant } = parsePath(request.path, prefix, ladder);
    return await gate.run(async () => {
      const signal = AbortSignal.timeout(limits.readSeconds * 1000);
      const original = await originals.open(key, signal).catch((error: unknown) => refuseRead(error));
      if (original === undefined) {
        throw new Refusal(404, "There is no such image.", IMAGE_CACHING.refusalSeconds);
      }
      const etag = etagOf(original, variant, ladder);
      const headers = imageHeaders(variant, etag);
      if (matches(request.ifNoneMatch, etag)) {
        original.close();
        return { status: 304, headers, body: Buffer.alloc(0) };
      }
      const content = await readWhole(original, limits.originalBytes, signal);
      const image = await makeImage(content, variant, ladder, limits);
      const lowered = image.quality === variant.quality ? {} : { reason: `quality ${image.quality}` };
      return { status: 200, headers, body: image.body, originalBytes: content.length, ...lowered };
    });
  };

  return async (request) => {
    const started = Date.now();
    const { originalBytes, reason, ...given } = await answer(request).catch((error: unknown) => ({
      ...refusalAnswer(asRefusal(error)),
      originalBytes: undefined,
      reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    }));
    log({
      path: request.path,
      status: given.status,
      milliseconds: Date.now() - started,
      bytes: given.body.length,
      ...(originalBytes === undefined ? {} : { originalBytes }),
      ...(reason === undefined ? {} : { reason }),
    });
    return request.method === "HEAD" ? { ...given, body: Buffer.alloc(0) } : given;
  };
}

const SEGMENT = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/;

function parsePath(
  path: string,
  prefix: string,
  ladder: ImageLadder,
): { readonly key: string; readonly variant: ImageVariant } {
  const cut = path.lastIndexOf("/");
  const key = path.slice(1, Math.max(1, cut));
  const variant = parseVariantName(path.slice(cut + 1), ladder);
  const plain = path.startsWith("/") && key.length < ladder.maxPathLength && key.startsWith(prefix);
  const named = key.split("/").every((segment) => SEGMENT.test(segment) && !segment.includes(".."));
  if (variant === undefined || !plain || !named) {
    throw new Refusal(400, "This is not the path of an image's variant.", IMAGE_CACHING.refusalSeconds);
  }
  return { key, variant };
}

/** The whole original, as long as it is no larger than allowed, whatever the bucket stated. */
async function readWhole(original: Original, limit: number, signal: AbortSignal): Promise<Buffer> {
  try {
    if (original.bytes > limit) throw tooLarge(limit);
    return await orAborted(collect(original.read(), limit), signal);
  } catch (error) {
    if (error instanceof UnusableOriginal) throw error;
    return refuseRead(error);
  } finally {
    original.close();
  }
}

async function collect(content: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): UnusableOriginal {
  return new UnusableOriginal(`the original has more than ${limit} bytes`);
}

function refuseRead(error: unknown): never {
  const name = error instanceof Error ? error.name : "";
  if (name === "TimeoutError" || name === "AbortError") {
    throw new Refusal(504, "The original could not be read in time.", 0);
  }
  throw new Refusal(502, `The original could not be read (${name}).`, 0);
}

/** Changes with the original, the variant, the encoders and their settings. */
function etagOf(original: Original, variant: ImageVariant, ladder: ImageLadder): string {
  const made = [original.version, variant, ladder.quality, ladder.maxHeight, ENCODERS];
  return `"${createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 32)}"`;
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? "").split(",").some((tag) => [etag, `W/${etag}`, "*"].includes(tag.trim()));
}

/** No `Vary`: the format is in the path, so that there is one answer to one path. */
function imageHeaders({ format }: ImageVariant, etag: string): Record<string, string> {
  const { browserSeconds, edgeSeconds } = IMAGE_CACHING;
  return {
    "content-type": `image/${format}`,
    "cache-control": `public, max-age=${browserSeconds}, s-maxage=${edgeSeconds}, stale-while-revalidate=${browserSeconds}, stale-if-error=${edgeSeconds}`,
    etag,
    "x-content-type-options": "nosniff",
    "content-disposition": "inline",
  };
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof UnusableOriginal) {
    return new Refusal(415, `There is no image: ${error.message}.`, IMAGE_CACHING.refusalSeconds);
  }
  if (error instanceof ImageTimeout) return new Refusal(504, "The image took too long to make.", 0);
  if (error instanceof GateFull) return new Refusal(503, "Too many images are being made.", 0);
  return new Refusal(500, "The image could not be made.", 0);
}

function refusalAnswer({ status, reason, cacheSeconds }: Refusal): ImageAnswer {
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": cacheSeconds > 0 ? `public, max-age=${cacheSeconds}` : "no-store",
      "x-content-type-options": "nosniff",
      ...(status === 503 ? { "retry-after": "1" } : {}),
      ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    },
    body: Buffer.from(`${reason}\n`),
  };
}
