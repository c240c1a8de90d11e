import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";

import {
  CloudFrontSigner,
  CloudflareSigner,
  urlSigner,
  type SignedCookie,
  type UrlSigner,
} from "../../../runtime/edge";
import { VariablesError } from "../../../runtime/shared/variables";
import { CloudFrontEdge, CloudflareEdge } from "./edge-stand-ins";

const NOW = 1_800_000_000;
const LIFETIME = 3600;
const URL_OF_FILE = "https://cdn.example.com/private/42/plan.pdf";

const keys = (): { publicKey: string; privateKey: string } =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
const OLD = keys();
const NEW = keys();
const curve = (): { publicKey: string; privateKey: string } =>
  generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
const OLD_CURVE = curve();
const NEW_CURVE = curve();
const SECRETS = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"] as const;

interface Case {
  readonly name: string;
  readonly signer: UrlSigner;
  /** Signs with the key that replaces the other's. */
  readonly next: UrlSigner;
  /** Signs with a key that the edge does not know. */
  readonly stranger: UrlSigner;
  readonly edge: CloudFrontEdge | CloudflareEdge;
}

const now = (): number => NOW;
const cloudFront = (keyPairId: string, privateKey: string): UrlSigner =>
  new CloudFrontSigner({ keyPairId, privateKey, now });
const cloudflare = (secret: string): UrlSigner =>
  new CloudflareSigner({ secret, lifetimeSeconds: LIFETIME, now });

const CASES: readonly Case[] = [
  {
    name: "CloudFront",
    signer: cloudFront("K2JCJMDEHXQW5F", OLD.privateKey),
    next: cloudFront("K3AAAAAAAAAAAA", NEW.privateKey),
    stranger: cloudFront("K2JCJMDEHXQW5F", keys().privateKey),
    edge: new CloudFrontEdge({ K2JCJMDEHXQW5F: OLD.publicKey, K3AAAAAAAAAAAA: NEW.publicKey }),
  },
  {
    name: "CloudFront with keys of a curve",
    signer: cloudFront("K2JCJMDEHXQW5F", OLD_CURVE.privateKey),
    next: cloudFront("K3AAAAAAAAAAAA", NEW_CURVE.privateKey),
    stranger: cloudFront("K2JCJMDEHXQW5F", curve().privateKey),
    edge: new CloudFrontEdge({ K2JCJMDEHXQW5F: OLD_CURVE.publicKey, K3AAAAAAAAAAAA: NEW_CURVE.publicKey }),
  },
  {
    name: "Cloudflare",
    signer: cloudflare(SECRETS[0]),
    next: cloudflare(SECRETS[1]),
    stranger: cloudflare("ffffffffffffffffffffffffffffffff"),
    edge: new CloudflareEdge(SECRETS, LIFETIME),
  },
];

const jar = (cookies: readonly SignedCookie[]): Record<string, string> =>
  Object.fromEntries(cookies.map(({ name, value }) => [name, value]));

for (const { name, signer, next, stranger, edge } of CASES) {
  describe(`signed URLs of ${name}`, () => {
    it("open the file until they end, and not a second longer", () => {
      const signed = signer.signUrl(URL_OF_FILE, 600);
      assert.equal(edge.checkUrl(signed, NOW), "granted");
      assert.equal(edge.checkUrl(signed, NOW + 599), "granted");
      assert.equal(edge.checkUrl(signed, NOW + 600), "expired");
    });

    it("open no other file, and nothing without a signature", () => {
      const signed = signer.signUrl(URL_OF_FILE, 600);
      assert.equal(edge.checkUrl(signed.replace("/42/", "/43/"), NOW), "wrong signature");
      assert.equal(edge.checkUrl(URL_OF_FILE, NOW), "no signature");
    });

    it("do not last longer when somebody changes the time in them", () => {
      const signed = signer.signUrl(URL_OF_FILE, 600);
      const [time = ""] = /\d{10}/.exec(signed) ?? [];
      const altered = signed.replace(time, String(Number(time) + 600));
      assert.notEqual(altered, signed);
      assert.equal(edge.checkUrl(altered, NOW), "wrong signature");
    });

    it("are refused when another key made them", () => {
      assert.equal(edge.checkUrl(stranger.signUrl(URL_OF_FILE, 600), NOW), "wrong signature");
    });

    it("open the file whichever of the two keys made them", () => {
      assert.equal(edge.checkUrl(next.signUrl(URL_OF_FILE, 600), NOW), "granted");
    });

    it("keep a path as it is", () => {
      for (const path of ["d,c+d.jpg", "a;b=c@d:e&f$g", "a%20b(1)'!", "%7Ea", "%zz"]) {
        const signed = signer.signUrl(`https://cdn.example.com/private/${path}`, 600);
        assert.ok(signed.startsWith(`https://cdn.example.com/private/${path}?`), signed);
        assert.equal(edge.checkUrl(signed, NOW), "granted", path);
      }
    });

    it("keep a query as it is", () => {
      const signed = signer.signUrl(`${URL_OF_FILE}?width=640&name=a%20b`, 600);
      assert.ok(signed.startsWith(`${URL_OF_FILE}?width=640&name=a%20b&`), signed);
      assert.equal(edge.checkUrl(signed, NOW), "granted");
      assert.equal(edge.checkUrl(signed.replace("width=640", "width=641"), NOW), "wrong signature");
    });

    it("hold for any path, query and duration", () => {
      const segment = fc.stringMatching(/^[A-Za-z0-9._~-]{1,12}$/);
      fc.assert(
        fc.property(
          fc.array(segment, { minLength: 1, maxLength: 4 }),
          fc.option(fc.tuple(segment, segment)),
          fc.integer({ min: 1, max: LIFETIME }),
          (path, query, seconds) => {
            const url = `https://cdn.example.com/p/${path.join("/")}/f${query === null ? "" : `?q${query.join("=")}`}`;
            const signed = signer.signUrl(url, seconds);
            assert.equal(edge.checkUrl(signed, NOW + seconds - 1), "granted");
            assert.equal(edge.checkUrl(signed, NOW + seconds), "expired");
          },
        ),
        { numRuns: 25 },
      );
    });

    it("are not made for what cannot be signed, and the message shows no query", () => {
      const refused = (url: string, seconds = 600): string => {
        try {
          signer.signUrl(url, seconds);
        } catch (error) {
          assert.ok(error instanceof RangeError);
          return error.message;
        }
        return "made";
      };
      assert.match(refused("http://cdn.example.com/a"), /only an https: URL/);
      assert.match(refused("https://user:secret@cdn.example.com/a"), /without credentials/);
      assert.match(refused("a/b"), /only an https: URL/);
      assert.match(
        refused(signer.signUrl(URL_OF_FILE, 600)),
        /^\/private\/42\/plan\.pdf has the parameter "\w+" already/,
      );
      for (const seconds of [0, -1, 1.5, NaN, signer.longestSeconds + 1]) {
        assert.match(refused(URL_OF_FILE, seconds), /allowed is a whole number from 1 to \d+ \(seconds\)/);
      }
    });
  });

  describe(`signed cookies of ${name}`, () => {
    const PREFIX = "https://cdn.example.com/private/42/";

    it("open everything below their path until they end", () => {
      const cookies = signer.signCookies(PREFIX, 600);
      assert.equal(edge.checkCookies(URL_OF_FILE, jar(cookies), NOW + 599), "granted");
      assert.equal(edge.checkCookies(URL_OF_FILE, jar(cookies), NOW + 600), "expired");
      assert.equal(
        edge.checkCookies("https://cdn.example.com/private/43/plan.pdf", jar(cookies), NOW),
        "another resource",
      );
      assert.equal(edge.checkCookies(URL_OF_FILE, {}, NOW), "no signature");
    });

    it("are sent to that path only, over TLS, and are out of reach of scripts", () => {
      for (const { options } of signer.signCookies(PREFIX, 600)) {
        assert.deepEqual(options, {
          path: "/private/42/",
          maxAge: 600_000,
          secure: true,
          httpOnly: true,
          sameSite: "lax",
        });
      }
    });

    it("are refused when another key made them, and taken from either of the two", () => {
      assert.equal(
        edge.checkCookies(URL_OF_FILE, jar(stranger.signCookies(PREFIX, 600)), NOW),
        "wrong signature",
      );
      assert.equal(edge.checkCookies(URL_OF_FILE, jar(next.signCookies(PREFIX, 600)), NOW), "granted");
    });

    it("are not made for a file, or for a prefix that holds a wildcard", () => {
      for (const prefix of [URL_OF_FILE, `${PREFIX}*/`, `${PREFIX}%2A/`, `${PREFIX}?a=/`, `${PREFIX}x%zz/`]) {
        assert.throws(() => signer.signCookies(prefix, 600), RangeError, prefix);
      }
    });
  });
}

describe("signatures of CloudFront with limits", () => {
  const { signer, edge } = CASES[0] ?? assert.fail();
  const PREFIX = "https://cdn.example.com/private/42/";
  assert.ok(edge instanceof CloudFrontEdge);

  it("are good from a time on, and for as long as was asked from then", () => {
    const notBefore = NOW + 1000;
    const url = signer.signUrl(`${URL_OF_FILE}?page=2`, 600, { notBefore });
    const cookies = jar(signer.signCookies(PREFIX, 600, { notBefore }));
    for (const check of [
      (now: number) => edge.checkUrl(url, now),
      (now: number) => edge.checkCookies(URL_OF_FILE, cookies, now),
    ]) {
      assert.deepEqual([notBefore - 1, notBefore, notBefore + 599, notBefore + 600].map(check), [
        "too early",
        "granted",
        "granted",
        "expired",
      ]);
    }
    assert.equal(signer.signCookies(PREFIX, 600, { notBefore })[0]?.options.maxAge, 1_600_000);
  });

  it("are good for one client, or for a range of them", () => {
    for (const [ipAddress, others] of [
      ["192.0.2.7", ["192.0.2.8", "198.51.100.1"]],
      ["192.0.2.0/24", ["198.51.100.1"]],
    ] as const) {
      const url = signer.signUrl(URL_OF_FILE, 600, { ipAddress });
      const cookies = jar(signer.signCookies(PREFIX, 600, { ipAddress }));
      assert.equal(edge.checkUrl(url, NOW, "192.0.2.7"), "granted");
      assert.equal(edge.checkCookies(URL_OF_FILE, cookies, NOW, "192.0.2.7"), "granted");
      for (const other of others) {
        assert.equal(edge.checkUrl(url, NOW, other), "another client");
        assert.equal(edge.checkCookies(URL_OF_FILE, cookies, NOW, other), "another client");
      }
    }
  });

  it("open everything below a path with one query", () => {
    const query = signer.signQuery(PREFIX, 600);
    assert.equal(edge.checkUrl(`${PREFIX}stream/0001.ts?${query}`, NOW), "granted");
    assert.equal(edge.checkUrl(`${PREFIX}list.m3u8?quality=high&${query}`, NOW + 599), "granted");
    assert.equal(edge.checkUrl(`${PREFIX}list.m3u8?${query}`, NOW + 600), "expired");
    assert.equal(edge.checkUrl(`https://cdn.example.com/private/43/a?${query}`, NOW), "another resource");
  });

  it("are not made for limits that no edge could check, or for more URLs than one", () => {
    for (const limits of [
      { notBefore: 0 },
      { notBefore: 1.5 },
      { ipAddress: "" },
      { ipAddress: "2001:db8::1" },
      { ipAddress: "192.0.2.0/33" },
      { ipAddress: "192.0.2.0/24/1" },
    ]) {
      assert.throws(() => signer.signUrl(URL_OF_FILE, 600, limits), RangeError, JSON.stringify(limits));
    }
    assert.throws(() => signer.signUrl("https://cdn.example.com/a*", 600, { notBefore: NOW }), /has a "\*"/);
    assert.equal(edge.checkUrl(signer.signUrl("https://cdn.example.com/a*", 600), NOW), "granted");
  });
});

describe("signatures of Cloudflare with limits", () => {
  it("are refused, for its rule checks none", () => {
    const signer = cloudflare(SECRETS[0]);
    const PREFIX = "https://cdn.example.com/private/42/";
    for (const limits of [{ notBefore: NOW }, { ipAddress: "192.0.2.7" }]) {
      assert.throws(() => signer.signUrl(URL_OF_FILE, 600, limits), /RangeError.*checks neither/);
      assert.throws(() => signer.signCookies(PREFIX, 600, limits), RangeError);
    }
    assert.throws(() => signer.signQuery(PREFIX, 600), RangeError);
  });
});

describe("signed URLs of Cloudflare, their lifetime", () => {
  it("is bounded by the rule's: a longer one is refused rather than cut", () => {
    assert.throws(
      () => cloudflare(SECRETS[0]).signUrl(URL_OF_FILE, LIFETIME + 1),
      /from 1 to 3600 \(seconds\)/,
    );
  });
});

describe("signer from the environment", () => {
  const problemsOf = (environment: Record<string, string>): string => {
    try {
      urlSigner(environment);
    } catch (error) {
      assert.ok(error instanceof VariablesError);
      return error.message;
    }
    return "none";
  };

  it("is the one of the stack's CDN", () => {
    const key = { CDN_SIGNING_KEY_ID: "K2JCJMDEHXQW5F", CDN_SIGNING_KEY: OLD.privateKey };
    assert.ok(urlSigner({ CDN_PROVIDER: "cloudfront", ...key }) instanceof CloudFrontSigner);
    const ofCurve = { ...key, CDN_SIGNING_KEY: OLD_CURVE.privateKey };
    assert.ok(urlSigner({ CDN_PROVIDER: "cloudfront", ...ofCurve }) instanceof CloudFrontSigner);
    const secret = urlSigner({ CDN_PROVIDER: "cloudflare", CDN_SIGNING_KEY: SECRETS[0] });
    assert.ok(secret instanceof CloudflareSigner);
    assert.equal(secret.longestSeconds, 3600);
  });

  it("names what is missing or wrong, and shows no secret", () => {
    assert.match(problemsOf({}), /CDN_PROVIDER is not set; allowed is cloudfront or cloudflare/);
    assert.match(problemsOf({ CDN_PROVIDER: "akamai" }), /CDN_PROVIDER is "akamai"/);
    const wrong = problemsOf({ CDN_PROVIDER: "cloudfront", CDN_SIGNING_KEY: "hunter2" });
    assert.match(wrong, /CDN_SIGNING_KEY_ID is not set/);
    assert.match(wrong, /CDN_SIGNING_KEY is something else; allowed is an RSA or EC private key, PEM/);
    assert.doesNotMatch(wrong, /hunter2/);
    assert.match(
      problemsOf({ CDN_PROVIDER: "cloudflare", CDN_SIGNING_KEY: "short" }),
      /at least 32 characters/,
    );
  });
});
