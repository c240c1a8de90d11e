import assert from "node:assert/strict";

import sharp from "sharp";

import type { Originals } from "../../functions/image/originals";
import { benchOf, made } from "./bench";
import { OriginalsInMemory } from "./originals-in-memory";
import { noise, image, sidewaysJpeg, transparentPng } from "./images";

/** Colour in the middle of a quarter, as letters of what is bright in it: "r", "g", "b", "rg". */
async function colourAt(body: Buffer, x: number, y: number): Promise<string> {
  const { data, info } = await sharp(body).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  return ["r", "g", "b"].filter((_, channel) => (data[at + channel] ?? 0) > 128).join("");
}

describe("image function", function () {
  this.timeout(120_000);

  it("makes every format of every kind of original, at the width of the ladder", async () => {
    const originals = {
      jpeg: await image("jpeg"),
      png: await image("png"),
      webp: await image("webp"),
      avif: await image("avif"),
      gif: await image("gif"),
    };
    for (const [kind, original] of Object.entries(originals)) {
      for (const format of ["avif", "webp", "jpeg"] as const) {
        const { answer, meta } = await made(original, `320-medium.${format}`);
        assert.equal(answer.headers["content-type"], `image/${format}`);
        // sharp calls AVIF by the name of its container.
        assert.equal(meta.format, format === "avif" ? "heif" : format, `${kind} to ${format}`);
        assert.deepEqual([meta.width, meta.height], [320, 213], `${kind} to ${format}`);
        assert.equal(await colourAt(answer.body, 0.25, 0.25), "r", `${kind} to ${format}`);
      }
    }
  });

  it("turns an image upright and tells nothing of where and with what it was taken", async () => {
    const original = await sidewaysJpeg();
    const before = await sharp(original).metadata();
    assert.equal(before.orientation, 6);
    assert.ok(original.includes("ACME") && (before.exif?.length ?? 0) > 100);
    for (const format of ["avif", "webp", "jpeg"]) {
      const { answer, meta } = await made(original, `320-medium.${format}`);
      assert.deepEqual([meta.width, meta.height], [320, 480], format);
      // Orientation 6 is a quarter turn clockwise: what was top left is top right.
      assert.equal(await colourAt(answer.body, 0.75, 0.25), "r", format);
      assert.equal(await colourAt(answer.body, 0.25, 0.25), "b", format);
      assert.ok(meta.orientation === undefined || meta.orientation === 1, format);
      for (const metadata of [meta.exif, meta.xmp, meta.iptc, meta.icc]) {
        assert.equal(metadata, undefined, format);
      }
      assert.ok(!answer.body.includes("ACME") && !answer.body.includes("GPS"), format);
    }
  });

  it("never enlarges", async () => {
    const { meta } = await made(await image("jpeg", 500, 300), "2560-low.webp");
    assert.deepEqual([meta.width, meta.height], [500, 300]);
  });

  it("makes a tall image narrower instead of higher than the ladder", async () => {
    const { meta } = await made(await image("png", 600, 6000), "640-low.jpeg");
    assert.deepEqual([meta.width, meta.height], [410, 4096]);
  });

  it("keeps transparency where the format has it, and puts white where it has not", async () => {
    const original = await transparentPng();
    for (const format of ["avif", "webp"]) {
      const { answer, meta } = await made(original, `320-medium.${format}`);
      assert.equal(meta.hasAlpha, true, format);
      const { data, info } = await sharp(answer.body).raw().toBuffer({ resolveWithObject: true });
      assert.ok((data[info.width * info.channels - 1] ?? 255) < 8, format);
    }
    const { answer, meta } = await made(original, "320-medium.jpeg");
    assert.equal(meta.hasAlpha, false);
    assert.equal(await colourAt(answer.body, 0.25, 0.5), "r");
    assert.equal(await colourAt(answer.body, 0.75, 0.5), "rgb");
  });

  it("takes more bytes for a higher quality", async () => {
    const original = await noise(640, 480);
    for (const format of ["avif", "webp", "jpeg"]) {
      const sizes: number[] = [];
      for (const quality of ["low", "medium", "high"]) {
        sizes.push((await made(original, `640-${quality}.${format}`)).answer.body.length);
      }
      assert.deepEqual(
        sizes,
        [...sizes].sort((a, b) => a - b),
        format,
      );
      assert.ok(new Set(sizes).size === 3, format);
    }
  });

  it("can be cached everywhere under its path alone", async () => {
    const { answer } = await made(await image("jpeg"), "320-medium.webp");
    const { etag, ...headers } = answer.headers;
    assert.match(etag ?? "", /^"[0-9a-f]{32}"$/);
    assert.deepEqual(headers, {
      "content-type": "image/webp",
      "cache-control":
        "public, max-age=86400, s-maxage=2592000, stale-while-revalidate=86400, stale-if-error=2592000",
      "x-content-type-options": "nosniff",
      "content-disposition": "inline",
    });
  });

  it("answers 304 to the ETag it gave, without making or reading the image", async () => {
    const originals = new OriginalsInMemory({ "images/a.jpg": await image("jpeg") });
    const { get } = benchOf(originals);
    const first = await get("/images/a.jpg/320-medium.webp");
    const etag = first.headers["etag"] ?? "";
    assert.equal(originals.reads, 1);
    for (const given of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const second = await get("/images/a.jpg/320-medium.webp", given);
      assert.equal(second.status, 304, given);
      assert.equal(second.body.length, 0);
      assert.equal(second.headers["etag"], etag);
    }
    assert.equal(originals.reads, 1);
    assert.equal(originals.closed, 5);
    // Another variant, another original: another version.
    assert.equal((await get("/images/a.jpg/320-medium.avif", etag)).status, 200);
    const changed = benchOf(new OriginalsInMemory({ "images/a.jpg": await image("jpeg", 901) }));
    assert.equal((await changed.get("/images/a.jpg/320-medium.webp", etag)).status, 200);
  });

  it("answers HEAD as GET without the image", async () => {
    const { get } = benchOf(new OriginalsInMemory({ "images/a.jpg": await image("jpeg") }));
    const answer = await get("/images/a.jpg/320-medium.webp", undefined, "HEAD");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "image/webp");
    assert.equal(answer.body.length, 0);
  });

  it("logs one line for a request, with what it cost", async () => {
    const original = await image("jpeg");
    const { get, log } = benchOf(new OriginalsInMemory({ "images/a.jpg": original }));
    const answer = await get("/images/a.jpg/320-medium.webp");
    await get("/images/b.jpg/320-medium.webp");
    const [first, second] = log.map(({ milliseconds, ...rest }) => {
      assert.ok(milliseconds >= 0);
      return rest;
    });
    assert.deepEqual(first, {
      path: "/images/a.jpg/320-medium.webp",
      status: 200,
      bytes: answer.body.length,
      originalBytes: original.length,
    });
    assert.equal(second?.status, 404);
    assert.equal(second?.reason, "Error: There is no such image.");
    assert.equal(log.length, 2);
  });
});

describe("image function, when its bucket fails", () => {
  const failing = (error: Error): Originals => ({ open: () => Promise.reject(error) });

  it("answers 404 for no original, for a minute", async () => {
    const answer = await benchOf(new OriginalsInMemory({})).get("/images/none.jpg/320-low.webp");
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["cache-control"], "public, max-age=60");
  });

  it("answers 502 without the bucket's words", async () => {
    const error = Object.assign(new Error("secret-bucket at 10.0.0.1"), { name: "InternalError" });
    const answer = await benchOf(failing(error)).get("/images/a/320-low.webp");
    assert.equal(answer.status, 502);
    assert.equal(answer.body.toString(), "The original could not be read (InternalError).\n");
    assert.equal(answer.headers["cache-control"], "no-store");
  });

  it("answers 504 when the bucket is slow to open or to send", async () => {
    const waiting: Originals = {
      open: (_key, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        ),
    };
    assert.equal((await benchOf(waiting, { readSeconds: 0.05 }).get("/images/a/320-low.webp")).status, 504);

    let closed = false;
    const dripping: Originals = {
      open: () =>
        Promise.resolve({
          version: "1",
          bytes: 1000,
          close: () => (closed = true),
          read: async function* () {
            for (let i = 0; i < 100; i++) {
              await new Promise((resolve) => setTimeout(resolve, 20));
              yield new Uint8Array(1);
            }
          },
        }),
    };
    assert.equal((await benchOf(dripping, { readSeconds: 0.1 }).get("/images/a/320-low.webp")).status, 504);
    assert.equal(closed, true);
  });

  it("answers 504 when the bucket stops in the middle and sends nothing any more", async () => {
    const stuck: Originals = {
      open: () =>
        Promise.resolve({
          version: "1",
          bytes: 1000,
          close: () => undefined,
          read: async function* () {
            yield new Uint8Array(1);
            await new Promise(() => undefined);
          },
        }),
    };
    assert.equal((await benchOf(stuck, { readSeconds: 0.1 }).get("/images/a/320-low.webp")).status, 504);
  });
});

describe("image function, asked by many at once", () => {
  it("makes as many images at once as it may, lets as many wait, and turns the others away", async () => {
    let [running, most] = [0, 0];
    const leave: (() => void)[] = [];
    const originals: Originals = {
      open: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => leave.push(resolve));
        running -= 1;
        return undefined;
      },
    };
    const { get } = benchOf(originals, {}, 2);
    const answers = Array.from({ length: 10 }, () => get("/images/a/320-low.webp"));
    // Six find no room at all and are answered at once.
    const away = await Promise.all(answers.slice(4));
    for (const answer of away) {
      assert.equal(answer.status, 503);
      assert.equal(answer.headers["retry-after"], "1");
      assert.equal(answer.headers["cache-control"], "no-store");
    }
    for (let served = 0; served < 4; served++) {
      while (leave.length === 0) await new Promise((resolve) => setImmediate(resolve));
      leave.shift()?.();
    }
    const admitted = await Promise.all(answers.slice(0, 4));
    assert.deepEqual(
      admitted.map(({ status }) => status),
      [404, 404, 404, 404],
    );
    assert.deepEqual([most, running], [2, 0]);
  });

  it("has its place free again after a failure", async () => {
    let calls = 0;
    const originals: Originals = {
      open: () => (++calls === 1 ? Promise.reject(new Error("x")) : Promise.resolve(undefined)),
    };
    const { get } = benchOf(originals);
    assert.equal((await get("/images/a/320-low.webp")).status, 502);
    assert.equal((await get("/images/a/320-low.webp")).status, 404);
  });
});
