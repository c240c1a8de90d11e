import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import { valuesOf } from "../../../../../budget/core/derived";
import { broken } from "../../../../../budget/core/plan";
import type { CdnNumbers } from "../../../../../budget/edge/plan";
import { judgedObjects } from "../../../../helpers/witnesses";
import { edgeBehaviors } from "../../../../../budget/edge/behaviors";
import { CloudFront } from "../../../../../components/edge/cloudfront/cloudfront";
import { assetRequestFunction } from "../../../../../components/edge/edge-functions";
import { publicKey } from "../../../../helpers/cdn";
import { record, type Recording } from "../../../../helpers/pulumi";
import { LOCK, behaviors, cloudFront, edgeOutputs } from "../fixtures";
import { bucketParts, standard, build, inputs, distribution } from "./cloudfront-fixture";

describe("CloudFront", () => {
  it("consists of exactly these resources, in a preview as well", async () => {
    const of = (type: string, suffixes: readonly string[]): string[] =>
      suffixes.map((suffix) => `${type} cdn-${suffix}`);
    const cached = ["assets", "images", "media", "publicApi", "html"];
    const expected = [
      ...of("aws:acm/certificate:Certificate", ["certificate"]),
      ...of("aws:acm/certificateValidation:CertificateValidation", ["certificate-proved"]),
      ...of(
        "aws:cloudfront/cachePolicy:CachePolicy",
        cached.map((name) => `${name}-cache`),
      ),
      ...of("aws:cloudfront/distribution:Distribution", ["distribution"]),
      ...of("aws:cloudfront/function:Function", ["asset-request"]),
      ...of("aws:cloudfront/keyGroup:KeyGroup", ["signing-keys"]),
      ...of("aws:cloudfront/monitoringSubscription:MonitoringSubscription", ["metrics"]),
      ...of("aws:cloudfront/originAccessControl:OriginAccessControl", ["assets-access"]),
      ...of("aws:cloudfront/originRequestPolicy:OriginRequestPolicy", ["passed-on-request"]),
      ...of(
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
        [...cached, "api", "webSocket"].map((name) => `${name}-headers`),
      ),
      ...of("aws:cloudwatch/logDelivery:LogDelivery", ["log-delivery"]),
      ...of("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination", ["log-destination"]),
      ...of("aws:cloudwatch/logDeliverySource:LogDeliverySource", ["log-source"]),
      ...of(
        "aws:route53/record:Record",
        ["a", "aaaa", "proof"].flatMap((kind) => [`${kind}-example.com`, `${kind}-www.example.com`]),
      ),
      ...bucketParts("cdn-assets"),
      ...bucketParts("cdn-logs"),
      ...of("aws:wafv2/webAcl:WebAcl", ["web-acl"]),
      "retrofitlink:edge:CloudFront cdn",
    ];
    const withoutKeys = (recording: Recording): string[] =>
      recording.typesAndNames().filter((line) => !line.includes(":PublicKey "));
    const [real, preview] = [await standard(), await build({}, { preview: true })];
    assert.deepEqual(withoutKeys(real), expected.sort());
    assert.deepEqual(preview.typesAndNames(), real.typesAndNames());
    assert.equal(real.ofType("aws:cloudfront/publicKey:PublicKey").length, 2);
  });

  it("has what CloudFront takes from us-east-1 only there, by the provider of the stack", async () => {
    const inRegion = (await standard()).resources
      .filter(({ inputs: given }) => given["region"] === "us-east-1")
      .map(({ name }) => name);
    assert.deepEqual(inRegion.sort(), [
      "cdn-certificate",
      "cdn-certificate-proved",
      "cdn-log-delivery",
      "cdn-log-destination",
      "cdn-log-source",
      "cdn-web-acl",
    ]);
  });

  it("empties its logs when it goes, and leaves the files, with everything that closes them to the public", async () => {
    const kept: string[] = [];
    const look: pulumi.ResourceTransformation = ({ name, opts }) => {
      if ((opts as pulumi.CustomResourceOptions).retainOnDelete === true) kept.push(name);
      return undefined;
    };
    const recording = await record(() => new CloudFront("cdn", cloudFront, { transformations: [look] }), {
      outputs: edgeOutputs,
    });
    const parts = ["", "-encryption", "-lifecycle", "-ownership", "-policy", "-private", "-versioning"];
    assert.deepEqual(
      kept.sort(),
      parts.map((part) => `cdn-assets${part}`),
    );
    const buckets = recording.ofType("aws:s3/bucket:Bucket");
    assert.deepEqual(
      Object.fromEntries(buckets.map(({ name, inputs: given }) => [name, given["forceDestroy"]])),
      { "cdn-assets": undefined, "cdn-logs": true },
    );
  });

  it("tells policies what is expected of it", async () => {
    const { inputs: summary } = (await standard()).only("retrofitlink:edge:CloudFront");
    const { classes, numbers, order, proofs, witnesses, ...rest } = summary as Record<string, any>;
    assert.deepEqual(rest, {
      configKey: "retrofitlink:cdn",
      workload: "cdn",
      provider: "cloudfront",
      hosts: ["www.example.com", "example.com"],
      headers: "edge",
    });
    const values = valuesOf(numbers as CdnNumbers);
    assert.deepEqual(
      [values.expectedOriginRps, values.degradedOriginRps, values.emptyOriginRps],
      [610, 820, 1800],
    );
    assert.deepEqual([values.responseTimeout, values.idle], [66, 55]);
    assert.deepEqual([...(order as string[])].sort(), Object.keys(numbers as object).sort());
    assert.deepEqual(broken({ proofs }), []);
    assert.ok(Array.isArray(witnesses));
    assert.deepEqual(
      (classes as { name: string }[]).map(({ name }) => name),
      behaviors.map((each) => each.class),
    );
    assert.ok(!JSON.stringify(summary).includes(LOCK));
  });

  it("is what was planned, at both origins", async () => {
    assert.deepEqual(judgedObjects(await standard()), { witnesses: 2, wrong: [] });
    const failover = { hostname: "second.example.net" };
    const both = await build({ origin: { ...cloudFront.origin, failover } });
    assert.deepEqual(judgedObjects(both), { witnesses: 4, wrong: [] });
  });

  it("speaks TLS 1.2 to clients and to the load balancer, HTTP/3, and IPv6", async () => {
    const { httpVersion, isIpv6Enabled, viewerCertificate, origins } = await distribution();
    assert.deepEqual([httpVersion, isIpv6Enabled], ["http2and3", true]);
    assert.equal(viewerCertificate.minimumProtocolVersion, "TLSv1.2_2021");
    assert.deepEqual(origins[0], {
      originId: "load-balancer",
      domainName: "lb.example.net",
      connectionAttempts: 2,
      connectionTimeout: 5,
      customHeaders: [{ name: "X-Origin-Lock", value: LOCK }],
      customOriginConfig: {
        httpPort: 80,
        httpsPort: 443,
        originProtocolPolicy: "https-only",
        originSslProtocols: ["TLSv1.2"],
        originReadTimeout: 66,
        originKeepaliveTimeout: 55,
      },
      originShield: { enabled: true, originShieldRegion: "eu-central-1" },
    });
  });

  it("redirects what comes without TLS, on every path", async () => {
    const { defaultCacheBehavior, orderedCacheBehaviors } = await distribution();
    for (const behavior of [defaultCacheBehavior, ...orderedCacheBehaviors]) {
      assert.equal(behavior.viewerProtocolPolicy, "redirect-to-https");
    }
  });

  it("keeps the lock a secret, however it was given", async () => {
    const recording = await standard();
    const holders = recording.resources.filter((resource) => JSON.stringify(resource.inputs).includes(LOCK));
    assert.deepEqual(
      holders.map(({ name }) => name),
      ["cdn-distribution"],
    );
    const [holder] = holders;
    assert.ok("4dabf18193072939515e22adb298388d" in (holder?.inputs["origins"] as object));
  });

  it("refuses what attacks, and who asks too much, with 429", async () => {
    const acl = inputs(await standard(), "aws:wafv2/webAcl:WebAcl", "cdn-web-acl");
    assert.equal(acl["scope"], "CLOUDFRONT");
    const [rate, ...managed] = acl["rules"] as Record<string, any>[];
    assert.equal(rate?.["action"].block.customResponse.responseCode, 429);
    assert.deepEqual(rate?.["statement"], {
      rateBasedStatement: { aggregateKeyType: "IP", limit: 8132, evaluationWindowSec: 60 },
    });
    assert.deepEqual(
      managed.map(({ name, overrideAction }) => [name, overrideAction]),
      [
        ["AWSManagedRulesAmazonIpReputationList", { none: {} }],
        ["AWSManagedRulesKnownBadInputsRuleSet", { none: {} }],
        ["AWSManagedRulesCommonRuleSet", { none: {} }],
      ],
    );
    // Uploads are larger than the 8 KiB that this rule admits.
    assert.deepEqual(managed[2]?.["statement"].managedRuleGroupStatement.ruleActionOverrides, [
      { name: "SizeRestrictions_BODY", actionToUse: { count: {} } },
    ]);
  });

  it("asks a second origin for what only reads, and sends nothing that changes to it", async () => {
    const origin = { hostname: "lb.example.net", failover: { hostname: "other.example.net" } };
    const made = await distribution({ origin });
    assert.deepEqual(made["originGroups"][0].members, [
      { originId: "load-balancer" },
      { originId: "failover" },
    ]);
    const [, second] = made["origins"] as Record<string, any>[];
    assert.equal(second?.["domainName"], "other.example.net");
    assert.equal(second?.["customHeaders"][0].value, LOCK);
    for (const each of [made["defaultCacheBehavior"], ...made["orderedCacheBehaviors"]]) {
      if (each.targetOriginId === "load-balancers") {
        assert.deepEqual(each.allowedMethods, ["GET", "HEAD", "OPTIONS"]);
      }
      if (each.allowedMethods.includes("POST")) assert.equal(each.targetOriginId, "load-balancer");
    }
    assert.equal(made["defaultCacheBehavior"].targetOriginId, "load-balancers");
  });

  it("leads to built files that were compressed in advance before it looks at the cache", async () => {
    const recording = await standard();
    const made = inputs(recording, "aws:cloudfront/function:Function", "cdn-asset-request");
    assert.deepEqual(made, {
      runtime: "cloudfront-js-2.0",
      code: assetRequestFunction().code,
      publish: true,
    });
    const { orderedCacheBehaviors, defaultCacheBehavior } = await distribution();
    const withFunction = [...orderedCacheBehaviors, defaultCacheBehavior].filter(
      ({ functionAssociations }) => functionAssociations !== undefined,
    );
    assert.deepEqual(
      withFunction.map(({ pathPattern, functionAssociations }) => [
        pathPattern,
        functionAssociations[0].eventType,
      ]),
      [["/assets/*", "viewer-request"]],
    );
  });

  it("names a public key by what it is, so that a rotation replaces neither", async () => {
    const [a, b, c] = [publicKey(), publicKey(), publicKey()];
    const names = async (publicKeys: string[]): Promise<string[]> =>
      (await build({ publicKeys })).ofType("aws:cloudfront/publicKey:PublicKey").map(({ name }) => name);
    const [before, after] = [await names([a, b]), await names([b, c])];
    assert.equal(before.filter((name) => after.includes(name)).length, 1);
  });

  it("makes no bucket and no keys for behaviours that need none", async () => {
    const few = edgeBehaviors({ assets: { paths: [] } });
    const lines = (await build({ behaviors: few, publicKeys: [] })).typesAndNames().join("\n");
    assert.doesNotMatch(lines, /cdn-assets|signing/);
  });
});

describe("CloudFront, its outputs and transforms", () => {
  it("say where it is, and where built files go", async () => {
    let made: CloudFront | undefined;
    await record(() => (made = new CloudFront("cdn", cloudFront)), {
      outputs: (type, given, name) =>
        type.endsWith(":Distribution") ? { domainName: "d1.cloudfront.net" } : edgeOutputs(type, given, name),
    });
    assert.ok(made);
    const resolved = await new Promise((resolve) => {
      pulumi.all([made!.domainName, made!.distributionId, made!.assetsBucket]).apply(resolve);
    });
    assert.deepEqual(resolved, ["d1.cloudfront.net", "cdn-distribution-id", "cdn-assets-id"]);
    assert.equal(made.url, "https://www.example.com");
    assert.equal(made.signingKeyIds.length, 2);
  });

  it("let a caller change a child, under its name", async () => {
    const seen: string[] = [];
    const look = (_: object, _opts: object, name: string): void => void seen.push(name);
    await build({
      transform: {
        distribution: look,
        cachePolicy: look,
        originRequestPolicy: look,
        responseHeadersPolicy: look,
        webAcl: look,
        certificate: look,
        record: look,
        bucket: look,
      },
    });
    assert.equal(seen.length, 1 + 5 + 1 + 7 + 1 + 1 + 6 + 2);
    const { priceClass } = await distribution({
      transform: { distribution: { priceClass: "PriceClass_All" } },
    });
    assert.equal(priceClass, "PriceClass_All");
  });
});
