import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { buildAssets, MANIFEST_KEY, type BuiltAssets } from "../../../../delivery/assets/build";
import type { AssetObject } from "../../../../delivery/assets/stores/store";

const SCRIPT = "function answer() { return 42; }\n".repeat(100);
const IMAGE = createHash("shake256", { outputLength: 3000 }).update("x").digest();

async function built(files: Record<string, string | Buffer>, hashed: string[] = []): Promise<BuiltAssets> {
  const sources = Object.entries(files).map(([path, content]) => ({ path, content: Buffer.from(content) }));
  return await buildAssets(sources, { publicPath: "/assets/", hashed });
}

const named = ({ objects }: BuiltAssets, key: string): AssetObject => {
  const found = objects.find((object) => object.key === key);
  assert.ok(found, `${key} is not among ${objects.map((object) => object.key).join(", ")}`);
  return found;
};

const keyOf = ({ manifest }: BuiltAssets, path: string): string =>
  (manifest[path] ?? "").slice("/assets/".length);

describe("build of assets", () => {
  it("puts a file under its content's name for ever, and under its own to be asked about", async () => {
    const result = await built({ "img/a.png": IMAGE });
    const digest = createHash("sha256").update(IMAGE).digest("hex").slice(0, 16);
    assert.deepEqual(
      result.objects.map(({ key, contentType, cacheControl, contentEncoding }) => [
        key,
        contentType,
        cacheControl,
        contentEncoding,
      ]),
      [
        [`img/a.${digest}.png`, "image/png", "public, max-age=31536000, immutable", undefined],
        ["img/a.png", "image/png", "no-cache", undefined],
        [MANIFEST_KEY, "application/json; charset=utf-8", "no-cache", undefined],
      ],
    );
    assert.deepEqual(JSON.parse(named(result, MANIFEST_KEY).content.toString()), {
      "img/a.png": `/assets/img/a.${digest}.png`,
    });
  });

  it("has both compressed variants of text, which say what they are", async () => {
    const result = await built({ "app.js": SCRIPT });
    const key = keyOf(result, "app.js");
    assert.match(key, /^app\.[0-9a-f]{16}z\.js$/);
    const [br, gz] = [named(result, `${key}.br`), named(result, `${key}.gz`)];
    assert.equal(brotliDecompressSync(br.content).toString(), SCRIPT);
    assert.equal(gunzipSync(gz.content).toString(), SCRIPT);
    assert.deepEqual([br.contentEncoding, gz.contentEncoding], ["br", "gzip"]);
    for (const { contentType, cacheControl } of [br, gz]) {
      assert.equal(contentType, "text/javascript; charset=utf-8");
      assert.equal(cacheControl, "public, max-age=31536000, immutable");
    }
    const [file] = result.files;
    assert.deepEqual(file, {
      path: "app.js",
      contentType: "text/javascript; charset=utf-8",
      bytes: SCRIPT.length,
      brotliBytes: br.content.length,
      gzipBytes: gz.content.length,
    });
  });

  it("keeps no variant of what is short, compressed already, or larger for it", async () => {
    const noise = IMAGE.toString("base64url");
    const result = await built({
      "a.js": "x".repeat(100),
      "a.png": "x".repeat(5000),
      "a.wasm": IMAGE,
      "b.txt": noise,
    });
    for (const path of ["a.js", "a.png", "a.wasm"]) {
      assert.match(keyOf(result, path), /\.[0-9a-f]{16}\.[a-z]+$/, path);
    }
    assert.ok(!result.objects.some(({ key }) => /^a\..*\.(br|gz)$/.test(key)));
    // Base64 does shrink.
    assert.match(keyOf(result, "b.txt"), /z\.txt$/);
  });

  it("refers to fingerprints from style sheets and pages, through every step", async () => {
    const files = {
      "index.html": `<link rel="stylesheet" href="css/site.css"><img src="img/a.png">`,
      "css/site.css": `@import "base.css";`,
      "css/base.css": `a{background:url(../img/a.png)}`,
      "img/a.png": IMAGE,
    };
    const first = await built(files);
    const url = (path: string): string => first.manifest[path] ?? "";
    assert.equal(
      named(first, keyOf(first, "css/base.css")).content.toString(),
      `a{background:url(${url("img/a.png")})}`,
    );
    assert.equal(
      named(first, keyOf(first, "css/site.css")).content.toString(),
      `@import "${url("css/base.css")}";`,
    );
    assert.equal(
      named(first, "index.html").content.toString(),
      `<link rel="stylesheet" href="${url("css/site.css")}"><img src="${url("img/a.png")}">`,
    );
    // A changed image changes the name of everything that shows it.
    const second = await built({ ...files, "img/a.png": Buffer.concat([IMAGE, IMAGE]) });
    for (const path of ["img/a.png", "css/base.css", "css/site.css"]) {
      assert.notEqual(second.manifest[path], first.manifest[path], path);
    }
    assert.equal(second.manifest["index.html"], "/assets/index.html");
  });

  it("gives the same names to the same files, in whatever order they come", async () => {
    const files = { "a.css": "a{background:url(z.png)}", "z.png": IMAGE, "app.js": SCRIPT };
    const reversed = Object.fromEntries(Object.entries(files).reverse());
    assert.deepEqual((await built(files)).manifest, (await built(reversed)).manifest);
  });

  it("lets what has to have its name keep it", async () => {
    const fixed = [
      "index.html",
      "robots.txt",
      "favicon.ico",
      "sitemap.xml",
      "site.webmanifest",
      "sw.js",
      "service-worker.js",
      ".well-known/security.txt",
    ];
    const result = await built(Object.fromEntries(fixed.map((path) => [path, SCRIPT])));
    assert.deepEqual(result.objects.map(({ key }) => key).sort(), [...fixed, MANIFEST_KEY].sort());
    assert.ok(result.objects.every(({ cacheControl }) => cacheControl === "no-cache"));
  });

  it("leaves the names of a bundler, which are fingerprints already", async () => {
    const result = await built(
      { "dist/app-3fa9Bc21.js": SCRIPT, "index.html": `<script src="dist/app-3fa9Bc21.js"></script>` },
      ["dist"],
    );
    assert.deepEqual(
      result.objects.map(({ key, cacheControl }) => [key, cacheControl]),
      [
        ["dist/app-3fa9Bc21.js", "public, max-age=31536000, immutable"],
        ["index.html", "no-cache"],
        [MANIFEST_KEY, "no-cache"],
      ],
    );
    assert.equal(
      named(result, "index.html").content.toString(),
      `<script src="dist/app-3fa9Bc21.js"></script>`,
    );
  });

  it("brings the digest of a style sheet along that was changed by its own references", async () => {
    const result = await built({
      "index.html": `<link rel="stylesheet" href="a.css" integrity="sha384-old">`,
      "a.css": "a{background:url(z.png)}",
      "z.png": IMAGE,
    });
    const sheet = named(result, keyOf(result, "a.css")).content;
    const digest = `sha384-${createHash("sha384").update(sheet).digest("base64")}`;
    assert.ok(named(result, "index.html").content.includes(`integrity="${digest}"`));
  });

  it("names references to files that are not there, and leaves those to the service's pages alone", async () => {
    const result = await built({
      "index.html": `<img src="none.png"><link rel="canonical" href="/assets/about"><script src="https://x.example/a.js"></script>`,
      "a.css": "a{background:url(gone.png)}",
    });
    assert.deepEqual(result.broken, [
      { file: "a.css", reference: "gone.png" },
      { file: "index.html", reference: "none.png" },
    ]);
  });

  it("refuses style sheets in a circle, and names it", async () => {
    await assert.rejects(
      built({ "a.css": `@import "b.css";`, "b.css": `@import "c.css";`, "c.css": `@import "b.css";` }),
      /style sheets refer to each other in a circle: b\.css -> c\.css -> b\.css/,
    );
  });

  it("refuses a style sheet that is none, and a name that would be there twice", async () => {
    await assert.rejects(built({ "a.css": "a{" }), /a\.css is no style sheet: .*\n {2}next: correct it/);
    await assert.rejects(built({ [MANIFEST_KEY]: "{}" }), /assets-manifest\.json would be there twice/);
  });

  it("escapes in a URL what a name may have in it", async () => {
    const result = await built({ "a b.png": IMAGE, "a.css": `a{background:url("a b.png")}` });
    const sheet = named(result, keyOf(result, "a.css")).content.toString();
    assert.match(sheet, /^a\{background:url\("\/assets\/a%20b\.[0-9a-f]{16}\.png"\)\}$/);
  });
});
