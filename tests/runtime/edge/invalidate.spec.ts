import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { invalidate, purgeOf } from "../../../runtime/edge/invalidate";
import { purgeSettings } from "../../../runtime/edge/purge-settings";

const TOKEN = "a-token-that-nobody-may-ever-see";
const CLOUDFLARE = {
  CDN_PROVIDER: "cloudflare",
  CDN_ZONE_ID: "0123456789abcdef0123456789abcdef",
  CDN_API_TOKEN: TOKEN,
  CDN_HOSTS: "www.example.com, cdn.example.com",
};

describe("invalidation after a deploy", () => {
  let folder = "";
  let server: Server;
  const bodies: unknown[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "invalidate-"));
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        bodies.push(JSON.parse(text));
        response.end(JSON.stringify({ success: true }));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  beforeEach(() => bodies.splice(0));
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const reportOf = (content: unknown): string => {
    const file = join(folder, "report.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };

  it("purges what the report of the published assets lists, and what is named beside it", async () => {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const report = reportOf({ invalidate: ["/index.html"] });
    const done = await invalidate([report, "/offers/*", "#home"], CLOUDFLARE, baseUrl);
    assert.deepEqual(done, { paths: 2, tags: 1, calls: 2 });
    assert.deepEqual(bodies, [
      { files: ["https://www.example.com/index.html", "https://cdn.example.com/index.html"] },
      { tags: ["home"] },
      { prefixes: ["www.example.com/offers/", "cdn.example.com/offers/"] },
    ]);
  });

  it("asks nobody when nothing changed", async () => {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const done = await invalidate([reportOf({ invalidate: [] })], CLOUDFLARE, baseUrl);
    assert.deepEqual([done, bodies], [{ paths: 0, tags: 0, calls: 0 }, []]);
  });

  it("says what is wrong with the report", () => {
    assert.throws(() => purgeOf([]), /name the report/);
    assert.throws(() => purgeOf([join(folder, "nowhere.json")]), /is no report; next: publish the assets/);
    assert.throws(() => purgeOf([reportOf("<html>")]), /is no report/);
    assert.throws(() => purgeOf([reportOf({ invalidate: "all" })]), /has no list "invalidate"/);
  });

  it("names every variable that is missing or wrong, and shows no secret", () => {
    assert.throws(() => purgeSettings({ CDN_PROVIDER: "cloudfront" }), /CDN_DISTRIBUTION_ID is not set/);
    const wrong = {
      ...CLOUDFLARE,
      CDN_ZONE_ID: "zone",
      CDN_HOSTS: "not a host",
      CDN_REQUESTS_PER_SECOND: "many",
    };
    assert.throws(
      () => purgeSettings(wrong),
      ({ message }: Error) =>
        ["CDN_ZONE_ID", "CDN_HOSTS", "CDN_REQUESTS_PER_SECOND", "CDN_ORIGIN_CAPACITY_RPS"].every((name) =>
          message.includes(name),
        ) && !message.includes(TOKEN),
    );
  });

  it("purges everything only where somebody said what the origin serves", async () => {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const report = reportOf({ invalidate: ["/*"] });
    await assert.rejects(invalidate([report], CLOUDFLARE, baseUrl), /nobody said what the origin serves/);
    const guard = { CDN_REQUESTS_PER_SECOND: "100", CDN_ORIGIN_CAPACITY_RPS: "700" };
    await invalidate([report], { ...CLOUDFLARE, ...guard }, baseUrl);
    assert.deepEqual(bodies, [{ purge_everything: true }]);
  });

  it("ends with 1 and a sentence as a program, without a stack trace", function () {
    this.timeout(30_000);
    const program = join(__dirname, "../../../runtime/edge/invalidate.ts");
    const { status, stderr } = spawnSync(
      process.execPath,
      ["-r", "ts-node/register/transpile-only", program, join(folder, "nowhere.json")],
      { encoding: "utf8", env: { PATH: process.env["PATH"] } },
    );
    assert.equal(status, 1);
    assert.match(stderr, /nowhere\.json is no report/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
