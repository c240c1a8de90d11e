import assert from "node:assert/strict";

import fc from "fast-check";

import { IMAGE_LADDER, imageVariants, parseVariantName, variantName } from "../../../../budget/edge/images";
import { imageRequestFunction, MAX_FUNCTION_BYTES } from "../../../../components/edge/edge-functions";
import {
  runFunction,
  viewerRequestEvent,
  type FunctionAnswer,
  type FunctionQuery,
} from "../../../helpers/cloudfront-function";

const CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
const SAFARI_15 = "image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5";
const FIREFOX_80 = "image/webp,*/*";
const CURL = "*/*";

const { code } = imageRequestFunction();

function eventOf(
  query: FunctionQuery = {},
  { accept = CHROME, uri = "/images/house.jpg", method = "GET" } = {},
): object {
  return viewerRequestEvent({ uri, query, method, headers: { accept } });
}

const run = (event: object): FunctionAnswer => runFunction(code, event);

const uriOf = (query: Record<string, string>, accept?: string): string | undefined =>
  run(eventOf(query, accept === undefined ? {} : { accept })).uri;

describe("function for images at CloudFront's edge", () => {
  it("fits into CloudFront's limit, with half of it to spare", () => {
    assert.ok(Buffer.byteLength(code) < MAX_FUNCTION_BYTES / 2, `${Buffer.byteLength(code)} bytes`);
  });

  it("negotiates the best format that the browser names", () => {
    assert.equal(uriOf({ width: "640" }, CHROME), "/images/house.jpg/640-medium.avif");
    assert.equal(uriOf({ width: "640" }, SAFARI_15), "/images/house.jpg/640-medium.avif");
    assert.equal(uriOf({ width: "640" }, FIREFOX_80), "/images/house.jpg/640-medium.webp");
    assert.equal(uriOf({ width: "640" }, CURL), "/images/house.jpg/640-medium.jpeg");
    assert.equal(uriOf({ width: "640" }, "IMAGE/WebP ; q=0.9"), "/images/house.jpg/640-medium.webp");
    const without = viewerRequestEvent({ uri: "/images/house.jpg" });
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
        const answer = run(eventOf(asked, { accept }));
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
});
