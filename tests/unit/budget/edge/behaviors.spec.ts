import assert from "node:assert/strict";

import { behaviorIssues } from "../../../../components/edge/behavior-issues";
import {
  cacheControl,
  edgeBehaviors,
  edgeRoutes,
  exceptionsOf,
  type BehaviorOptions,
  type EdgeBehavior,
} from "../../../../budget/edge/behaviors";
import { describeIssue } from "../../../../components/shared/issues";

const FULL: BehaviorOptions = {
  media: { paths: ["/media/*"] },
  publicApi: { paths: ["/api/public/*"], key: { query: ["page"] } },
  webSocket: { paths: ["/socket.io/*"] },
};

function behavior(name: string, options: BehaviorOptions = FULL): EdgeBehavior {
  const found = edgeBehaviors(options).find((each) => each.class === name);
  assert.ok(found, name);
  return found;
}

const problems = (options: BehaviorOptions): string[] =>
  behaviorIssues(edgeBehaviors(options)).map((found) => describeIssue(found, "retrofitlink:cdn"));

describe("behaviours of the edge", () => {
  it("are there for every class that has paths", () => {
    assert.deepEqual(
      edgeBehaviors().map((each) => each.class),
      ["assets", "images", "api", "html"],
    );
    assert.deepEqual(
      edgeBehaviors(FULL).map((each) => each.class),
      ["assets", "images", "media", "publicApi", "api", "webSocket", "html"],
    );
  });

  it("are sound as they come", () => {
    assert.deepEqual(problems({}), []);
    assert.deepEqual(problems(FULL), []);
  });

  it("keep built files for a year, and pages for a minute with time to spare", () => {
    assert.equal(
      cacheControl(behavior("assets")),
      "public, max-age=31536000, s-maxage=31536000, stale-if-error=86400, immutable",
    );
    assert.equal(
      cacheControl(behavior("html")),
      "public, max-age=0, s-maxage=60, stale-while-revalidate=600, stale-if-error=86400",
    );
    assert.equal(cacheControl(behavior("api")), undefined);
  });

  it("keep nothing of the API and of WebSockets, and pass every method on", () => {
    for (const name of ["api", "webSocket"]) {
      const { cache, methods } = behavior(name);
      assert.deepEqual([cache, methods], [{ kind: "none" }, "all"]);
    }
  });

  it("put nothing that says who asks into a key", () => {
    for (const { cache, methods } of edgeBehaviors(FULL)) {
      if (cache.kind === "none") continue;
      assert.deepEqual([cache.key.headers, cache.key.cookies, methods], [[], [], "read"]);
    }
  });

  it("change what the stack file changes, and leave the rest", () => {
    const { paths, cache, signed } = behavior("images", {
      images: { paths: ["/img/*"], edgeSeconds: 100, browserSeconds: undefined, key: { query: ["w"] } },
    });
    assert.deepEqual([paths, signed], [["/img/*"], false]);
    assert.deepEqual(cache, {
      kind: "cached",
      browserSeconds: 86_400,
      edgeSeconds: 100,
      staleWhileRevalidateSeconds: 86_400,
      staleIfErrorSeconds: 86_400,
      immutable: false,
      key: { headers: [], cookies: [], query: ["w"] },
    });
  });
});

describe("routes of the edge", () => {
  it("put the narrower path before the one around it, and everything else last", () => {
    const patterns = edgeRoutes(edgeBehaviors(FULL)).map(({ pattern }) => pattern);
    assert.ok(patterns.indexOf("/api/public/*") < patterns.indexOf("/api/*"));
    assert.equal(patterns.at(-1), "*");
    assert.equal(patterns.length, 7);
  });

  it("know which paths inside a class belong to another", () => {
    const all = edgeBehaviors(FULL);
    assert.deepEqual(exceptionsOf(behavior("api"), all), ["/api/public/*"]);
    assert.deepEqual(exceptionsOf(behavior("publicApi"), all), []);
    assert.equal(exceptionsOf(behavior("html"), all).length, 6);
  });
});

describe("behaviours of the edge that are refused", () => {
  const cases: [string, BehaviorOptions, string[]][] = [
    [
      "a path that two classes claim",
      { assets: { paths: ["/assets/*"] }, images: { paths: ["/assets*.png"] } },
      [
        'retrofitlink:cdn.behaviors.images.paths[0]: got "/assets*.png"; allowed is a pattern that is wholly within behaviors.assets.paths[0], /assets/*, or wholly outside of it. Narrow one of the two: a path that matches both has no clear owner.',
      ],
    ],
    [
      "a path that is there already",
      { api: { paths: ["/api/*", "/images/*"] } },
      [
        'retrofitlink:cdn.behaviors.api.paths[1]: got "/images/*"; allowed is a pattern that is wholly within behaviors.images.paths[0], /images/*, or wholly outside of it. Remove one of the two: only the first would ever be used.',
      ],
    ],
    [
      "a path that CDNs read differently",
      { api: { paths: ["/a?b"] } },
      [
        'retrofitlink:cdn.behaviors.api.paths[0]: got "/a?b"; allowed is a path that begins with "/", with "*" for any characters, at most 255 long. Use letters, digits, _ . $ / ~ @ : + - and single stars.',
      ],
    ],
    [
      "a browser that keeps longer than the edge",
      { html: { browserSeconds: 120 } },
      [
        "retrofitlink:cdn.behaviors.html.browserSeconds: got 120; allowed is at most edgeSeconds, 60 (seconds). A copy in a browser cannot be purged, so it may not outlive the one at the edge.",
      ],
    ],
    [
      "staleness that grows when the origin is well",
      { html: { staleIfErrorSeconds: 5 } },
      [
        "retrofitlink:cdn.behaviors.html.staleWhileRevalidateSeconds: got 600; allowed is at most staleIfErrorSeconds, 5 (seconds). What is too old for a failing origin is too old for a working one.",
      ],
    ],
    [
      "a time that is none",
      { html: { edgeSeconds: 0.5 } },
      [
        "retrofitlink:cdn.behaviors.html.edgeSeconds: got 0.5; allowed is a whole number from 1 to 31536000 (seconds). Give whole seconds.",
      ],
    ],
    [
      "credentials in a key",
      { html: { key: { headers: ["authorization"] } } },
      [
        'retrofitlink:cdn.behaviors.html.key.headers: got "authorization"; allowed is a header that says nothing of who asks. An answer that depends on who asks belongs to behaviors.api, which is not cached.',
      ],
    ],
    [
      "a signature in a key",
      { images: { key: { query: ["Signature"] } } },
      [
        'retrofitlink:cdn.behaviors.images.key.query: got "Signature"; allowed is a name that carries no signature. Remove it: signatures are never in a key.',
      ],
    ],
  ];
  for (const [what, options, expected] of cases) {
    it(`are ${what}`, () => assert.deepEqual(problems(options), expected));
  }

  it("leave two patterns of one class alone, which mean the same", () => {
    assert.deepEqual(problems({ assets: { paths: ["/assets/*", "/assets*.woff2"] } }), []);
  });
});
