import assert from "node:assert/strict";
import fc from "fast-check";

import { Keys, safeKey, scanPattern } from "../../../runtime/caching/keys";

const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
  maxLength: 400,
});

describe("keys of a cache", () => {
  it("stay as they are when they are plain", () => {
    for (const key of ["property:42", "GET|/api/x?a=1&b=2|de", "a_b-c.d/e"]) assert.equal(safeKey(key), key);
  });

  it("are printable and short, whatever they are made of", () => {
    fc.assert(fc.property(anyText, (key) => /^[!-~]{0,200}$/.test(safeKey(key))));
  });

  it("differ when they differ", () => {
    fc.assert(fc.property(anyText, anyText, (a, b) => (a === b) === (safeKey(a) === safeKey(b))));
    const look = [
      "a%0A",
      "a\n",
      "a%u000A",
      "a%250A",
      "x".repeat(300),
      "x".repeat(301),
      safeKey("x".repeat(300)),
    ];
    assert.equal(new Set(look.map(safeKey)).size, look.length);
  });

  it("of entries, tags and locks, of caches, products and versions do not meet", () => {
    const spaces = [
      new Keys("api"),
      new Keys("data"),
      new Keys("api", { version: 2 }),
      new Keys("api", { namespace: "x" }),
    ];
    const all = spaces.flatMap((keys) => [keys.entry("k"), keys.tag("k"), keys.lock("k")]);
    assert.equal(new Set(all).size, 12);
    assert.equal(all[0], "retrofitlink:api:v1:e:k");
  });

  it("are matched literally by a pattern, but for its asterisks", () => {
    assert.equal(scanPattern("p*:", "a?[b]\\*c"), "p\\*:a\\?%5Bb%5D%5C*c");
  });
});
