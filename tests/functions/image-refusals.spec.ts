import assert from "node:assert/strict";

import sharp from "sharp";

import { IMAGE_LIMITS, IMAGE_TIMEOUTS } from "../../budget/edge/images";
import { benchOf, made } from "./bench";
import { OriginalsInMemory } from "./originals-in-memory";
import { bombPng, noise, image } from "./images";

describe("image function, asked for what it does not make", function () {
  // Images of noise at the limits, on a machine that others use as well.
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

  it("refuses what is no image, SVG and HTML above all, and says nothing of the inside", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`;
    const jpeg = await image("jpeg");
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

  it("lowers the quality of an image too large for an answer, and says in the log that it did", async () => {
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

  it("makes the widest images of noise fit into Lambda's answer, or says that it cannot", async () => {
    const original = await noise(2560, 2560);
    const answer = await benchOf(new OriginalsInMemory({ "images/a": original })).get(
      "/images/a/2560-high.jpeg",
    );
    assert.ok([200, 415].includes(answer.status));
    assert.ok(answer.body.length <= IMAGE_LIMITS.answerBytes);
  });

  it("spends no more processor time on the worst image there can be than it gives itself", async () => {
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

  it("gives up on an image that takes too long", async () => {
    const original = await noise(2000, 2000);
    const { get } = benchOf(new OriginalsInMemory({ "images/a": original }), { encodeSeconds: 0 });
    const answer = await get("/images/a/1920-high.avif");
    assert.equal(answer.status, 504);
    assert.equal(answer.headers["cache-control"], "no-store");
  });
});
