/**
 * The images that may be asked for. The function at the edge, the function that makes them and the CDN's own
 * transformation read the same ladder, so that the cache holds what was counted here and nothing else.
 */

export const IMAGE_FORMATS = ["avif", "webp", "jpeg"] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const IMAGE_QUALITIES = ["low", "medium", "high"] as const;
export type ImageQuality = (typeof IMAGE_QUALITIES)[number];

/** One of the images that are made of an original. */
export interface ImageVariant {
  /** A step of the ladder, pixels. */
  readonly width: number;
  readonly quality: ImageQuality;
  readonly format: ImageFormat;
}

export interface ImageLadder {
  /** Widths that are made, pixels, ascending. A width in between gets the next one up. */
  readonly widths: readonly number[];
  /** Height at most, pixels: a tall image is made narrower instead. */
  readonly maxHeight: number;
  /** The encoder's quality, 1..100, by format and by the word in the URL. The formats' scales are not comparable. */
  readonly quality: Readonly<Record<ImageFormat, Readonly<Record<ImageQuality, number>>>>;
  readonly defaultQuality: ImageQuality;
  /** Path of an original at most, characters. */
  readonly maxPathLength: number;
}

/**
 * Widths step by a factor of 1.2 to 1.5, so that snapping up costs at most half a step of bytes. 2560 is a 1280 pixel
 * wide page on a display with two device pixels to one.
 */
export const IMAGE_LADDER: ImageLadder = {
  widths: [320, 480, 640, 768, 960, 1280, 1600, 1920, 2560],
  maxHeight: 4096,
  quality: {
    avif: { low: 40, medium: 52, high: 64 },
    webp: { low: 60, medium: 74, high: 84 },
    jpeg: { low: 65, medium: 78, high: 86 },
  },
  defaultQuality: "medium",
  maxPathLength: 512,
};

/** Cached objects that one original can become: widths * formats * qualities. */
export function variantsPerOriginal(ladder: ImageLadder = IMAGE_LADDER): number {
  return ladder.widths.length * IMAGE_FORMATS.length * IMAGE_QUALITIES.length;
}

/** All of them, widest last. */
export function imageVariants(ladder: ImageLadder = IMAGE_LADDER): ImageVariant[] {
  return ladder.widths.flatMap((width) =>
    IMAGE_QUALITIES.flatMap((quality) => IMAGE_FORMATS.map((format) => ({ width, quality, format }))),
  );
}

/** Last segment of a variant's path: `640-medium.avif`. */
export function variantName({ width, quality, format }: ImageVariant): string {
  return `${width}-${quality}.${format}`;
}

/** Reads a variant's name. Undefined for anything that is not a step of the ladder, in exactly this spelling. */
export function parseVariantName(name: string, ladder: ImageLadder = IMAGE_LADDER): ImageVariant | undefined {
  return imageVariants(ladder).find((variant) => variantName(variant) === name);
}

/** What an original may be. Beyond it the function answers with an error instead of trying. */
export const IMAGE_LIMITS = {
  /** File size of an original, bytes. */
  originalBytes: 25 * 1024 * 1024,
  /** Width * height of an original, after decoding. A phone's camera makes 12 to 50 million. */
  originalPixels: 50_000_000,
  /**
   * Size of an answer, bytes. Lambda refuses a payload above 6 291 556 bytes, and an image travels in it as Base64,
   * 4 characters for 3 bytes, with its headers. Source: Lambda quotas, synchronous invocation.
   */
  answerBytes: Math.floor(((6_291_556 - 8_192) * 3) / 4),
} as const;

/** How long the CDN waits for an image, seconds. */
export const IMAGE_READ_SECONDS = 30;

/** Mean time of one image, where none was measured, seconds: a 12 megapixel photo to AVIF. */
export const SECONDS_PER_IMAGE = 1.5;

/** Seconds; each is inside the next, and the last is inside {@link IMAGE_READ_SECONDS}. */
export const IMAGE_TIMEOUTS = {
  /** Reading the original from the bucket. */
  readSeconds: 5,
  /** Decoding and resizing, and the beginning of a further attempt at a lower quality. */
  encodeSeconds: 15,
  /** The whole call. */
  functionSeconds: 25,
} as const;

/**
 * Effort of the AVIF encoder for an image of so many pixels, 0 (fast) to 9. Nothing can stop the encoder once it has
 * begun, so its time is bounded by its work: 3 up to 4 million pixels, beyond that 0.
 *
 * Measured, processor time and bytes of 6.6 million pixels: effort 3 takes 3.9 s for a photo and 7.2 s for noise, 4
 * takes 15 s and 57 s for 15 % less, 0 takes 0.7 s and 1.2 s for 26 % more.
 */
export function avifEffort(pixels: number): number {
  return pixels <= 4_000_000 ? 3 : 0;
}

/** How a variant may be cached, seconds. */
export const IMAGE_CACHING = {
  /** In a browser: a replaced original is seen a day later at the latest. */
  browserSeconds: 86_400,
  /** At the edge, which is told when an original changes. */
  edgeSeconds: 30 * 86_400,
  /** A refusal: long enough to take the load of a loop, short enough for an upload that comes late. */
  refusalSeconds: 60,
} as const;

/** What the calls of the function at the same time follow from. */
export interface ImageDemand {
  /** Requests for images at the edge at peak, per second. */
  readonly peakRps: number;
  /** Share of them that the edge answers by itself, 0..1. */
  readonly hitRatio: number;
  /** Mean time of one image, seconds. */
  readonly secondsPerImage: number;
  /** Share of the allowed calls that may be busy, 0..1. */
  readonly maxUtilization: number;
}

/**
 * Calls at the same time: ceil(peakRps * (1 - hitRatio) * secondsPerImage / maxUtilization), at least 2.
 * Source: Little's law, L = lambda * W, for the misses.
 */
export function imageConcurrency(demand: ImageDemand): number {
  const inFlight = demand.peakRps * (1 - demand.hitRatio) * demand.secondsPerImage;
  return Math.max(2, Math.ceil(inFlight / demand.maxUtilization));
}

/** Node, the function's code and the original as uploaded aside. Measured: 105 MiB after the first image. */
const RUNTIME_MIB = 192;

/** Bytes for a pixel of the original: four samples, and half of them again where an upright copy is made. */
const DECODED_BYTES = 6;

/** Bytes for a pixel in the AVIF encoder, the largest of the three. */
const ENCODER_BYTES = 24;

/**
 * Memory that one image at a time may need at worst, MiB, rounded up to 64:
 * runtime + original file + 6 B * original's pixels + 24 B * the largest image's pixels.
 * Measured: a 50 million pixel JPEG, turned by its EXIF, to 2560 pixel AVIF peaks at 456 MiB.
 */
export function imageMemoryMiB(
  limits: { readonly originalBytes: number; readonly originalPixels: number } = IMAGE_LIMITS,
  ladder: ImageLadder = IMAGE_LADDER,
): number {
  const widest = Math.max(...ladder.widths);
  const bytes =
    limits.originalBytes + DECODED_BYTES * limits.originalPixels + ENCODER_BYTES * widest * ladder.maxHeight;
  return Math.ceil((RUNTIME_MIB + bytes / 2 ** 20) / 64) * 64;
}

/**
 * Lambda gives processors in proportion to memory, and a whole one at 1769 MB. Encoding is bound by it, and the AVIF
 * encoder uses no second one. Source: Lambda developer guide, "Configure memory".
 */
export const LAMBDA_MB_PER_CPU = 1769;
