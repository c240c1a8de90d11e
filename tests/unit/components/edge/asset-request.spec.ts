import assert from "node:assert/strict";

import { assetRequestFunction, MAX_FUNCTION_BYTES } from "../../../../components/edge/edge-functions";
import { buildAssets } from "../../../../delivery/assets/build";
import { runFunction, viewerRequestEvent } from "../../../helpers/cloudfront-function";

const { code } = assetRequestFunction();
const MARKED = "/assets/app.0123456789abcdefz.js";
const BROWSER = "gzip, deflate, br, zstd";

function uriOf(uri: string, accepted: string | undefined = BROWSER): string | undefined {
  return runFunction(code, viewerRequestEvent({ uri, headers: { "accept-encoding": accepted } })).uri;
}

describe("function for built files at CloudFront's edge", () => {
  it("fits into CloudFront's limit", () => {
    assert.ok(Buffer.byteLength(code) < MAX_FUNCTION_BYTES / 2);
  });

  it("leads to the best variant that the browser takes", () => {
    assert.equal(uriOf(MARKED), `${MARKED}.br`);
    assert.equal(uriOf(MARKED, "gzip"), `${MARKED}.gz`);
    assert.equal(uriOf(MARKED, "br;q=0, gzip;q=0.5"), `${MARKED}.gz`);
    assert.equal(uriOf(MARKED, "BR ; q=1"), `${MARKED}.br`);
    assert.equal(uriOf(MARKED, "identity"), MARKED);
    assert.equal(uriOf(MARKED, "*"), MARKED);
    assert.equal(uriOf(MARKED, "brotli"), MARKED);
    const event = viewerRequestEvent({ uri: MARKED });
    assert.equal(runFunction(code, event).uri, MARKED);
  });

  it("leaves every other name alone", () => {
    for (const uri of [
      "/assets/app.0123456789abcdef.js",
      "/assets/app.js",
      "/assets/app.0123456789ABCDEFz.js",
      "/assets/app.0123456789abcdefz",
      "/assets/app.0123456789abcdefz.js.br",
      "/assets/0123456789abcdefz.js",
      "/",
    ]) {
      assert.equal(uriOf(uri), uri);
    }
  });

  it("finds what the build uploads, and asks for nothing that it does not", async () => {
    const files = [
      { path: "app.js", content: Buffer.from("f();\n".repeat(500)) },
      { path: "short.js", content: Buffer.from("f();\n") },
      { path: "index.html", content: Buffer.from("<p>\n".repeat(500)) },
    ];
    const { objects } = await buildAssets(files, { publicPath: "/assets/" });
    const keys = new Set(objects.map(({ key }) => key));
    const asked = objects
      .filter(({ contentEncoding }) => contentEncoding === undefined)
      .map(({ key }) => uriOf(`/assets/${key}`) ?? "");
    for (const uri of asked) assert.ok(keys.has(uri.slice("/assets/".length)), uri);
    assert.equal(asked.filter((uri) => uri.endsWith(".br")).length, 1);
  });
});
