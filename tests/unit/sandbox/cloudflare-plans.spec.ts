import assert from "node:assert/strict";

import { planRefusals } from "../../../sandbox/providers/clouds/cloudflare-plans";
import { createPlatform } from "../../../stacks/platform";
import { judged } from "../../helpers/judged";
import { variantConfig } from "../../helpers/variants";

const RULESET = "cloudflare:index/ruleset:Ruleset";

describe("rulesets of Cloudflare and the plan of the zone", function () {
  this.timeout(60_000);

  it("are told what a plan does not have", () => {
    const ratelimit = { characteristics: ["ip.src", "cf.colo.id"], period: 10, mitigationTimeout: 10 };
    const limit = (expression: string, more: object = {}): string[] =>
      planRefusals("free", {
        phase: "http_ratelimit",
        rules: [{ expression, ratelimit: { ...ratelimit, ...more } }],
      });
    assert.deepEqual(limit('starts_with(http.request.uri.path, "/")'), []);
    assert.deepEqual(limit('http.host in {"ip.src.example.com"}'), [
      "http_ratelimit: the field http.host is not there on the plan free",
    ]);
    assert.deepEqual(limit('http.request.uri.path eq "/"', { period: 60, mitigationTimeout: 60 }), [
      "http_ratelimit: a period of 60 s is not there on the plan free",
      "http_ratelimit: a time-out of 60 s is longer than 10 on the plan free",
    ]);
    const rules = Array.from({ length: 6 }, () => ({ expression: 'http.request.uri.path matches "a"' }));
    const found = planRefusals("free", { phase: "http_request_firewall_custom", rules });
    assert.equal(found[0], "http_request_firewall_custom: 6 rules; allowed are 5 on the plan free");
    assert.equal(
      found[1],
      'http_request_firewall_custom: the operator "matches" is not there on the plan free',
    );
    assert.deepEqual(planRefusals("business", { phase: "http_request_firewall_custom", rules }), []);
  });

  // The larger plans have whatever these have.
  for (const plan of ["free", "pro"] as const) {
    it(`fit the plan ${plan}`, async () => {
      const config = variantConfig("gcp behind Cloudflare", ({ cdn }) => {
        cdn.cloudflare.plan = plan;
        // What the stack file refuses on this plan.
        if (plan !== "free") return;
        delete cdn.images;
        delete cdn.behaviors.media;
        cdn.traffic.shares.assets += cdn.traffic.shares.media;
        delete cdn.traffic.shares.media;
      });
      const { resources } = await judged(() => createPlatform(config));
      const rulesets = resources.filter(({ type }) => type === RULESET);
      assert.ok(rulesets.length > 3, `${rulesets.length} rulesets`);
      assert.deepEqual(
        rulesets.flatMap(({ inputs }) => planRefusals(plan, inputs)),
        [],
      );
    });
  }
});
