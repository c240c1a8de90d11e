import assert from "node:assert/strict";
import type { Request } from "express";
import fc from "fast-check";

import { namePattern } from "../../../../runtime/caching/http/name-pattern";
import { pathTag } from "../../../../runtime/caching/http/path-tag";
import { requestKey } from "../../../../runtime/caching/http/request-key";

interface Asked {
  readonly host: string | undefined;
  readonly forwarded: string | undefined;
  readonly secure: boolean;
  readonly target: string;
  /** By the names of `VARIED`. */
  readonly varied: readonly (string | undefined)[];
}

/** Names may have any character of a token, and "|" is one. */
const VARIED = ["accept", "accept|x=1", "x"];

function keyOf({ host, forwarded, secure, target, varied }: Asked, names = VARIED): string {
  const headers: Record<string, string | undefined> = { host };
  if (forwarded !== undefined) headers["x-forwarded-host"] = forwarded;
  for (const [index, name] of VARIED.entries()) {
    if (varied[index] !== undefined) headers[name] = varied[index];
  }
  const request = { headers, originalUrl: target, host: forwarded ?? host, socket: { encrypted: secure } };
  return requestKey(request as unknown as Request, names);
}

/** What keys are made of, so that one might be mistaken for another, and anything else. */
const hostile = fc.oneof(
  fc
    .array(
      fc.constantFrom("|", "%", "=", ",", ".", "/", "s", "1", "2", "a", "%7C", "%25", "accept", "|accept=de"),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join("")),
  fc.string({
    unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 12,
  }),
);
/** Parameters in another order are the same request: without a query all that differs makes a difference. */
const target = hostile.map((text) => `/${text.replaceAll("?", "")}`);
const maybe = fc.option(hostile, { nil: undefined });
const asked: fc.Arbitrary<Asked> = fc.record({
  host: hostile,
  forwarded: maybe,
  secure: fc.boolean(),
  target,
  varied: fc.tuple(maybe, maybe, maybe),
});

/** A forwarded host that is the host itself says nothing more. */
function told(one: Asked): string {
  return JSON.stringify({
    ...one,
    varied: one.varied.map((value) => value ?? null),
    forwarded: one.forwarded === one.host ? null : (one.forwarded ?? null),
  });
}

describe("keys of the response cache", () => {
  it("differ when host, scheme, target or a varied header differ, whatever bytes they hold", () => {
    fc.assert(
      fc.property(asked, asked, (a, b) => (told(a) === told(b)) === (keyOf(a) === keyOf(b))),
      { numRuns: 20_000 },
    );
  });

  it("differ when one part takes what another gives", () => {
    const plain: Asked = { host: "h", forwarded: undefined, secure: false, target: "/page", varied: [] };
    const pairs: [Asked, Asked][] = [
      [
        { ...plain, varied: ["de"] },
        { ...plain, target: "/page|accept=de" },
      ],
      [
        { ...plain, host: "h/a", target: "/b" },
        { ...plain, host: "h", target: "/a/b" },
      ],
      [
        { ...plain, varied: ["a|accept|x=1=b"] },
        { ...plain, varied: ["a", "b"] },
      ],
      [{ ...plain, varied: ["%"] }, plain],
      [
        { ...plain, forwarded: "f" },
        { ...plain, host: "f,h" },
      ],
      [{ ...plain, secure: true }, plain],
    ];
    for (const [a, b] of pairs) {
      assert.notEqual(keyOf(a), keyOf(b), JSON.stringify([a, b]));
      assert.notEqual(keyOf(a), keyOf(b, []), JSON.stringify([a, b]));
    }
  });

  it("leave out parameters that make no difference", () => {
    const ignored = namePattern("ignoreQuery", ["utm_*", "ref"]);
    const of = (url: string): string =>
      requestKey({ headers: { host: "h" }, originalUrl: url, socket: {} } as unknown as Request, [], ignored);
    assert.equal(of("/a?utm_source=x&b=1&ref=2&utm_medium=y"), of("/a?b=1"));
    assert.equal(of("/a?utm_source=x"), of("/a"));
    for (const other of ["/a?b=2", "/a?reference=1", "/a?UTM_source=x"]) assert.notEqual(of(other), of("/a"));
    assert.throws(() => namePattern("ignoreQuery", ["*_id"]), /ignoreQuery has "\*_id"; allowed are names/);
  });
});

describe("the tag of a path", () => {
  it("is one for all spellings that Express gives to one handler", () => {
    for (const path of ["/api/items/1/", "/API/Items/1", "/api/items/%31", "/%61pi/items/1"]) {
      assert.equal(pathTag(path), pathTag("/api/items/1"), path);
    }
    assert.equal(pathTag("/%C3%A4"), pathTag("/%c3%a4/"));
    assert.equal(pathTag("/"), "path:/");
    for (const path of ["/api/items/2", "/api/items", "/api/items/1/x"]) {
      assert.notEqual(pathTag(path), pathTag("/api/items/1"), path);
    }
    assert.equal(pathTag("/x%zz/"), "path:/x%zz");
  });
});
