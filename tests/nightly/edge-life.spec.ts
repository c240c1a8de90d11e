import assert from "node:assert/strict";

import { edgeStack, edgeStackFile, kept, names, succeeded } from "../helpers/edge-stack";
import { ENGINE_TIMEOUT_MS } from "../helpers/engine";

describe("life of a CDN, all of it, on the real engine", function () {
  this.timeout(ENGINE_TIMEOUT_MS);

  const PROOF = "public-load-balancer-certificate-proof-origin.example.com";
  const RECORD = "public-load-balancer-record-origin.example.com";

  it("goes from one CDN to the other, from each to none, and to its end", async () => {
    const cloudFront = edgeStack(edgeStackFile("cloudfront"));
    succeeded(await cloudFront.run("up"));
    const files = ["", "-encryption", "-lifecycle", "-ownership", "-policy", "-private", "-versioning"];
    assert.deepEqual(
      kept(cloudFront),
      files.map((part) => `cdn-assets${part}`),
    );

    const none = succeeded(await edgeStack(edgeStackFile("none")).run("preview"));
    assert.ok(none.has("delete cdn-distribution") && none.has("delete cdn-logs"), [...none].join(", "));
    assert.deepEqual(
      [...none].filter((step) => / cdn(-|$)/.test(step) && !step.startsWith("delete ")),
      [],
    );

    const cloudflare = edgeStack(edgeStackFile("cloudflare"));
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

    const back = succeeded(await edgeStack(edgeStackFile("cloudfront")).run("preview"));
    for (const step of ["create cdn-distribution", `create ${RECORD}`, "delete cdn-dns-www.example.com"]) {
      assert.ok(back.has(step), `${step} of ${[...back].join(", ")}`);
    }

    succeeded(await cloudflare.run("destroy"));
    assert.deepEqual(names(cloudflare, /./), []);
  });
});
