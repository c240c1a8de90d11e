import assert from "node:assert/strict";

import { edgeBehaviors, withImageVariants } from "../../../../../budget/edge/behaviors";
import { cloudflareIssues, type CloudflareArgs } from "../../../../../components/edge/cloudflare/cloudflare";
import { describeIssue } from "../../../../../components/shared/issues";
import { cloudflare } from "../fixtures";
import { account } from "./cloudflare-fixture";

describe("Cloudflare that cannot be built", () => {
  const problems = (change: Partial<CloudflareArgs>): string[] =>
    cloudflareIssues({ ...cloudflare, ...change }).map((found) => describeIssue(found));
  const cases: [string, Partial<CloudflareArgs>, string][] = [
    [
      "a key that the plan does not have",
      { ...account({ plan: "pro" }), behaviors: edgeBehaviors({ html: { key: { cookies: ["locale"] } } }) },
      'behaviors.html.key.cookies: got a list, ["locale"]; allowed is a plan that keys on them: enterprise. Change the plan of the zone, or leave it out of the key.',
    ],
    [
      "signatures on the plan free",
      account({ plan: "free" }),
      "behaviors.media.signed: got true; allowed is false on the plan free, which checks no signatures. Change the plan of the zone to pro at least.",
    ],
    [
      "more query parameters than the plan free has rules for",
      {
        ...account({ plan: "free" }),
        behaviors: edgeBehaviors({
          html: { key: { query: ["page"] } },
          publicApi: { paths: ["/api/public/*"], key: { query: ["page"] } },
          assets: { key: { query: ["v"] } },
        }),
      },
      "behaviors: got query parameters in the keys of assets, images, publicApi, html; allowed is at most 3 classes with some on the plan free, which has five custom rules. Leave key.query out of one, or change the plan of the zone.",
    ],
    [
      "a private key in place of a request",
      account({ originCertificateRequest: "-----BEGIN PRIVATE KEY-----" }),
      "account.originCertificateRequest: got a private key; allowed is a certificate request, PEM. Make one: `openssl req -new -newkey rsa:2048 -nodes -keyout origin.pem -subj /CN=origin`.",
    ],
    [
      "images on the plan free",
      {
        ...account({ plan: "free" }),
        images: true,
        behaviors: withImageVariants(edgeBehaviors(), "service"),
      },
      "images: got variants of images on the plan free; allowed is a plan with more than ten rules that rewrite. Change the plan of the zone to pro at least, or remove images.",
    ],
    [
      "signed images of which it makes variants",
      {
        images: true,
        behaviors: withImageVariants(edgeBehaviors({ images: { signed: true } }), "service"),
      },
      "behaviors.images.signed: got true; allowed is false where Cloudflare makes the variants: they are looked for without the query that is signed. Move the images to behaviors.media, or remove images from the CDN.",
    ],
    [
      "images in two folders",
      {
        images: true,
        behaviors: withImageVariants(edgeBehaviors({ images: { paths: ["/a/*", "/b/*"] } }), "service"),
      },
      'behaviors.images.paths: got a list, ["/a/*","/b/*"]; allowed is exactly one folder, like /images/*, where images is given. Give the folder with the images, or remove images from the CDN.',
    ],
    [
      "a generation before the first",
      { signatures: { generation: 0, lifetimeSeconds: 60 } },
      "signatures.generation: got 0; allowed is a whole number from 1 to 1,000,000. Raise it by one to rotate.",
    ],
    [
      "signatures for ever",
      { signatures: { generation: 1, lifetimeSeconds: 1e9 } },
      "signatures.lifetimeSeconds: got 1000000000; allowed is a whole number from 1 to 604,800 (seconds). Say how long a signature is good for.",
    ],
  ];
  for (const [what, change, expected] of cases) {
    it(`has ${what}`, () => assert.deepEqual(problems(change), [expected]));
  }

  it("has more patterns than a condition can hold", () => {
    const paths = Array.from({ length: 60 }, (_, index) => `/section-${index}/*`);
    const [first = "", ...more] = problems({ behaviors: edgeBehaviors({ api: { paths } }) });
    assert.deepEqual(more, []);
    assert.match(
      first,
      /^behaviors: got a condition of \d+ characters; allowed is at most 3000 for one class/,
    );
  });
});
