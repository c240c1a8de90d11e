/** The whole life, with previews of every way, is in tests/nightly. */
import assert from "node:assert/strict";

import { edgeStack, edgeStackFile, kept, names, succeeded } from "../helpers/edge-stack";
import { ENGINE_TIMEOUT_MS, Project } from "../helpers/engine";

describe("life of a CDN on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  it("goes from one CDN to the other, and to its end", async () => {
    succeeded(await edgeStack(edgeStackFile("cloudfront")).run("up"));
    const cloudflare = edgeStack(edgeStackFile("cloudflare"));
    const steps = succeeded(await cloudflare.run("up"));
    // What is proved stays proved, and what clients reach stays where it is.
    for (const step of [
      "create cdn-dns-www.example.com",
      "delete cdn-distribution",
      "same public-load-balancer-certificate",
      "update public-load-balancer",
    ]) {
      assert.ok(steps.has(step), `${step} of ${[...steps].join(", ")}`);
    }
    assert.deepEqual(kept(cloudflare), ["cdn-assets"]);
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
