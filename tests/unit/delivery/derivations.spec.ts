import assert from "node:assert/strict";

import { timeoutChain } from "../../../budget/timeouts/timeouts";
import { duration, isShare, number, plural, podRange } from "../../../budget/core/format";
import { timeoutBars } from "../../../delivery/preview-report/timeouts";
import { recordedModel, shippedConfig } from "../../helpers/preview";
import { serviceSummary } from "./fixtures/stack-run";

describe("promises of the shipped stacks", () => {
  for (const stack of ["production", "staging", "local"]) {
    it(`are kept by ${stack}, as its page shows them`, async () => {
      const { services, caches, databases, proxies, publicLoadBalancers, cdns, images } = await recordedModel(
        shippedConfig(stack),
      );
      const planned = [
        ...[...services, ...caches, ...databases],
        ...[...proxies, ...publicLoadBalancers, ...cdns, ...images],
      ];
      const proofs = planned.flatMap((each) => each.proofs);
      assert.ok(proofs.length > 10);
      assert.deepEqual(
        proofs.filter(({ holds }) => !holds),
        [],
      );
    });
  }
});

describe("timeouts of a service", () => {
  const { timeouts } = serviceSummary("backend");

  it("are drawn in proportion, with the law that they keep", () => {
    const { text } = timeoutBars(timeouts);
    assert.deepEqual(
      [...text.matchAll(/width:([\d.]+)%/g)].map(([, width]) => Number(width)),
      [
        ...[100, 90.9, 18.2, 15.2, 12.1],
        ...[73.3, 80, 80, 100, 80, 100],
        ...[100, 10, 12.5, 5],
        ...[44.8, 74.6, 100],
      ],
    );
    assert.match(text, /66 &gt; 60 &gt; 12 &gt; 10 &gt; 8 s: each hop outlasts the one inside it\./);
    assert.match(text, /55 &lt; 60 s, 60 &lt; 75 s and 60 &lt; 75 s: only the caller closes\./);
    assert.match(text, /30 &lt; 60 s: no silence outlasts a hop\./);
    assert.match(text, /600 ≥ 67 s: before the node goes\./);
    assert.ok(!text.includes("problems"));
  });

  it("say why an ALB waits longer than Cloudflare", () => {
    const { text } = timeoutBars(timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudflare" }));
    assert.match(text, /120 &gt; 12 &gt; 10 &gt; 8 s: .* one setting for waiting and for idle connections/);
    assert.ok(!text.includes("problems"));
  });

  it("come with what is wrong with them", () => {
    const { text } = timeoutBars({ ...timeouts, request: { ...timeouts.request, proxy: 70 } });
    assert.match(text, /request\.proxy is 70 s; it has to be below request\.loadBalancer, 60 s/);
  });
});

describe("numbers", () => {
  it("read the same everywhere", () => {
    assert.deepEqual(
      [
        number(1440),
        number(43.204),
        duration(0.03),
        duration(1.5),
        plural(1, "process"),
        plural(2, "process"),
      ],
      ["1,440", "43.2", "30 ms", "1.5 s", "1 process", "2 processes"],
    );
    assert.deepEqual([podRange(3, 3), podRange(3, 14)], ["3 pods", "3 to 14 pods"]);
    assert.deepEqual([isShare(0), isShare(0.0001), isShare(0.05)], ["= 0 %", "< 0.1 %", "= 5 %"]);
  });
});
