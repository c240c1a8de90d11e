import assert from "node:assert/strict";

import fc from "fast-check";

import { covers, isPathPattern, overlap } from "../../../../budget/edge/path-patterns";

/** Patterns over two letters: small enough that they meet often. */
const pattern = fc
  .array(fc.constantFrom("a", "b", "/", "*"), { maxLength: 6 })
  .map((parts) => `/${parts.join("")}`.replaceAll(/\*+/g, "*"));

const path = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 8 }).map((parts) => `/${parts.join("")}`);

function matches(of: string, text: string): boolean {
  return new RegExp(`^${of.replaceAll("*", ".*")}$`).test(text);
}

describe("path patterns", () => {
  it("are what both CDNs read alike", () => {
    for (const good of ["/", "/api/*", "/*.js", "/a-b_c.d~e/f+g", "/@scope/x"])
      assert.ok(isPathPattern(good), good);
    for (const bad of ["", "*", "api/*", "/a?b", "/a**", "/a b", '/a"', `/${"x".repeat(255)}`, "/ä"])
      assert.ok(!isPathPattern(bad), bad);
  });

  it("cover what lies wholly within", () => {
    assert.ok(covers("/api/*", "/api/public/*"));
    assert.ok(covers("*", "/api/*"));
    assert.ok(covers("/*.js", "/assets/*.js"));
    assert.ok(!covers("/api/public/*", "/api/*"));
    assert.ok(!covers("/assets/*", "/*.js"));
    assert.ok(!covers("/api/*", "/api"));
  });

  it("overlap where some path is in both", () => {
    assert.ok(overlap("/assets/*", "/*.js"));
    assert.ok(!overlap("/api/*", "/apis/*"));
    assert.ok(!overlap("/*.js", "/*.css"));
  });

  it("agree with a regular expression on every path", () => {
    fc.assert(
      fc.property(pattern, pattern, path, (a, b, text) => {
        if (matches(a, text) && matches(b, text)) assert.ok(overlap(a, b));
        if (covers(a, b) && matches(b, text)) assert.ok(matches(a, text));
        assert.equal(overlap(a, b), overlap(b, a));
        if (covers(a, b)) assert.ok(overlap(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  it("are compared in no more time than their lengths make", () => {
    const stars = `/${"a*".repeat(120)}`;
    assert.ok(!overlap(`${stars}b`, `${stars}c`));
  });
});
