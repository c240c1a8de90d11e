/** Both clouds behind both CDNs are in tests/nightly. */
import assert from "node:assert/strict";
import { ENGINE_TIMEOUT_MS, theClient } from "../helpers/engine";
import { previewLoadBalancer } from "../helpers/public-load-balancer";
import { onGcp, withoutCdn } from "../helpers/stack-file";
import type { StackRun } from "../../engine/stack";

const kinds = ({ resources }: StackRun): Set<string> => new Set(resources.map(({ type }) => type));

describe("load balancer of the cloud on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("previews an ALB with its controller, and a binding that an API server accepts", async () => {
    const result = await previewLoadBalancer(withoutCdn);
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
    const result = await previewLoadBalancer(withoutCdn, onGcp);
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

  it("refuses a CDN without an origin lock with the key to change, and without a stack trace", async () => {
    const result = await previewLoadBalancer(({ loadBalancer }) => {
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
