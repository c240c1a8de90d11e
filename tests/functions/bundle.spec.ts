import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { unzipSync } from "fflate";
import sharp from "sharp";

import { buildBundle, BUNDLE_TARGETS, type BundleRecord } from "../../delivery/image-function/bundle";
import { ROOT } from "../../cli/paths";
import { startBucketServer, type BucketServer } from "./bucket-server";
import { sidewaysJpeg } from "./images";

const CPU = process.arch === "arm64" ? "arm64" : "x64";

/** Runs a script in the unpacked bundle, with nothing of this checkout to fall back on. */
async function runIn(folder: string, script: string, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ["-e", script], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", ORIGINALS_BUCKET: "originals", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    return text;
  };
  const [out, err, code] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    new Promise((resolve) => child.once("close", resolve)),
  ]);
  assert.equal(code, 0, err);
  return out;
}

function unpack(zip: string, folder: string): string {
  for (const [name, content] of Object.entries(unzipSync(readFileSync(zip)))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

describe("bundle of the image function", function () {
  this.timeout(300_000);
  let out: string;
  let bucket: BucketServer;
  const records: Record<string, BundleRecord> = {};
  const environment = { ORIGINALS_PREFIX: "images/", IMAGES_AT_ONCE: "1" };

  before(async () => {
    out = mkdtempSync(join(tmpdir(), "image-bundle-"));
    for (const cloud of ["aws", "gcp"] as const) {
      records[cloud] = await buildBundle(ROOT, { cloud, cpu: CPU }, out);
      unpack(join(out, `${cloud}.zip`), join(out, cloud));
    }
    bucket = await startBucketServer({ "originals/images/a.jpg": await sidewaysJpeg() });
  });

  after(async () => {
    await bucket.stop();
    rmSync(out, { recursive: true, force: true });
  });

  it("is built for arm64 on Lambda and for x64 on Cloud Run", () => {
    assert.deepEqual(BUNDLE_TARGETS, [
      { cloud: "aws", cpu: "arm64" },
      { cloud: "gcp", cpu: "x64" },
    ]);
  });

  it("says of the zip what is true of it, and leaves nothing else behind", () => {
    assert.deepEqual(readdirSync(out).sort(), ["aws", "aws.json", "aws.zip", "gcp", "gcp.json", "gcp.zip"]);
    for (const cloud of ["aws", "gcp"]) {
      const record = JSON.parse(readFileSync(join(out, `${cloud}.json`), "utf8")) as BundleRecord;
      assert.deepEqual(record, records[cloud]);
      const zip = readFileSync(join(out, `${cloud}.zip`));
      assert.equal(record.sha256, createHash("sha256").update(zip).digest("hex"));
      assert.equal(record.bytes, zip.length);
      assert.equal(record.sharp, sharp.versions.sharp);
      assert.equal(record.platform, `linux-${CPU}`);
      // Lambda takes 50 MB of zip, 250 MB unpacked.
      assert.ok(record.bytes < 50e6 && record.unpackedBytes < 250e6);
    }
  });

  it("has the same bytes when it is built again", async () => {
    const again = join(out, "aws");
    const record = await buildBundle(ROOT, { cloud: "aws", cpu: CPU }, join(again, "again"));
    assert.equal(record.sha256, records["aws"]?.sha256);
  });

  it("carries neither the path of this checkout nor the address of a registry", () => {
    for (const cloud of ["aws", "gcp"]) {
      const code = readFileSync(join(out, cloud, `${cloud}.js`), "utf8");
      const manifest = readFileSync(join(out, cloud, "package.json"), "utf8");
      assert.ok(!code.includes(ROOT) && !manifest.includes("http"), cloud);
    }
  });

  it("serves an image from S3 as Lambda calls it", async () => {
    const event = (path: string): string =>
      JSON.stringify({
        version: "2.0",
        rawPath: path,
        headers: {},
        requestContext: { http: { method: "GET" } },
      });
    const calls = ["/images/a.jpg/320-medium.webp", "/images/none.jpg/320-medium.webp"].map(event);
    const text = await runIn(
      join(out, "aws"),
      `const { handler } = require("./aws.js");
       (async () => { for (const event of [${calls.join()}]) console.log("ANSWER" + JSON.stringify(await handler(event))); })();`,
      {
        ...environment,
        AWS_REGION: "eu-central-1",
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_ENDPOINT_URL_S3: bucket.url,
      },
    );
    const lines = text.split("\n");
    const answers = lines
      .filter((line) => line.startsWith("ANSWER"))
      .map((line) => JSON.parse(line.slice("ANSWER".length)) as Record<string, any>);
    assert.deepEqual(
      answers.map(({ statusCode, isBase64Encoded }) => [statusCode, isBase64Encoded]),
      [
        [200, true],
        [404, true],
      ],
    );
    assert.equal(answers[0]?.["headers"]["content-type"], "image/webp");
    const meta = await sharp(Buffer.from(String(answers[0]?.["body"]), "base64")).metadata();
    assert.deepEqual([meta.format, meta.width, meta.height], ["webp", 320, 480]);
    assert.ok(bucket.requests.includes("GET /originals/images/a.jpg"), bucket.requests.join());
    const log = lines
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { status: number });
    assert.deepEqual(
      log.map(({ status }) => status),
      [200, 404],
    );
  });

  it("serves an image from Cloud Storage as Cloud Run calls it", async () => {
    const text = await runIn(
      join(out, "gcp"),
      `const { image } = require("./gcp.js");
       const server = require("node:http").createServer(image).listen(0, "127.0.0.1", async () => {
         const base = "http://127.0.0.1:" + server.address().port;
         for (const path of ["/images/a.jpg/320-medium.avif", "/images/none.jpg/320-medium.avif?x=1"]) {
           const answer = await fetch(base + path);
           const body = Buffer.from(await answer.arrayBuffer()).toString("base64");
           console.log("ANSWER" + JSON.stringify({ status: answer.status, type: answer.headers.get("content-type"), body }));
         }
         server.closeAllConnections();
         server.close();
       });`,
      { ...environment, STORAGE_EMULATOR_HOST: bucket.url, GOOGLE_CLOUD_PROJECT: "test" },
    );
    const answers = text
      .split("\n")
      .filter((line) => line.startsWith("ANSWER"))
      .map(
        (line) => JSON.parse(line.slice("ANSWER".length)) as { status: number; type: string; body: string },
      );
    assert.deepEqual(
      answers.map(({ status, type }) => [status, type]),
      [
        [200, "image/avif"],
        [404, "text/plain; charset=utf-8"],
      ],
    );
    const meta = await sharp(Buffer.from(answers[0]?.body ?? "", "base64")).metadata();
    assert.deepEqual([meta.format, meta.width, meta.height], ["heif", 320, 480]);
  });

  it("ends at once, and says which variable, when it is deployed without its settings", async () => {
    await assert.rejects(
      runIn(join(out, "aws"), `require("./aws.js")`, { ...environment, IMAGES_AT_ONCE: "many" }),
      /IMAGES_AT_ONCE is not a whole number of at least 1/,
    );
    await assert.rejects(
      runIn(join(out, "aws"), `require("./aws.js")`, { ORIGINALS_PREFIX: "/images", IMAGES_AT_ONCE: "1" }),
      /ORIGINALS_PREFIX does not end with a slash, or starts with one/,
    );
  });
});
