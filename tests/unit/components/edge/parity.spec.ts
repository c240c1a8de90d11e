import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

import { IMAGE_LADDER, IMAGE_QUALITIES } from "../../../../budget/edge/images";
import { edgeBehaviors, withImageVariants } from "../../../../budget/edge/behaviors";
import { CloudFront, type CloudFrontArgs } from "../../../../components/edge/cloudfront/cloudfront";
import { Cloudflare, type CloudflareArgs } from "../../../../components/edge/cloudflare/cloudflare";
import { meets, type EdgeRequest } from "../../../helpers/cloudflare-expression";
import { runFunction, viewerRequestEvent, type FunctionAnswer } from "../../../helpers/cloudfront-function";
import { imageBundles } from "../../../helpers/image-bundles";
import { record, type Recording } from "../../../helpers/pulumi";
import { LOCK, behaviors, cloudFront, cloudflare, edgeOutputs } from "./fixtures";
import { cloudFrontTreatment, cloudflareTreatment, opened } from "./normalised";

const options = { outputs: edgeOutputs };

const built = new Map<string, Promise<[Recording, Recording]>>();

/** Both CDNs, built once for each change. */
function both(change: Partial<CloudFrontArgs & CloudflareArgs> = {}): Promise<[Recording, Recording]> {
  const key = JSON.stringify(change);
  const known = built.get(key) ?? build(change);
  built.set(key, known);
  return known;
}

async function build(change: Partial<CloudFrontArgs & CloudflareArgs>): Promise<[Recording, Recording]> {
  return [
    await record(() => new CloudFront("cdn", { ...cloudFront, ...change }), options),
    await record(() => new Cloudflare("cdn", { ...cloudflare, ...change, zone: cloudflare.zone }), options),
  ];
}

const PATHS = {
  assets: ["/assets/app.3f2a.js", "/assets/"],
  images: ["/images/house.jpg"],
  media: ["/media/contract.pdf"],
  publicApi: ["/api/public/prices"],
  api: ["/api/", "/api/projects/1", "/api/publicity"],
  webSocket: ["/socket.io/"],
  html: ["/", "/projects", "/api", "/Assets/app.js", "/assetsx"],
};

const requests: EdgeRequest[] = Object.values(PATHS)
  .flat()
  .flatMap((path) =>
    ["GET", "OPTIONS", "DELETE"].map((method, index) => ({
      host: index === 0 ? "www.example.com" : "example.com",
      path,
      method,
    })),
  );

describe("CloudFront and Cloudflare with the same behaviours", () => {
  for (const headers of ["edge", "proxy"] as const) {
    it(`treat every request alike, with headers of the ${headers}`, async () => {
      const [front, flare] = await both(headers === "edge" ? {} : { headers });
      for (const request of requests) {
        const what = `${request.method ?? ""} ${request.host}${request.path}`;
        const [a, b] = [cloudFrontTreatment(front, request), cloudflareTreatment(flare, request)];
        // A refused method never gets as far as a signature.
        assert.deepEqual(a, { ...b, needsSignature: a.needsSignature }, what);
        if (b.methodAllowed) assert.equal(b.needsSignature, a.needsSignature, what);
      }
    });
  }

  it("treat every request alike with keys of their own", async () => {
    const changed = edgeBehaviors({
      html: { key: { headers: ["x-country"], cookies: ["locale"], query: ["page"] } },
      publicApi: { paths: ["/api/public/*"], key: { query: ["from", "to"] } },
    });
    const [front, flare] = await both({ behaviors: changed });
    for (const path of ["/", "/api/public/x", "/api/x", "/assets/x"]) {
      const request = { host: "example.com", path };
      assert.deepEqual(cloudFrontTreatment(front, request), cloudflareTreatment(flare, request), path);
    }
  });

  it("treat them as the classes say", async () => {
    const [front] = await both();
    const of = (path: string, method = "GET"): ReturnType<typeof cloudFrontTreatment> =>
      cloudFrontTreatment(front, { host: "example.com", path, method });
    for (const behavior of behaviors) {
      for (const path of PATHS[behavior.class]) {
        const treatment = of(path);
        assert.equal(treatment.target, behavior.target, path);
        assert.equal(treatment.cached, behavior.cache.kind === "cached", path);
        assert.equal(treatment.credentialsArrive, behavior.cache.kind === "none", path);
        assert.equal(treatment.needsSignature, behavior.signed, path);
        assert.equal(of(path, "POST").methodAllowed, behavior.methods === "all", path);
        assert.equal(treatment.lockHeader, behavior.target === "service" ? LOCK : "", path);
      }
    }
  });

  it("set the same security headers as the proxy would, and all of them", async () => {
    const [front] = await both();
    const { securityHeaders } = cloudFrontTreatment(front, { host: "example.com", path: "/" });
    assert.deepEqual(securityHeaders, {
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "SAMEORIGIN",
      "Referrer-Policy": "strict-origin-when-cross-origin",
      "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
      "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
      "Content-Security-Policy": "base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
    });
  });

  it("leave the headers to the proxy, but for the bucket, which has none in front of it", async () => {
    const [front] = await both({ headers: "proxy" });
    const headers = (path: string): string[] =>
      Object.keys(cloudFrontTreatment(front, { host: "example.com", path }).securityHeaders);
    assert.deepEqual(headers("/"), []);
    assert.equal(headers("/assets/app.js").length, 6);
  });

  it("leave a policy of the service's own as it is", async () => {
    const [, flare] = await both();
    const answer = { "content-security-policy": "default-src 'self'", "cache-control": "no-store" };
    const { securityHeaders, silentOrigin } = cloudflareTreatment(flare, {
      host: "example.com",
      path: "/",
      answer,
    });
    assert.equal(securityHeaders["Content-Security-Policy"], undefined);
    assert.equal(silentOrigin, "");
  });
});

describe("CloudFront and Cloudflare that make images", () => {
  const maker = { maxUtilization: 0.7, bundles: imageBundles() };
  let front: Recording;
  let flare: Recording;
  before(async () => {
    const fromFunction = withImageVariants(behaviors, "images");
    const fromService = withImageVariants(behaviors, "service");
    front = await record(
      () => new CloudFront("cdn", { ...cloudFront, behaviors: fromFunction, images: maker }),
      options,
    );
    flare = await record(
      () => new Cloudflare("cdn", { ...cloudflare, behaviors: fromService, images: true }),
      options,
    );
  });

  const rulesOf = (phase: string): { ref: string; expression: string; actionParameters: any }[] => {
    const ruleset = flare
      .ofType("cloudflare:index/ruleset:Ruleset")
      .find(({ inputs }) => inputs["phase"] === phase);
    return opened(ruleset?.inputs["rules"] ?? []) as ReturnType<typeof rulesOf>;
  };
  const applying = (phase: string, request: Partial<EdgeRequest>): string[] =>
    rulesOf(phase)
      .filter(({ expression }) =>
        meets(expression, { host: "example.com", path: "/images/a.jpg", ...request }),
      )
      .map(({ ref }) => ref);
  const code = (): string =>
    String(
      front.ofType("aws:cloudfront/function:Function").find(({ name }) => name === "cdn-image-request")
        ?.inputs["code"],
    );
  const atFront = (query: Record<string, string>): FunctionAnswer =>
    runFunction(code(), viewerRequestEvent({ uri: "/images/a.jpg", query, method: "GET" }));

  it("treat every request alike but for who answers for an image", () => {
    for (const request of requests.filter(({ method }) => method === "GET")) {
      const [a, b] = [cloudFrontTreatment(front, request), cloudflareTreatment(flare, request)];
      const images = request.path.startsWith("/images/");
      // CloudFront asks a function for the variant, which knows no lock; Cloudflare asks the service for the original.
      const answered = images ? { target: "images", lockHeader: "" } : {};
      assert.deepEqual(a, { ...b, ...answered }, request.path);
    }
  });

  it("make every variant of the ladder, and the path is its whole key", () => {
    for (const width of IMAGE_LADDER.widths.map(String)) {
      for (const quality of IMAGE_QUALITIES) {
        const query = `width=${width}&quality=${quality}`;
        assert.equal(atFront({ width, quality }).uri, `/images/a.jpg/${width}-${quality}.jpeg`);
        assert.deepEqual(applying("http_request_transform", { query }), [`image_${quality}`]);
        assert.deepEqual(applying("http_request_firewall_custom", { query }), []);
      }
    }
    const { key } = cloudFrontTreatment(front, { host: "example.com", path: "/images/a.jpg" });
    assert.deepEqual(key, { query: [], headers: [], cookies: [] });
  });

  it("refuse a parameter that no image has, and a width above the ladder", () => {
    const queries: Record<string, string>[] = [
      { height: "10" },
      { width: "2561" },
      { width: "640", quality: "best" },
    ];
    for (const query of queries) {
      assert.equal(atFront(query).statusCode, 400);
      const text = new URLSearchParams(query).toString();
      assert.deepEqual(applying("http_request_transform", { query: text }), []);
      assert.deepEqual(applying("http_request_firewall_custom", { query: text }), ["image_ladder"]);
    }
  });

  it("take a variant that Cloudflare's rule wrote for an image, and the original for one as well", () => {
    const [rule] = rulesOf("http_request_transform");
    const written = /^concat\("([^"]+)"/.exec(String(rule?.actionParameters.uri.path.expression))?.[1] ?? "";
    const variant = { path: `${written}640/images/a.jpg`, rawPath: "/images/a.jpg" };
    assert.deepEqual(applying("http_request_cache_settings", variant), ["cache_images"]);
    assert.deepEqual(applying("http_request_firewall_custom", variant), []);
    const inner = { headers: { via: "2.0 image-resizing-proxy" } };
    assert.deepEqual(applying("http_request_transform", inner), []);
    assert.deepEqual(applying("http_request_cache_settings", inner), ["cache_images"]);
    assert.ok(applying("http_request_late_transform", inner).includes("origin_lock"));
  });

  it("refuse Cloudflare's own path, which has no ladder, when a client asks for it", () => {
    const path = "/cdn-cgi/image/width=123/images/a.jpg";
    assert.deepEqual(applying("http_request_firewall_custom", { path }), ["image_ladder"]);
  });
});

describe("Cloudflare, its signatures", () => {
  const NOW = 1_800_000_000;
  const secret = (generation: number): string => `made for cdn-signing-secret-${generation}`;
  const mac = (key: string, message: string, at: number, encoding: "base64" | "base64url"): string =>
    createHmac("sha256", key).update(`${message}${at}`).digest(encoding);
  const signed = (path: string, key: string, at = NOW): string =>
    `verify=${at}-${encodeURIComponent(mac(key, path, at, "base64"))}`;
  const cookie = (folder: string, key: string, at = NOW): Record<string, string> => ({
    "cdn-access": `${folder}:${at}-${mac(key, folder, at, "base64url")}`,
  });

  let condition = "";
  before(async () => {
    const [, flare] = await both();
    const firewall = flare
      .ofType("cloudflare:index/ruleset:Ruleset")
      .find(({ inputs }) => inputs["phase"] === "http_request_firewall_custom");
    const rules = opened(firewall?.inputs["rules"]) as { ref: string; expression: string }[];
    condition = rules.find(({ ref }) => ref === "signed_media")?.expression ?? "";
  });
  const refused = (request: Partial<EdgeRequest>): boolean =>
    meets(condition, { host: "example.com", path: "/media/a.pdf", now: NOW, ...request });

  it("open one path, made with this generation's secret or the one before", () => {
    assert.equal(refused({ query: signed("/media/a.pdf", secret(3)) }), false);
    assert.equal(refused({ query: signed("/media/a.pdf", secret(2)) }), false);
    const query = `page=2&${signed("/media/a.pdf?page=2", secret(3))}`;
    assert.equal(refused({ query }), false);
  });

  it("open nothing when there is none, or one of another path, key or time", () => {
    assert.equal(refused({}), true);
    assert.equal(refused({ query: signed("/media/b.pdf", secret(3)) }), true);
    assert.equal(refused({ query: signed("/media/a.pdf", secret(1)) }), true);
    assert.equal(refused({ query: signed("/media/a.pdf", secret(3), NOW - 3600) }), true);
    assert.equal(refused({ query: `verify=${NOW}-AAAA` }), true);
  });

  it("open a folder by a cookie that was made for it, and for no other", () => {
    assert.equal(refused({ cookies: cookie("/media/", secret(3)) }), false);
    assert.equal(refused({ cookies: cookie("/", secret(3)) }), true);
    assert.equal(refused({ cookies: cookie("/media/", secret(1)) }), true);
    assert.equal(refused({ cookies: cookie("/media/", secret(3), NOW - 3600) }), true);
  });

  it("are asked for at the bucket's own name as well", () => {
    assert.equal(refused({ host: "built-files.example.com" }), true);
    assert.equal(
      refused({ host: "built-files.example.com", query: signed("/media/a.pdf", secret(3)) }),
      false,
    );
  });
});
