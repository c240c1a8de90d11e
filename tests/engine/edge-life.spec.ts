import { SCRATCH } from "../helpers/sandbox-folder";

import assert from "node:assert/strict";
import { join } from "node:path";

import { CLUSTERS, cdnStackFile, type Provider } from "../helpers/cdn";
import { Project, operations } from "../helpers/engine";
import { ROOT } from "../../sandbox/paths";
import type { StackRun } from "../../sandbox/engine/stack";

const from = (path: string): string => JSON.stringify(join(ROOT, path));

/** The way of a request as far as clouds have a part in it: load balancer and CDN. One stack, whatever the file says. */
function stack(raw: object): Project {
  return new Project("edge-life").program(`
    import { createCloudEntrance } from ${from("stacks/cloud-load-balancer")};
    import { parseStackConfig } from ${from("stacks/config")};
    import { createEdge } from ${from("stacks/edge")};
    const { config, problems } = parseStackConfig(${JSON.stringify(raw)});
    if (config === undefined) throw new Error(JSON.stringify(problems));
    const provider = new k8s.Provider("cluster", {});
    const metadata = { name: config.cluster.namespace };
    const namespace = new k8s.core.v1.Namespace("namespace", { metadata }, { provider });
    const entrance = createCloudEntrance(config, { provider, dependsOn: [namespace] });
    createEdge(config, entrance?.origin, {});
  `);
}

function file(provider: Provider | "none"): Record<string, any> {
  const raw = cdnStackFile(provider === "none" ? "cloudfront" : provider);
  raw["cluster"] = { ...CLUSTERS.aws, namespace: "edge-life" };
  raw["loadBalancer"].public.aws.controller = "present";
  if (provider === "none") {
    delete raw["cdn"];
    raw["loadBalancer"].public.sources = "internet";
  }
  return raw;
}

function succeeded(run: StackRun): Set<string> {
  assert.deepEqual([run.errors, run.succeeded], [[], true]);
  return new Set(operations(run));
}

/** Resources in the engine's state: name to what becomes of it when it leaves the stack. */
function kept(project: Project): string[] {
  const { checkpoint } = JSON.parse(project.state()) as {
    checkpoint: { latest: { resources: { urn: string; retainOnDelete?: boolean }[] } };
  };
  return checkpoint.latest.resources
    .filter(({ retainOnDelete }) => retainOnDelete === true)
    .map(({ urn }) => urn.split("::").pop() ?? "")
    .sort();
}

const names = (project: Project, pattern: RegExp): string[] =>
  [...project.state().matchAll(/"urn": ?"([^"]*)"/g)]
    .map(([, urn = ""]) => urn.split("::").pop() ?? "")
    .filter((name) => pattern.test(name));

describe("life of a CDN on the real engine", function () {
  this.timeout(900_000);
  assert.ok(SCRATCH);

  const PROOF = "public-load-balancer-certificate-proof-origin.example.com";
  const RECORD = "public-load-balancer-record-origin.example.com";

  it("goes from one CDN to the other, from each to none, and to its end", async () => {
    const cloudFront = stack(file("cloudfront"));
    succeeded(await cloudFront.run("up"));
    const files = ["", "-encryption", "-lifecycle", "-ownership", "-policy", "-private", "-versioning"];
    assert.deepEqual(
      kept(cloudFront),
      files.map((part) => `cdn-assets${part}`),
    );

    const none = succeeded(await stack(file("none")).run("preview"));
    assert.ok(none.has("delete cdn-distribution") && none.has("delete cdn-logs"), [...none].join(", "));
    assert.deepEqual(
      [...none].filter((step) => / cdn(-|$)/.test(step) && !step.startsWith("delete ")),
      [],
    );

    const cloudflare = stack(file("cloudflare"));
    const planned = succeeded(await cloudflare.run("preview"));
    for (const step of [
      "create cdn-dns-www.example.com",
      "delete cdn-distribution",
      // The same names, by another service.
      `create ${RECORD}`,
      `delete ${RECORD}`,
      `create ${PROOF}`,
      `delete ${PROOF}`,
      // What is proved stays proved, and what clients reach stays where it is.
      "same public-load-balancer-certificate",
      "update public-load-balancer",
    ]) {
      assert.ok(planned.has(step), `${step} of ${[...planned].join(", ")}`);
    }
    assert.deepEqual(succeeded(await cloudflare.run("up")), planned);
    assert.deepEqual(kept(cloudflare), ["cdn-assets"]);
    assert.deepEqual(names(cloudflare, /^cdn-(distribution|web-acl|logs)$/), []);

    const back = succeeded(await stack(file("cloudfront")).run("preview"));
    for (const step of ["create cdn-distribution", `create ${RECORD}`, "delete cdn-dns-www.example.com"]) {
      assert.ok(back.has(step), `${step} of ${[...back].join(", ")}`);
    }

    succeeded(await cloudflare.run("destroy"));
    assert.deepEqual(names(cloudflare, /./), []);
  });

  it("comes from a provider for us-east-1 to the provider of the stack, without a replacement", async () => {
    const certificate = (options: string, region: string): Project =>
      new Project("edge-provider").program(`
        import { Certificate } from "@pulumi/aws/acm";
        import { Provider } from "@pulumi/aws/provider";
        ${options}
        new Certificate("cdn-certificate", { domainName: "www.example.com", validationMethod: "DNS"${region} }, options);
      `);
    const own = `const options = { provider: new Provider("cdn-us-east-1", { region: "us-east-1" }) };`;
    succeeded(await certificate(own, "").run("up"));
    const steps = succeeded(
      await certificate(`const options = {}; void Provider;`, `, region: "us-east-1"`).run("up"),
    );
    // The stand-in had no region before; the official provider has it in the state already.
    assert.deepEqual([...steps], ["update cdn-certificate"]);
  });
});
