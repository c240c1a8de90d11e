import assert from "node:assert/strict";

import { IMAGE_LADDER, IMAGE_QUALITIES } from "../../../../../budget/edge/images";
import {
  cloudflareImagePath,
  cloudflareImageRules,
} from "../../../../../components/edge/cloudflare/cloudflare-images";

const CONDITION = 'starts_with(http.request.uri.path, "/images/")';

/** Rules as they are, for they are made of plain values. */
interface PlainRule {
  readonly ref: string;
  readonly expression: string;
  readonly action: string;
  readonly actionParameters: unknown;
}
const rules = cloudflareImageRules(["example.com"], CONDITION);
const rewrites = rules.rewrites as readonly PlainRule[];
const refusals = rules.refusals as readonly PlainRule[];

/** Values of `http.request.uri.query in {…}` of an expression. */
function queriesOf(expression: string): string[] {
  const set = /http\.request\.uri\.query in \{([^}]*)\}/.exec(expression)?.[1] ?? "";
  return [...set.matchAll(/"([^"]*)"/g)].map(([, query]) => query ?? "");
}

describe("ladder of images as Cloudflare's rules", () => {
  it("has the path of a variant as Cloudflare documents it", () => {
    assert.equal(
      cloudflareImagePath("/images/house.jpg", { width: 640, quality: "medium" }),
      "/cdn-cgi/image/format=auto,fit=scale-down,metadata=none,anim=false,height=4096,quality=74,width=640/images/house.jpg",
    );
  });

  it("rewrites each width and quality of the ladder by exactly one rule, and no others", () => {
    const queries = rewrites.flatMap(({ expression }) => queriesOf(expression));
    assert.equal(new Set(queries).size, queries.length);
    const expected = ["", ...IMAGE_LADDER.widths.map((width) => `width=${width}`)].flatMap((size) => [
      size,
      ...IMAGE_QUALITIES.map((quality) =>
        [size, `quality=${quality}`].filter((part) => part !== "").join("&"),
      ),
    ]);
    assert.deepEqual(queries.sort(), expected.sort());
  });

  it("refuses everything else, with what is allowed", () => {
    const [refusal] = refusals;
    assert.equal(refusals.length, 1);
    assert.equal(refusal?.action, "block");
    assert.deepEqual(
      queriesOf(refusal?.expression ?? "").sort(),
      rewrites.flatMap(({ expression }) => queriesOf(expression)).sort(),
    );
    const expression = refusal?.expression ?? "";
    assert.ok(expression.startsWith(`((${CONDITION}) and not any(`), expression);
    assert.ok(expression.includes("and not http.request.uri.query in {"));
    const { response } = refusal?.actionParameters as { response: { statusCode: number; content: string } };
    assert.equal(response.statusCode, 400);
    assert.match(response.content, /320, 480, .* 2560/);
  });

  it("refuses Cloudflare's own path when a client asks for it, but not when a rule wrote it", () => {
    assert.match(
      refusals[0]?.expression ?? "",
      /or \(http\.host in \{"example\.com"\} and starts_with\(raw\.http\.request\.uri\.path, "\/cdn-cgi\/image\/"\) and not any/,
    );
  });

  it("lets Cloudflare's request for the original through, and drops the query", () => {
    for (const { expression, action, actionParameters } of rewrites) {
      assert.equal(action, "rewrite");
      assert.match(
        expression,
        /and not any\(http\.request\.headers\["via"\]\[\*\] contains "image-resizing"\)/,
      );
      assert.deepEqual((actionParameters as { uri: { query: unknown } }).uri.query, { value: "" });
    }
  });

  it("takes the width from the query where there is one, and the widest where there is none", () => {
    const paths = Object.fromEntries(
      rewrites.map(({ ref, actionParameters }) => [
        ref,
        (actionParameters as { uri: { path: { expression: string } } }).uri.path.expression,
      ]),
    );
    const options = "/cdn-cgi/image/format=auto,fit=scale-down,metadata=none,anim=false,height=4096";
    assert.deepEqual(Object.keys(paths).sort(), [
      "image_high",
      "image_high_widest",
      "image_low",
      "image_low_widest",
      "image_medium",
      "image_medium_widest",
    ]);
    assert.equal(
      paths["image_low"],
      `concat("${options},quality=60,width=", http.request.uri.args["width"][0], http.request.uri.path)`,
    );
    assert.equal(
      paths["image_high_widest"],
      `concat("${options},quality=84,width=2560", http.request.uri.path)`,
    );
  });

  it("stays below the length that Cloudflare allows for an expression", () => {
    for (const { expression } of [...rewrites, ...refusals]) assert.ok(expression.length < 4096);
  });
});
