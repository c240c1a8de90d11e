import assert from "node:assert/strict";

import { timeoutLadder } from "../../../budget/timeouts/timeouts";
import type { Derivation } from "../../../report/derivation";
import { duration, isShare, number, plural, podRange } from "../../../budget/core/format";
import { proxyDerivations } from "../../../delivery/preview-report/proxy-derivations";
import { timeoutBars } from "../../../delivery/preview-report/timeouts";
import { recordedModel, shippedConfig } from "../../helpers/preview";
import { nginxSummary, serviceSummary } from "./fixtures/stack-run";

const lines = (found: readonly Derivation[]): string[] =>
  found.map(({ name, value, formula }) => `${name} | ${value} | ${formula}`);
const broken = (found: readonly Derivation[]): string[] =>
  found.filter(({ holds }) => !holds).map(({ name }) => name);

describe("derivations of the proxy", () => {
  const upstream = serviceSummary("backend");

  it("write each formula with the numbers of its clients and of the service behind it", () => {
    assert.deepEqual(lines(proxyDerivations(nginxSummary(upstream), upstream)), [
      "Clients of a pod | 16,384 | 2 workers · 16,384 connections ÷ 2 = 16,384; each client takes one more to the service",
      "Pods | 3 pods | (3 − 1 in a zone or drained) · 16,384 = 32,768 ≥ 20,000 clients",
      "Autoscaler's target | 11,234 connections | 3 pods · 11,234 of 16,384 = 33,702 ≥ 24,000 clients, 20 % more than expected",
      "Kept connections | 128 a worker | 3 pods · 2 workers · 128 = 768 ≥ 1,440/s · 30 ms = 43.2 requests in flight",
      "Memory limit | 426 MiB | processes 48 + connection tables 16 + address zones 20 + clients 320 + responses 22 = 426 MiB",
    ]);
  });

  it("say less about a proxy whose service or sizes are not known", () => {
    const own = { ...nginxSummary(upstream), memoryLimitMiB: 512 };
    assert.deepEqual(lines(proxyDerivations(own)).slice(3), [
      "Memory limit | 512 MiB | set by itself: 512 MiB",
    ]);
  });

  it("show what is too small", () => {
    const small = { ...nginxSummary(upstream), expectedClients: 40_000, upstreamKeepAlive: 2 };
    assert.deepEqual(broken(proxyDerivations(small, upstream)), [
      "Pods",
      "Autoscaler's target",
      "Kept connections",
    ]);
  });
});

describe("derivations of the shipped stacks", () => {
  for (const stack of ["production", "staging", "local"]) {
    it(`all hold for ${stack}`, async () => {
      const { services, caches, proxies, exposedService } = await recordedModel(shippedConfig(stack));
      const upstream = services.find(({ workload }) => workload === exposedService);
      const found = proxies.flatMap((proxy) => proxyDerivations(proxy, upstream));
      assert.deepEqual(
        [...services, ...caches].flatMap(({ proofs }) => proofs.filter(({ holds }) => !holds)),
        [],
      );
      assert.ok(found.length > 4);
      assert.deepEqual(broken(found), []);
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
    const { text } = timeoutBars(timeoutLadder({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudflare" }));
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
