import assert from "node:assert/strict";

import sharp from "sharp";

import { IMAGE_LIMITS, IMAGE_TIMEOUTS, parseVariantName } from "../../budget/images";
import {
  imageHandler,
  type ImageAnswer,
  type ImageHandlerLimits,
  type ImageRecord,
} from "../../functions/image/handler";
import type { Originals } from "../../functions/image/originals";
import { OriginalsInMemory } from "./originals-in-memory";
import { bombPng, noise, picture, sidewaysJpeg, transparentPng } from "./pictures";

interface Bench {
  get: (path: string, ifNoneMatch?: string, method?: string) => Promise<ImageAnswer>;
  log: ImageRecord[];
}

function benchOf(originals: Originals, limits: Partial<ImageHandlerLimits> = {}, concurrency = 1): Bench {
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

async function made(
  original: Buffer,
  variant: string,
): Promise<{ answer: ImageAnswer; meta: sharp.Metadata }> {
  const answer = await benchOf(new OriginalsInMemory({ "images/a.jpg": original })).get(
    `/images/a.jpg/${variant}`,
  );
  assert.equal(answer.status, 200, answer.body.toString());
  return { answer, meta: await sharp(answer.body).metadata() };
}

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
      jpeg: await picture("jpeg"),
      png: await picture("png"),
      webp: await picture("webp"),
      avif: await picture("avif"),
      gif: await picture("gif"),
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

  it("turns a picture upright and tells nothing of where and with what it was taken", async () => {
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
    const { meta } = await made(await picture("jpeg", 500, 300), "2560-low.webp");
    assert.deepEqual([meta.width, meta.height], [500, 300]);
  });

  it("makes a tall picture narrower instead of higher than the ladder", async () => {
    const { meta } = await made(await picture("png", 600, 6000), "640-low.jpeg");
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
    const { answer } = await made(await picture("jpeg"), "320-medium.webp");
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

  it("answers 304 to the ETag it gave, without making or reading the picture", async () => {
    const originals = new OriginalsInMemory({ "images/a.jpg": await picture("jpeg") });
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
    const changed = benchOf(new OriginalsInMemory({ "images/a.jpg": await picture("jpeg", 901) }));
    assert.equal((await changed.get("/images/a.jpg/320-medium.webp", etag)).status, 200);
  });

  it("answers HEAD as GET without the picture", async () => {
    const { get } = benchOf(new OriginalsInMemory({ "images/a.jpg": await picture("jpeg") }));
    const answer = await get("/images/a.jpg/320-medium.webp", undefined, "HEAD");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "image/webp");
    assert.equal(answer.body.length, 0);
  });

  it("logs one line for a request, with what it cost", async () => {
    const original = await picture("jpeg");
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
    assert.equal(second?.reason, "Error: There is no such picture.");
    assert.equal(log.length, 2);
  });
});

describe("image function, asked for what it does not make", function () {
  // Pictures of noise at the limits, on a machine that others use as well.
  this.timeout(300_000);

  it("refuses every path that is no variant of the ladder, without opening anything", async () => {
    const originals = new OriginalsInMemory({});
    const { get } = benchOf(originals);
    for (const path of [
      "/images/a.jpg",
      "/images/a.jpg/10000-medium.avif",
      "/images/a.jpg/641-medium.avif",
      "/images/a.jpg/640-99.avif",
      "/images/a.jpg/640-medium.svg",
      "/images/640-medium.avif/",
      "/images/640-medium.avif",
      "/640-medium.avif",
      "640-medium.avif",
      "",
      "/private/a.jpg/640-medium.avif",
      "/images/../private/a.jpg/640-medium.avif",
      "/images//a.jpg/640-medium.avif",
      "/images/%2e%2e/a.jpg/640-medium.avif",
      "/images/a\0.jpg/640-medium.avif",
      `/images/${"a".repeat(600)}/640-medium.avif`,
    ]) {
      const answer = await get(path);
      assert.equal(answer.status, 400, path);
      assert.equal(answer.headers["cache-control"], "public, max-age=60");
      assert.equal(answer.headers["x-content-type-options"], "nosniff");
    }
    assert.deepEqual(originals.opened, []);
  });

  it("refuses to write", async () => {
    const answer = await benchOf(new OriginalsInMemory({})).get(
      "/images/a.jpg/640-medium.avif",
      undefined,
      "POST",
    );
    assert.equal(answer.status, 405);
    assert.equal(answer.headers["allow"], "GET, HEAD");
  });

  it("refuses what is no picture, SVG and HTML above all, and says nothing of the inside", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`;
    const jpeg = await picture("jpeg");
    const files = {
      svg: Buffer.from(svg),
      "svg with a prologue": Buffer.from(`<?xml version="1.0"?>\n${svg}`),
      html: Buffer.from("<!doctype html><script>alert(1)</script>"),
      pdf: Buffer.from("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"),
      empty: Buffer.alloc(0),
      text: Buffer.from("hello"),
      tiff: await sharp(jpeg).tiff().toBuffer(),
      "half a jpeg": jpeg.subarray(0, Math.floor(jpeg.length / 2)),
      "a jpeg's first bytes": jpeg.subarray(0, 4),
    };
    for (const [kind, file] of Object.entries(files)) {
      const answer = await benchOf(new OriginalsInMemory({ "images/x": file })).get("/images/x/320-low.webp");
      assert.equal(answer.status, 415, kind);
      assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
      assert.doesNotMatch(answer.body.toString(), /vips|sharp|buffer|alert/i, kind);
    }
  });

  it("refuses a decompression bomb by its header, without decoding it", async () => {
    // 67 KiB of file, 400 million pixels: more than a gigabyte decoded.
    const bomb = bombPng(20_000, 20_000);
    assert.ok(bomb.length < 100_000);
    const { get } = benchOf(new OriginalsInMemory({ "images/bomb.png": bomb }));
    const before = process.resourceUsage().maxRSS;
    const cpu = process.cpuUsage();
    const answer = await get("/images/bomb.png/320-low.webp");
    assert.equal(answer.status, 415);
    assert.match(answer.body.toString(), /20000 x 20000 pixels, and at most 50000000/);
    const { user, system } = process.cpuUsage(cpu);
    assert.ok(user + system < 1_000_000, `${user + system} microseconds of CPU`);
    assert.ok(process.resourceUsage().maxRSS - before < 100 * 1024, "decoded it after all");
  });

  it("serves the largest original that it promises to", async () => {
    const edge = bombPng(10_000, 5_000);
    const { get } = benchOf(new OriginalsInMemory({ "images/edge.png": edge }));
    assert.equal((await get("/images/edge.png/320-low.jpeg")).status, 200);
    const above = benchOf(new OriginalsInMemory({ "images/edge.png": bombPng(10_000, 5_001) }));
    assert.equal((await above.get("/images/edge.png/320-low.jpeg")).status, 415);
  });

  it("refuses too large a file by what the bucket states, and by what it sends", async () => {
    const big = Buffer.alloc(300_000);
    const stated = new OriginalsInMemory({ "images/a": big });
    const limits = { originalBytes: 200_000 };
    assert.equal((await benchOf(stated, limits).get("/images/a/320-low.webp")).status, 415);
    assert.deepEqual([stated.reads, stated.closed], [0, 1]);

    const lying = new OriginalsInMemory({ "images/a": big }, 10);
    const answer = await benchOf(lying, limits).get("/images/a/320-low.webp");
    assert.equal(answer.status, 415);
    assert.match(answer.body.toString(), /more than 200000 bytes/);
    assert.deepEqual([lying.reads, lying.closed], [1, 1]);
  });

  it("lowers the quality of a picture too large for an answer, and says in the log that it did", async () => {
    const original = await noise(640, 480);
    const sizes: Record<string, number> = {};
    for (const quality of ["low", "medium", "high"]) {
      sizes[quality] = (await made(original, `640-${quality}.webp`)).answer.body.length;
    }
    const answerBytes = (sizes["medium"] ?? 0) - 1;
    const originals = new OriginalsInMemory({ "images/a": original });
    const { get, log } = benchOf(originals, { answerBytes });
    const answer = await get("/images/a/640-high.webp");
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, sizes["low"]);
    assert.equal(log[0]?.reason, "quality low");

    const none = await benchOf(originals, { answerBytes: 1000 }).get("/images/a/640-high.webp");
    assert.equal(none.status, 415);
    assert.match(none.body.toString(), /bytes at the lowest quality, and an answer at most 1000/);
  });

  it("makes the widest pictures of noise fit into Lambda's answer, or says that it cannot", async () => {
    const original = await noise(2560, 2560);
    const answer = await benchOf(new OriginalsInMemory({ "images/a": original })).get(
      "/images/a/2560-high.jpeg",
    );
    assert.ok([200, 415].includes(answer.status));
    assert.ok(answer.body.length <= IMAGE_LIMITS.answerBytes);
    assert.ok(parseVariantName("2560-high.jpeg"));
  });

  it("spends no more processor time on the worst picture there can be than it gives itself", async () => {
    const original = await noise(2560, 4096);
    for (const variant of ["2560-high.avif", "2560-high.webp", "2560-high.jpeg"]) {
      const before = process.cpuUsage();
      const { get } = benchOf(new OriginalsInMemory({ "images/a": original }));
      await get(`/images/a/${variant}`);
      const { user, system } = process.cpuUsage(before);
      assert.ok(
        (user + system) / 1e6 < IMAGE_TIMEOUTS.encodeSeconds,
        `${variant}: ${(user + system) / 1e6} s`,
      );
    }
  });

  it("gives up on a picture that takes too long", async () => {
    const original = await noise(2000, 2000);
    const { get } = benchOf(new OriginalsInMemory({ "images/a": original }), { encodeSeconds: 0 });
    const answer = await get("/images/a/1920-high.avif");
    assert.equal(answer.status, 504);
    assert.equal(answer.headers["cache-control"], "no-store");
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
  it("makes as many pictures at once as it may, lets as many wait, and turns the others away", async () => {
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
