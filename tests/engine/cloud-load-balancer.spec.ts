import { SCRATCH } from "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

import { parse, stringify } from "yaml";

import { cdnBlock, type Provider } from "../helpers/cdn";
import { theClient, theCluster, theToolchain } from "../helpers/engine";
import { runStack, type StackRun } from "../../sandbox/engine/stack";
import { ROOT } from "../../sandbox/paths";

type Config = Record<string, any>;

const GCP = {
  cloud: "gcp",
  project: "example-project",
  region: "europe-west3",
  network: "main",
  subnetwork: "nodes",
  zones: 3,
};

/** Previews the production stack, changed by the test. */
async function preview(change: (config: Config) => void): Promise<StackRun> {
  const directory = join(SCRATCH, "cloud-load-balancer");
  mkdirSync(directory, { recursive: true });
  const runtime = { name: "nodejs", options: { typescript: true } };
  const main = relative(directory, ROOT);
  writeFileSync(join(directory, "Pulumi.yaml"), JSON.stringify({ name: "retrofitlink", runtime, main }));
  const file = parse(readFileSync(join(ROOT, "Pulumi.production.yaml"), "utf8")) as { config: Config };
  change(file.config);
  writeFileSync(join(directory, "Pulumi.production.yaml"), stringify(file));
  const { pulumi } = await theToolchain();
  const { kubeconfig } = await theCluster();
  return await runStack({
    operation: "preview",
    stack: "production",
    projectDirectory: directory,
    pulumi: pulumi.path,
    kubeconfig,
    policyPacks: [join(ROOT, "policies")],
  });
}

const onGcp = (config: Config): void => {
  config["retrofitlink:cluster"] = GCP;
};

const behind =
  (provider: Provider) =>
  (config: Config): void => {
    config["retrofitlink:cdn"] = cdnBlock(provider);
    delete config["retrofitlink:loadBalancer"].public.sources;
  };

const kinds = ({ resources }: StackRun): Set<string> => new Set(resources.map(({ type }) => type));

describe("load balancer of the cloud on the real engine", function () {
  this.timeout(180_000);

  it("previews an ALB with its controller, and a binding that an API server accepts", async () => {
    const result = await preview(() => undefined);
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
    const result = await preview(onGcp);
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

  for (const [cloud, place] of [
    ["aws", () => undefined],
    ["gcp", onGcp],
  ] as const) {
    for (const provider of ["cloudfront", "cloudflare"] as const) {
      it(`previews ${cloud} behind ${provider}, with the origin lock kept out of what it reports`, async () => {
        const result = await preview((config) => {
          place(config);
          behind(provider)(config);
        });
        assert.deepEqual([result.errors, result.succeeded], [[], true]);
        const summary = result.resources.find(({ name }) => name === "public-load-balancer")?.inputs;
        assert.deepEqual([summary?.["sources"], summary?.["originLocked"]], [provider, true]);
        const lock = result.resources.find(({ name }) => name === "origin-lock-value");
        assert.deepEqual([lock?.inputs["length"], lock?.inputs["result"]], [48, undefined]);
      });
    }
  }

  it("refuses a CDN without an origin lock with the key to change, and without a stack trace", async () => {
    const result = await preview((config) => {
      config["retrofitlink:cdn"] = { provider: "cloudfront" };
    });
    const report = result.errors.join("\n");
    assert.match(
      report,
      /retrofitlink:loadBalancer\.public\.sources\n {6}got "internet"; allowed is nothing/,
    );
    assert.doesNotMatch(report, /\n\s+at /);
  });
});
