/** Images for the tests of the image function, made when a test asks for them. */
import { deflateSync, crc32 } from "node:zlib";

import sharp from "sharp";

/** Four quarters: red, green / blue, yellow. Where red is tells how an image was turned. */
async function quarters(width: number, height: number): Promise<sharp.Sharp> {
  const quarter = (background: string): Promise<Buffer> =>
    sharp({
      create: { width: Math.ceil(width / 2), height: Math.ceil(height / 2), channels: 3, background },
    })
      .png()
      .toBuffer();
  const [red, green, blue, yellow] = await Promise.all(["#f00", "#0f0", "#00f", "#ff0"].map(quarter));
  const at = [
    { input: red, left: 0, top: 0 },
    { input: green, left: Math.floor(width / 2), top: 0 },
    { input: blue, left: 0, top: Math.floor(height / 2) },
    { input: yellow, left: Math.floor(width / 2), top: Math.floor(height / 2) },
  ];
  const canvas = sharp({ create: { width, height, channels: 3, background: "#000" } });
  return sharp(await canvas.composite(at).png().toBuffer());
}

/** A camera's JPEG, lying on its side: EXIF orientation 6, with a place, a camera and a thumbnail's worth of text. */
export async function sidewaysJpeg(width = 1200, height = 800): Promise<Buffer> {
  return await (
    await quarters(width, height)
  )
    .withExif({
      IFD0: { Make: "ACME", Model: "Camera", ImageDescription: "at home", Orientation: "6" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 30/1 0/1", GPSLongitudeRef: "E" },
    })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** Left half opaque red, right half transparent. */
export async function transparentPng(width = 800, height = 600): Promise<Buffer> {
  const half = await sharp({
    create: { width: width / 2, height, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 1 } },
  })
    .png()
    .toBuffer();
  const clear = { r: 0, g: 0, b: 0, alpha: 0 };
  return await sharp({ create: { width, height, channels: 4, background: clear } })
    .composite([{ input: half, left: 0, top: 0 }])
    .png()
    .toBuffer();
}

export async function image(
  format: "webp" | "avif" | "png" | "jpeg" | "gif",
  width = 900,
  height = 600,
): Promise<Buffer> {
  return await (await quarters(width, height)).toFormat(format).toBuffer();
}

/** Nothing an encoder could shorten. */
export async function noise(width: number, height: number): Promise<Buffer> {
  const raw = Buffer.alloc(width * height * 3);
  let state = 1;
  for (let i = 0; i < raw.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    raw[i] = state >>> 24;
  }
  return await sharp(raw, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** A sound PNG of one bit a pixel, all black: a few kilobytes that decode to width * height pixels. */
export function bombPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc((Math.ceil(width / 8) + 1) * height);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
