import assert from "node:assert/strict";
import { cdnStackFile, type Provider } from "../helpers/cdn";
import { theClient } from "../helpers/engine";
import { runPlatform } from "../helpers/platform";
import { edited, onGcp, only, withoutCdn, type Change, type StackFile } from "../helpers/stack-file";
import type { StackRun } from "../../sandbox/engine/stack";

/** Previews the production stack without a database, changed by the test. */
const preview = async (...changes: readonly Change[]): Promise<StackRun> =>
  await runPlatform("preview", "production", edited(entrance, ...changes));

/** What this spec is about: proxy, load balancer and CDN, in front of services. */
function entrance(file: StackFile): void {
  only("caches", "loadBalancer", "cdn")(file);
  for (const service of Object.values<StackFile>(file["services"])) delete service["database"];
}

const behind =
  (provider: Provider): Change =>
  (file) => {
    file["cdn"] = cdnStackFile(provider)["cdn"];
  };

const kinds = ({ resources }: StackRun): Set<string> => new Set(resources.map(({ type }) => type));

describe("load balancer of the cloud on the real engine", function () {
  this.timeout(180_000);

  it("previews an ALB with its controller, and a binding that an API server accepts", async () => {
    const result = await preview(withoutCdn);
    assert.deepEqual([result.errors, result.succeeded], [[], true]);
    const found = kinds(result);
    for (const type of [
      "aws:lb/loadBalancer:LoadBalancer",
      "aws:wafv2/webAcl:WebAcl",
      "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding",
      "kubernetes:helm.sh/v3:Release",
    ]) {
      assert.ok(found.has(type), type);
    }
    assert.ok(![...found].some((type) => type.startsWith("gcp:")));

    // Its target group is unknown at a preview, so that nobody judged it there.
    const binding = result.resources.find(({ name }) => name === "public-load-balancer-binding")?.inputs;
    const { apiVersion, kind, metadata, spec } = binding as Record<string, any>;
    const known = {
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: "default" },
      spec: {
        ...spec,
        targetGroupARN:
          "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/x/0123456789abcdef",
      },
    };
    const client = await theClient();
    const options = { fieldManager: "test", force: true, dryRun: true };
    await client.apply(known, options);
    await assert.rejects(
      async () => await client.apply({ ...known, spec: { ...known.spec, targetTypo: "ip" } }, options),
      /targetTypo/,
    );
  });

  it("previews a global load balancer on Google Cloud", async () => {
    const result = await preview(withoutCdn, onGcp);
    assert.deepEqual([result.errors, result.succeeded], [[], true]);
    const found = kinds(result);
    for (const type of [
      "gcp:compute/backendService:BackendService",
      "gcp:compute/securityPolicy:SecurityPolicy",
      "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    ]) {
      assert.ok(found.has(type), type);
    }
    assert.ok(![...found].some((type) => type.startsWith("aws:")));
  });

  for (const [cloud, places] of [
    ["aws", []],
    ["gcp", [onGcp]],
  ] as const) {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      it(`previews ${cloud} behind ${provider}, with the origin lock kept out of what it reports`, async () => {
        const result = await preview(...places, behind(provider));
        assert.deepEqual([result.errors, result.succeeded], [[], true]);
        const summary = result.resources.find(({ name }) => name === "public-load-balancer")?.inputs;
        assert.deepEqual([summary?.["sources"], summary?.["originLocked"]], [provider, true]);
        const lock = result.resources.find(({ name }) => name === "origin-lock-value");
        assert.deepEqual([lock?.inputs["length"], lock?.inputs["result"]], [48, undefined]);
      });
    }
  }

  it("refuses a CDN without an origin lock with the key to change, and without a stack trace", async () => {
    const result = await preview(({ loadBalancer }) => {
      loadBalancer.public.sources = "internet";
    });
    const report = result.errors.join("\n");
    assert.match(
      report,
      /retrofitlink:loadBalancer\.public\.sources\n {6}got "internet"; allowed is nothing/,
    );
    assert.doesNotMatch(report, /\n\s+at /);
  });
});
