import sharp, { type Sharp } from "sharp";

import {
  avifEffort,
  IMAGE_QUALITIES,
  type ImageFormat,
  type ImageLadder,
  type ImageQuality,
  type ImageVariant,
} from "../../budget/edge/images";

// Every other loader of libvips stays shut, SVG and PDF above all: they run programs of their own.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadHeif",
    "VipsForeignLoadNsgif",
  ],
});
// Variants of one original rarely meet in one process; what libvips would keep is memory that is missed elsewhere.
sharp.cache(false);

/** What the encoders are, for the version of an answer. */
export const ENCODERS = `sharp ${sharp.versions.sharp ?? ""} vips ${sharp.versions.vips}`;

/** The original cannot become an image; the message says why, for people outside. */
export class UnusableOriginal extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnusableOriginal";
  }
}

/** Decoding and encoding took longer than they may. */
export class ImageTimeout extends Error {
  constructor() {
    super("the image took too long");
    this.name = "ImageTimeout";
  }
}

export interface ImageLimits {
  readonly originalPixels: number;
  readonly answerBytes: number;
  /** Decoding and resizing, and the beginning of a further attempt, seconds. The encoder's work is bounded otherwise. */
  readonly encodeSeconds: number;
}

export interface Image {
  readonly body: Buffer;
  readonly width: number;
  readonly height: number;
  /** What it was made with: lower than asked when the answer would have been too large. */
  readonly quality: ImageQuality;
}

/**
 * Makes one variant: upright, without metadata, never larger than the original, in sRGB. JPEG has no transparency, so
 * what is transparent becomes white. Of an animation it is the first frame.
 *
 * @throws UnusableOriginal when it is no JPEG, PNG, WebP, AVIF or GIF, is broken, or has too many pixels
 * @throws ImageTimeout
 */
export async function makeImage(
  original: Buffer,
  variant: ImageVariant,
  ladder: ImageLadder,
  limits: ImageLimits,
): Promise<Image> {
  const deadline = Date.now() + limits.encodeSeconds * 1000;
  const size = await sizeWithin(original, limits.originalPixels);
  const scale = Math.min(1, variant.width / size.width, ladder.maxHeight / size.height);
  const pixels = size.width * size.height * scale ** 2;
  const qualities = IMAGE_QUALITIES.slice(0, IMAGE_QUALITIES.indexOf(variant.quality) + 1).reverse();
  let least = 0;
  for (const quality of qualities) {
    const seconds = Math.ceil((deadline - Date.now()) / 1000);
    if (seconds <= 0) throw new ImageTimeout();
    const resized = sharp(original, {
      limitInputPixels: limits.originalPixels,
      failOn: "error",
      sequentialRead: true,
    })
      .timeout({ seconds })
      .autoOrient()
      .resize({
        width: variant.width,
        height: ladder.maxHeight,
        fit: "inside",
        withoutEnlargement: true,
      });
    const encoded = encode(resized, variant.format, ladder.quality[variant.format][quality], pixels);
    const { data, info } = await encoded.toBuffer({ resolveWithObject: true }).catch(explain);
    if (data.length <= limits.answerBytes) {
      return { body: data, width: info.width, height: info.height, quality };
    }
    least = data.length;
  }
  throw new UnusableOriginal(
    `the image has ${least} bytes at the lowest quality, and an answer at most ${limits.answerBytes}`,
  );
}

/** Size of the original, upright. Reads the header only, so that a bomb costs nothing. */
async function sizeWithin(original: Buffer, limit: number): Promise<{ width: number; height: number }> {
  // sharp throws at once, not through the promise, when there is no byte to look at.
  if (original.length === 0) explain(undefined);
  const { width, height, autoOrient } = await sharp(original, { limitInputPixels: false })
    .metadata()
    .catch(explain);
  if (width * height > limit) {
    throw new UnusableOriginal(`the original has ${width} x ${height} pixels, and at most ${limit} in all`);
  }
  return autoOrient;
}

function encode(image: Sharp, format: ImageFormat, quality: number, pixels: number): Sharp {
  switch (format) {
    case "avif":
      return image.avif({ quality, effort: avifEffort(pixels), chromaSubsampling: "4:2:0" });
    case "webp":
      return image.webp({ quality, effort: 4 });
    case "jpeg":
      return image.flatten({ background: "#ffffff" }).jpeg({ quality, progressive: true });
  }
}

/** Errors of libvips are about the file. Its words may name loaders and addresses, so they are not passed on. */
function explain(error: unknown): never {
  const message = error instanceof Error ? error.message : "";
  if (/timeout/i.test(message)) throw new ImageTimeout();
  throw new UnusableOriginal("the original is not a JPEG, PNG, WebP, AVIF or GIF image, or it is broken");
}
