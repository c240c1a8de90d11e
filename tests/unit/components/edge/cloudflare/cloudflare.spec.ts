import assert from "node:assert/strict";

import type * as pulumi from "@pulumi/pulumi";
import { edgeBehaviors, withImageVariants } from "../../../../../budget/edge/behaviors";
import { Cloudflare, type CloudflareArgs } from "../../../../../components/edge/cloudflare/cloudflare";
import { meets } from "../../../../helpers/cloudflare-expression";
import { record } from "../../../../helpers/pulumi";
import { LOCK, cloudflare, edgeOutputs } from "../fixtures";
import { opened } from "../normalised";
import { SECRET_MARK, standard, build, account, rules, settings, SETTINGS } from "./cloudflare-fixture";

describe("Cloudflare", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    const of = (noun: string, suffixes: readonly string[]): string[] =>
      suffixes.map((suffix) => {
        const module = noun.charAt(0).toLowerCase() + noun.slice(1);
        return `cloudflare:index/${module}:${noun} cdn-${suffix}`;
      });
    const expected = [
      ...of("ArgoTieredCaching", ["tiers"]),
      ...of("CloudConnectorRules", ["assets-route"]),
      ...of("DnsRecord", ["dns-example.com", "dns-www.example.com"]),
      ...of("R2Bucket", ["assets"]),
      ...of("R2CustomDomain", ["assets-domain"]),
      ...of("Ruleset", [
        "rules-cache",
        "rules-cache-control",
        "rules-firewall",
        "rules-headers",
        "rules-managed",
        "rules-origin",
        "rules-rate-limit",
      ]),
      ...of("TieredCache", ["tiered-cache"]),
      ...of("ZoneCacheReserve", ["cache-reserve"]),
      ...of("ZoneCacheVariants", ["image-variants"]),
      ...of(
        "ZoneSetting",
        Object.keys(SETTINGS).map((id) => `setting-${id.replaceAll("_", "-")}`),
      ),
      "random:index/randomId:RandomId cdn-assets-suffix",
      "random:index/randomPassword:RandomPassword cdn-signing-secret-2",
      "random:index/randomPassword:RandomPassword cdn-signing-secret-3",
      "retrofitlink:edge:Cloudflare cdn",
    ];
    assert.deepEqual((await standard()).typesAndNames(), expected.sort());
    assert.deepEqual((await build({}, { preview: true })).typesAndNames(), expected);
  });

  it("sets the zone to checked TLS, 1.2 at least, and no early data", async () => {
    assert.deepEqual(settings(await standard()), SETTINGS);
  });

  it("sets no timeout where the plan has none", async () => {
    const { proxy_read_timeout: timeout, ...rest } = settings(await build(account({ plan: "pro" })));
    assert.equal(timeout, undefined);
    assert.equal(Object.keys(rest).length, Object.keys(SETTINGS).length - 1);
  });

  it("has one ruleset a phase, and a lasting name for each rule", async () => {
    const recording = await standard();
    const rulesets = recording.ofType("cloudflare:index/ruleset:Ruleset");
    const phases = rulesets.map(({ inputs }) => String(inputs["phase"]));
    assert.equal(new Set(phases).size, phases.length);
    for (const phase of phases) {
      const refs = rules(recording, phase).map(({ ref }) => String(ref));
      assert.ok(
        refs.every((ref) => /^[a-zA-Z_]+$/.test(ref)),
        refs.join(" "),
      );
      assert.equal(new Set(refs).size, refs.length);
    }
  });

  it("puts every request into one class, and leaves other hosts of the zone alone", async () => {
    const cache = rules(await standard(), "http_request_cache_settings");
    const classes = (host: string, path: string): string[] =>
      cache
        .filter(({ expression }) => meets(String(expression), { host, path }))
        .map(({ ref }) => String(ref));
    assert.deepEqual(classes("example.com", "/api/public/x"), ["cache_publicApi"]);
    assert.deepEqual(classes("example.com", "/api/x"), ["cache_api"]);
    assert.deepEqual(classes("example.com", "/"), ["cache_html"]);
    assert.deepEqual(classes("shop.example.com", "/"), []);
    for (const phase of ["http_ratelimit", "http_request_firewall_managed", "http_request_late_transform"]) {
      for (const { expression } of rules(await standard(), phase)) {
        assert.equal(meets(String(expression), { host: "shop.example.com", path: "/" }), false, phase);
      }
    }
  });

  it("counts the requests of an address for ten seconds", async () => {
    const [rule] = rules(await standard(), "http_ratelimit");
    assert.deepEqual(rule?.["ratelimit"], {
      characteristics: ["ip.src", "cf.colo.id"],
      period: 10,
      requestsPerPeriod: 1356,
      mitigationTimeout: 10,
    });
  });

  it("keeps the lock and the signing secrets secret, in state and in the plan", async () => {
    const recording = await standard();
    const plain = (value: any): any => {
      if (Array.isArray(value)) return value.map(plain);
      if (typeof value !== "object" || value === null) return value;
      if (SECRET_MARK in value) return "[secret]";
      return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, plain(inner)]));
    };
    const seen = JSON.stringify(recording.resources.map(({ inputs }) => plain(inputs)));
    assert.ok(!seen.includes(LOCK));
    assert.ok(!seen.includes("made for cdn-signing-secret"));
    const all = JSON.stringify(recording.resources.map(({ inputs }) => opened(inputs)));
    assert.ok(all.includes(LOCK) && all.includes("made for cdn-signing-secret-2"));
  });

  it("signs with two secrets, and a rotation keeps one of them", async () => {
    const names = async (generation: number): Promise<string[]> =>
      (await build({ signatures: { generation, lifetimeSeconds: 3600 } }))
        .ofType("random:index/randomPassword:RandomPassword")
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(await names(1), ["cdn-signing-secret-0", "cdn-signing-secret-1"]);
    assert.deepEqual(await names(2), ["cdn-signing-secret-1", "cdn-signing-secret-2"]);
  });

  it("watches two origins, with the lock, and serves from the second while the first fails", async () => {
    const origin = { hostname: "lb.example.net", failover: { hostname: "other.example.net" } };
    const recording = await build({ origin });
    const { inputs: monitor } = recording.only("cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor");
    assert.deepEqual([monitor["type"], monitor["path"]], ["https", "/health"]);
    assert.deepEqual(opened(monitor["header"]), { Host: ["www.example.com"], "X-Origin-Lock": [LOCK] });
    const pools = recording.ofType("cloudflare:index/loadBalancerPool:LoadBalancerPool");
    assert.deepEqual(
      pools.map(({ inputs }) => (inputs["origins"] as { address: string }[])[0]?.address).sort(),
      ["lb.example.net", "other.example.net"],
    );
    const balancers = recording.ofType("cloudflare:index/loadBalancer:LoadBalancer");
    assert.deepEqual(balancers.map(({ inputs }) => inputs["name"]).sort(), [
      "example.com",
      "www.example.com",
    ]);
    for (const { inputs } of balancers) {
      assert.deepEqual(inputs["defaultPools"], ["cdn-pool-primary-id", "cdn-pool-failover-id"]);
      assert.deepEqual([inputs["steeringPolicy"], inputs["proxied"]], ["off", true]);
    }
    assert.deepEqual(recording.ofType("cloudflare:index/dnsRecord:DnsRecord"), []);
  });

  it("proxies every name", async () => {
    for (const { inputs } of (await standard()).ofType("cloudflare:index/dnsRecord:DnsRecord")) {
      assert.deepEqual(
        [inputs["type"], inputs["content"], inputs["proxied"], inputs["ttl"]],
        ["CNAME", "lb.example.net", true, 1],
      );
    }
  });

  it("takes the whole query into the key where the plan allows no less, and refuses the rest of it", async () => {
    const recording = await build(account({ plan: "pro" }));
    const images = rules(recording, "http_request_cache_settings").find(({ ref }) => ref === "cache_images");
    assert.deepEqual(images?.["actionParameters"].cacheKey, {
      cacheDeceptionArmor: false,
      ignoreQueryStringsOrder: true,
    });
    const firewall = rules(recording, "http_request_firewall_custom");
    const refusal = firewall.find(({ ref }) => ref === "query_images");
    const refused = (query: string): boolean =>
      meets(String(refusal?.["expression"]), { host: "example.com", path: "/images/a.jpg", query });
    assert.deepEqual(["", "width=320&format=auto", "width=320&x=1"].map(refused), [false, false, true]);
  });

  it("makes images where it is asked to, by the zone's setting and rules of two phases", async () => {
    const recording = await build({
      behaviors: withImageVariants(cloudflare.behaviors, "service"),
      images: true,
    });
    assert.deepEqual(settings(recording), { ...SETTINGS, image_resizing: "on" });
    assert.equal(rules(recording, "http_request_transform").length, 6);
    const refs = rules(recording, "http_request_firewall_custom").map(({ ref }) => ref as string);
    assert.equal(refs.at(-1), "image_ladder");
    // It negotiates by itself; nothing is left to `Vary`.
    assert.deepEqual(recording.ofType("cloudflare:index/zoneCacheVariants:ZoneCacheVariants"), []);
    const before = (await standard()).ofType("cloudflare:index/ruleset:Ruleset").map(({ name }) => name);
    assert.ok(!before.includes("cdn-rules-images"));
  });

  it("makes what else the account has", async () => {
    const recording = await build(
      account({
        authenticatedOriginPulls: true,
        cacheReserve: false,
        originCertificateRequest:
          "-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END CERTIFICATE REQUEST-----\n",
      }),
    );
    const { inputs } = recording.only("cloudflare:index/originCaCertificate:OriginCaCertificate");
    assert.deepEqual(inputs["hostnames"], ["www.example.com", "example.com"]);
    // The certificate that all of Cloudflare's customers share; one of the zone's own would have to be uploaded.
    assert.equal(settings(recording)["tls_client_auth"], "on");
    assert.deepEqual(recording.ofType("cloudflare:index/zoneCacheReserve:ZoneCacheReserve"), []);
  });

  it("asks the origin from few places: from the nearest one, where the origin is in one place", async () => {
    const topology = async (origin: CloudflareArgs["origin"]): Promise<unknown[]> => {
      const recording = await build({ origin });
      const tiers = recording.only("cloudflare:index/argoTieredCaching:ArgoTieredCaching");
      const smart = recording.only("cloudflare:index/tieredCache:TieredCache");
      return [tiers.inputs["value"], smart.inputs["value"]];
    };
    assert.deepEqual(await topology({ hostname: "lb.example.net" }), ["on", "on"]);
    assert.deepEqual(await topology({ hostname: "lb.example.net", anycast: true }), ["on", "off"]);
  });

  it("orders a certificate for names two labels below the zone, where the account may", async () => {
    const hosts = ["example.com", "www.example.com", "app.staging.example.com"];
    const recording = await build({ hosts, ...account({ advancedCertificate: true }) });
    const { inputs } = recording.only("cloudflare:index/certificatePack:CertificatePack");
    assert.deepEqual(inputs["hosts"], ["example.com", "*.example.com", "app.staging.example.com"]);
    assert.deepEqual([inputs["type"], inputs["validationMethod"]], ["advanced", "txt"]);
    assert.deepEqual((await standard()).ofType("cloudflare:index/certificatePack:CertificatePack"), []);
  });

  it("refuses Cloudflare's own path on the hosts of the stack, and leaves others of the zone alone", async () => {
    const recording = await build({
      behaviors: withImageVariants(cloudflare.behaviors, "service"),
      images: true,
    });
    const ladder = rules(recording, "http_request_firewall_custom").find(({ ref }) => ref === "image_ladder");
    const path = "/cdn-cgi/image/width=9000/a.jpg";
    const refused = (host: string): boolean => meets(String(ladder?.["expression"]), { host, path });
    assert.deepEqual(["example.com", "shop.example.com"].map(refused), [true, false]);
  });

  it("counts by path on the plan free, which knows nothing else there", async () => {
    const few = edgeBehaviors({ images: { key: { query: [] } } });
    const recording = await build({ ...account({ plan: "free" }), behaviors: few });
    const [rule] = rules(recording, "http_ratelimit");
    assert.equal(rule?.["expression"], 'starts_with(http.request.uri.path, "/")');
  });

  it("fits into the rules of the smallest plan", async () => {
    const few = edgeBehaviors({ publicApi: { paths: ["/api/public/*"] }, webSocket: { paths: ["/ws/*"] } });
    const recording = await build({ ...account({ plan: "free" }), behaviors: few });
    const count = (phase: string): number => rules(recording, phase).length;
    assert.ok(count("http_request_cache_settings") <= 10);
    assert.ok(count("http_response_cache_settings") <= 10);
    assert.ok(count("http_request_firewall_custom") <= 5);
    assert.ok(count("http_request_late_transform") + count("http_response_headers_transform") <= 10);
    assert.equal(count("http_ratelimit"), 1);
    assert.deepEqual(
      recording
        .ofType("cloudflare:index/ruleset:Ruleset")
        .filter(({ inputs }) => inputs["phase"] === "http_request_firewall_managed"),
      [],
    );
  });

  it("lets a caller change a child, under its name", async () => {
    const seen: string[] = [];
    const look = (_: object, _opts: object, name: string): void => void seen.push(name);
    const transform = { zoneSetting: look, ruleset: look, dnsRecord: look, bucket: look };
    await build({ transform });
    assert.equal(seen.length, Object.keys(SETTINGS).length + 7 + 2 + 1);
  });
});

describe("Cloudflare, its bucket", () => {
  it("has a name of its stack that it keeps, and stays in the account with what is in it", async () => {
    const options = new Map<string, pulumi.CustomResourceOptions>();
    const look: pulumi.ResourceTransformation = ({ name, opts }) => void options.set(name, opts);
    const recording = await record(() => new Cloudflare("cdn", cloudflare, { transformations: [look] }), {
      outputs: edgeOutputs,
      stack: "Feature_42",
    });
    const { inputs } = recording.only("cloudflare:index/r2Bucket:R2Bucket");
    assert.match(String(inputs["name"]), /^feature-42-cdn-assets-[0-9a-f]{8}-0a1b2c3d$/);
    const { retainOnDelete, ignoreChanges } = options.get("cdn-assets") ?? {};
    assert.deepEqual([retainOnDelete, ignoreChanges], [true, ["name"]]);
    assert.equal(options.get("cdn-assets-domain")?.retainOnDelete, undefined);
  });

  it("has a name that leads to its own classes only", async () => {
    const firewall = rules(await standard(), "http_request_firewall_custom");
    const blocked = (path: string): boolean =>
      firewall.some(({ expression }) => meets(String(expression), { host: "built-files.example.com", path }));
    assert.deepEqual(["/assets/app.js", "/media/a.pdf", "/backup.tar", "/"].map(blocked), [
      false,
      true,
      true,
      true,
    ]);
  });

  it("is reached by what is built and by what is signed, without the lock", async () => {
    const recording = await standard();
    const { inputs } = recording.only("cloudflare:index/cloudConnectorRules:CloudConnectorRules");
    const [route] = inputs["rules"] as Record<string, any>[];
    assert.deepEqual(
      [route?.["cloudConnectorRulesProvider"], route?.["parameters"]],
      ["cloudflare_r2", { host: "built-files.example.com" }],
    );
    const lock = rules(recording, "http_request_late_transform").find(({ ref }) => ref === "origin_lock");
    const locked = (path: string): boolean =>
      meets(String(lock?.["expression"]), { host: "example.com", path });
    assert.deepEqual(["/", "/api/x", "/assets/x", "/media/x"].map(locked), [true, true, false, false]);
  });
});
