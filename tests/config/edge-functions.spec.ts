import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { assetRequestFunction, imageRequestFunction } from "../../components/edge/edge-functions";
import { runFunction, viewerRequestEvent, type ViewerRequest } from "../helpers/cloudfront-function";

/** Runs a function in njs, a small engine of the class that CDNs embed: what it cannot read, an edge may not either. */
function runInNjs(code: string, events: readonly object[]): unknown {
  const folder = mkdtempSync(join(tmpdir(), "edge-function-"));
  try {
    const file = join(folder, "function.js");
    // A line each: this njs breaks a line that is longer than its buffer.
    const calls = events.map((event) => `console.log(JSON.stringify(handler(${JSON.stringify(event)})));`);
    writeFileSync(file, [code, ...calls, ""].join("\n"));
    const lines = execFileSync("njs", [file], { encoding: "utf8" }).trim().split("\n");
    return lines.map((line) => JSON.parse(line) as unknown);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("functions of CloudFront's edge, in njs", () => {
  it("answer to images as they do in Node", () => {
    const { code } = imageRequestFunction();
    const uri = "/images/house.jpg";
    const requests: ViewerRequest[] = [
      {
        uri,
        query: { width: "600", quality: "high" },
        headers: { accept: "image/avif,image/webp,*/*;q=0.8" },
      },
      { uri, query: { width: "600" }, headers: { accept: "image/avif;q=0,image/webp" } },
      { uri, query: { width: "10000" } },
      { uri, query: { width: { value: "320", multiValue: [{ value: "320" }, { value: "480" }] } } },
      { uri, query: { v: "1", constructor: "2" } },
      { uri, query: { Signature: "x", format: "webp" } },
      { uri: "/images/%2e%2e/a" },
      { uri, method: "POST" },
    ];
    const events = requests.map(viewerRequestEvent);
    assert.deepEqual(
      runInNjs(code, events),
      events.map((event) => runFunction(code, event)),
    );
  });

  it("answer to built files as they do in Node", () => {
    const { code } = assetRequestFunction();
    const uri = "/assets/app.0123456789abcdefz.js";
    const events = ["gzip, deflate, br", "gzip", "br;q=0.0", undefined].map((accepted) =>
      viewerRequestEvent({ uri, headers: { "accept-encoding": accepted } }),
    );
    assert.deepEqual(
      runInNjs(code, events),
      events.map((event) => runFunction(code, event)),
    );
  });
});
