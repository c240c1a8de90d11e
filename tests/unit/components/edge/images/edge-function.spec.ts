import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import fc from "fast-check";

import { IMAGE_LADDER, imageVariants, parseVariantName, variantName } from "../../../../../budget/images";
import { imageEdgeFunction, MAX_FUNCTION_BYTES } from "../../../../../components/edge/images/edge-function";

type Query = Record<string, { value: string; multiValue?: { value: string }[] }>;

const CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
const SAFARI_15 = "image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5";
const FIREFOX_80 = "image/webp,*/*";
const CURL = "*/*";

/** An event in the shape that CloudFront documents for version 1.0. */
function eventOf(
  query: Record<string, string> | Query = {},
  { accept = CHROME as string | undefined, uri = "/images/house.jpg", method = "GET" } = {},
): Record<string, unknown> {
  const querystring = Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, typeof value === "string" ? { value } : value]),
  );
  return {
    version: "1.0",
    context: {
      distributionDomainName: "d111111abcdef8.cloudfront.net",
      distributionId: "EDFDVBD6EXAMPLE",
      eventType: "viewer-request",
      requestId: "EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==",
    },
    viewer: { ip: "198.51.100.11" },
    request: {
      method,
      uri,
      querystring,
      headers: {
        host: { value: "www.example.com" },
        "user-agent": { value: "Mozilla/5.0" },
        ...(accept === undefined ? {} : { accept: { value: accept } }),
      },
      cookies: { session: { value: "abc", attributes: "Secure" } },
    },
  };
}

interface Answer {
  uri?: string;
  querystring?: Query;
  cookies?: object;
  statusCode?: number;
  headers: Record<string, { value: string }>;
  body?: { data: string };
}

const { code } = imageEdgeFunction();

/** A fresh context each time: nothing of Node is there, and nothing is kept between requests. */
function run(event: object): Answer {
  const json = vm.runInNewContext(
    `${code}\nJSON.stringify(handler(${JSON.stringify(event)}))`,
    {},
    { timeout: 5_000 },
  ) as string;
  return JSON.parse(json) as Answer;
}

const uriOf = (query: Record<string, string>, accept?: string): string | undefined =>
  run(eventOf(query, accept === undefined ? {} : { accept })).uri;

describe("function for pictures at CloudFront's edge", () => {
  it("fits into CloudFront's limit, with half of it to spare", () => {
    assert.ok(Buffer.byteLength(code) < MAX_FUNCTION_BYTES / 2, `${Buffer.byteLength(code)} bytes`);
  });

  it("negotiates the best format that the browser names", () => {
    assert.equal(uriOf({ width: "640" }, CHROME), "/images/house.jpg/640-medium.avif");
    assert.equal(uriOf({ width: "640" }, SAFARI_15), "/images/house.jpg/640-medium.avif");
    assert.equal(uriOf({ width: "640" }, FIREFOX_80), "/images/house.jpg/640-medium.webp");
    assert.equal(uriOf({ width: "640" }, CURL), "/images/house.jpg/640-medium.jpeg");
    assert.equal(uriOf({ width: "640" }, "IMAGE/WebP ; q=0.9"), "/images/house.jpg/640-medium.webp");
    const without = eventOf();
    delete (without["request"] as { headers: Record<string, unknown> }).headers["accept"];
    assert.equal(run(without).uri, "/images/house.jpg/2560-medium.jpeg");
  });

  it("takes a weight of 0 as a refusal", () => {
    assert.equal(uriOf({ width: "640" }, "image/avif;q=0, image/webp"), "/images/house.jpg/640-medium.webp");
    assert.equal(uriOf({ width: "640" }, "image/avif;q=0.000"), "/images/house.jpg/640-medium.jpeg");
    assert.equal(uriOf({ width: "640" }, "image/avif;q=0.001"), "/images/house.jpg/640-medium.avif");
  });

  it("snaps a width up to the ladder", () => {
    for (const [asked, made] of [
      ["1", 320],
      ["320", 320],
      ["321", 480],
      ["1281", 1600],
      ["2560", 2560],
    ] as const) {
      assert.equal(uriOf({ width: asked }), `/images/house.jpg/${made}-medium.avif`, asked);
    }
  });

  it("refuses a width that is none, or above the ladder", () => {
    for (const width of ["10000", "2561", "0", "-1", "", "1e3", "0640", "640px", "99999999999", "６４０"]) {
      const answer = run(eventOf({ width }));
      assert.equal(answer.statusCode, 400, width);
      assert.match(answer.body?.data ?? "", /width is a whole number from 1 to 2560/);
    }
  });

  it("takes format and quality by name, and nothing else", () => {
    assert.equal(uriOf({ width: "320", quality: "low", format: "webp" }), "/images/house.jpg/320-low.webp");
    assert.equal(run(eventOf({ quality: "95" })).statusCode, 400);
    assert.equal(run(eventOf({ format: "png" })).statusCode, 400);
    assert.equal(run(eventOf({ format: "" })).statusCode, 400);
  });

  it("refuses a parameter it does not know, and one given twice", () => {
    for (const name of ["height", "utm_source", "Width", "v", "constructor", "__proto__x", ""]) {
      assert.equal(run(eventOf({ width: "320", [name]: "1" })).statusCode, 400, name);
    }
    const twice = { value: "640", multiValue: [{ value: "640" }, { value: "320" }] };
    assert.equal(run(eventOf({ width: twice })).statusCode, 400);
  });

  it("leaves the parts of a signed URL out of the key", () => {
    const signed = { width: "640", Expires: "1", Signature: "x", "Key-Pair-Id": "K1", Policy: "p" };
    const answer = run(eventOf(signed));
    assert.equal(answer.uri, "/images/house.jpg/640-medium.avif");
    assert.deepEqual(answer.querystring, {});
  });

  it("forwards neither a query nor a cookie", () => {
    const answer = run(eventOf({ width: "640" }));
    assert.deepEqual(answer.querystring, {});
    assert.deepEqual(answer.cookies, {});
  });

  it("refuses each second spelling of a path", () => {
    for (const uri of [
      "/images/%68ouse.jpg",
      "/images//house.jpg",
      "/images/./house.jpg",
      "/images/../private/house.jpg",
      "/images/house..jpg",
      "/images/",
      "/images/a\\b.jpg",
      "/images/a b.jpg",
      "/images/a\n.jpg",
      "/images/häuser.jpg",
      `/images/${"a".repeat(512)}`,
    ]) {
      assert.equal(run(eventOf({}, { uri })).statusCode, 400, uri);
    }
    assert.equal(run(eventOf({}, { uri: "/images/2026/08/a_b~c-1.2.jpg" })).statusCode, undefined);
  });

  it("answers only to reading", () => {
    assert.equal(run(eventOf({}, { method: "HEAD" })).statusCode, undefined);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      assert.equal(run(eventOf({}, { method })).statusCode, 405, method);
    }
  });

  it("says nothing of the request in a refusal", () => {
    const answer = run(eventOf({ width: "<script>alert(1)</script>" }));
    assert.ok(!JSON.stringify(answer).includes("alert"));
    assert.equal(answer.headers["x-content-type-options"]?.value, "nosniff");
  });

  it("maps whatever is asked to one of the counted variants, or refuses it", () => {
    const variants = new Set(imageVariants().map(variantName));
    const word = (...likely: string[]): fc.Arbitrary<string> =>
      fc.oneof(fc.constantFrom(...likely), fc.string({ maxLength: 8 }));
    const query = fc.record(
      {
        width: fc.oneof(fc.integer({ min: -10, max: 12_000 }).map(String), fc.string({ maxLength: 6 })),
        quality: word("low", "medium", "high"),
        format: word("auto", "avif", "webp", "jpeg"),
      },
      { requiredKeys: [] },
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(query, fc.oneof(fc.constantFrom(CHROME, CURL), fc.string()), (asked, accept) => {
        const answer = run(eventOf(asked as Record<string, string>, { accept }));
        if (answer.statusCode !== undefined) {
          assert.equal(answer.statusCode, 400);
          return;
        }
        const name = (answer.uri ?? "").slice("/images/house.jpg/".length);
        assert.ok(variants.has(name), answer.uri);
        assert.ok((parseVariantName(name)?.width ?? 0) <= Math.max(...IMAGE_LADDER.widths));
        seen.add(name);
      }),
      { numRuns: 300 },
    );
    assert.ok(seen.size > 5, "the property met only refusals");
  });

  it("keeps up with a path and an Accept made to be slow", () => {
    const started = process.cpuUsage();
    run(eventOf({}, { uri: `/${"a.".repeat(255)}%`, accept: `${"image/avif;q=0".repeat(500)}x` }));
    assert.ok(process.cpuUsage(started).user < 2_000_000);
  });

  it("means the same in njs, an engine without Node's modern syntax", () => {
    const events = [
      eventOf({ width: "600", quality: "high" }),
      eventOf({ width: "600" }, { accept: "image/avif;q=0,image/webp" }),
      eventOf({ width: "10000" }),
      eventOf({ v: "1" }),
      eventOf({}, { uri: "/images/%2e%2e/a" }),
      eventOf({}, { method: "POST" }),
    ];
    const folder = mkdtempSync(join(tmpdir(), "edge-function-"));
    try {
      const file = join(folder, "function.js");
      writeFileSync(file, `${code}\nconsole.log(JSON.stringify(${JSON.stringify(events)}.map(handler)));\n`);
      const answers = JSON.parse(execFileSync("njs", [file], { encoding: "utf8" })) as unknown;
      assert.deepEqual(answers, events.map(run));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
