import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chainIssues,
  longestRequestSeconds,
  PROPAGATION_SECONDS,
  requestLimit,
  timeoutChain,
} from "../../../../budget/timeouts/timeouts";
import { anyChain, changed } from "../any-chain";

describe("timeoutChain", () => {
  it("derives the figures of AWS, where one knob of the load balancer is silence and idleness", () => {
    assert.deepEqual(timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudfront" }), {
      request: { edge: 66, loadBalancer: 60, proxy: 12, application: 10, database: 8 },
      idle: {
        edge: 55,
        loadBalancerClient: 60,
        loadBalancer: 60,
        proxyClient: 75,
        proxyUpstream: 60,
        application: 75,
      },
      tunnel: { edge: 600, loadBalancer: 60, proxy: 75, heartbeat: 30 },
      drain: { deregistration: 30, preStop: 50, terminationGrace: 67, nodeGrace: 600 },
    });
  });

  it("derives the figures of Google Cloud, whose load balancer keeps idle connections for 600 s", () => {
    assert.deepEqual(timeoutChain({ maxRequestSeconds: 10, cloud: "gcp", cdn: "cloudfront" }), {
      request: { edge: 16, loadBalancer: 14, proxy: 12, application: 10, database: 8 },
      idle: {
        edge: 120,
        loadBalancerClient: 610,
        loadBalancer: 600,
        proxyClient: 620,
        proxyUpstream: 60,
        application: 75,
      },
      tunnel: { edge: 600, loadBalancer: 3600, proxy: 620, heartbeat: 30 },
      drain: { deregistration: 30, preStop: 50, terminationGrace: 67, nodeGrace: 600 },
    });
  });

  it("outlasts the 900 s for which Cloudflare keeps an idle connection, on either cloud", () => {
    const [aws, gcp] = (["aws", "gcp"] as const).map((cloud) =>
      timeoutChain({ maxRequestSeconds: 10, cloud, cdn: "cloudflare" }),
    );
    assert.deepEqual(aws?.idle, {
      edge: 900,
      loadBalancerClient: 915,
      loadBalancer: 915,
      proxyClient: 930,
      proxyUpstream: 60,
      application: 75,
    });
    assert.deepEqual([gcp?.idle.edge, gcp?.idle.loadBalancerClient, gcp?.idle.proxyClient], [900, 920, 620]);
    assert.deepEqual([aws?.request.edge, gcp?.request.edge], [120, 120]);
  });

  it("lets the proxy answer for an ALB whose one knob Cloudflare's idle connections hold above its patience", () => {
    const chain = timeoutChain({ maxRequestSeconds: 99, cloud: "aws", cdn: "cloudflare" });
    assert.deepEqual(chain.request, {
      edge: 120,
      loadBalancer: 915,
      proxy: 109,
      application: 99,
      database: 99 * 0.8,
    });
    assert.deepEqual(chainIssues(chain), []);
    assert.deepEqual(
      chainIssues(changed(chain, "request.edge", 109)).map(({ inner, outer }) => [inner, outer]),
      [["request.proxy", "request.edge"]],
    );
  });

  it("keeps the figures of a chain without a CDN for callers that name none", () => {
    assert.deepEqual(
      timeoutChain({ maxRequestSeconds: 10, cloud: "aws" }),
      timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "none" }),
    );
  });

  it("has nothing to deregister from on a local cluster, but waits for the endpoints all the same", () => {
    assert.deepEqual(timeoutChain({ maxRequestSeconds: 10, cloud: "local" }).drain, {
      deregistration: 0,
      preStop: 20,
      terminationGrace: 37,
      nodeGrace: 600,
    });
  });

  it("lengthens every outer step, the idle timeouts of AWS and the drain with a long request", () => {
    const { request, idle, drain } = timeoutChain({
      maxRequestSeconds: 90,
      cloud: "aws",
      cdn: "cloudfront",
    });
    assert.deepEqual(request, { edge: 120, loadBalancer: 109, proxy: 99, application: 90, database: 72 });
    assert.deepEqual([idle.edge, idle.loadBalancer, idle.proxyClient], [104, 109, 124]);
    assert.deepEqual(drain, { deregistration: 99, preStop: 119, terminationGrace: 223, nodeGrace: 600 });
  });

  it("says which longest request the chain bears, and what limits it", () => {
    assert.throws(
      () => timeoutChain({ maxRequestSeconds: 91, cloud: "aws", cdn: "cloudfront" }),
      new RangeError(
        "the longest request is 91; allowed is at most 90 (seconds), for cloudfront waits 120 s at most, and each hop " +
          "inside it has to give up earlier",
      ),
    );
    assert.throws(
      () => timeoutChain({ maxRequestSeconds: 30, cloud: "gcp", nodeGraceSeconds: 60 }),
      new RangeError(
        "the longest request is 30; allowed is at most 3 (seconds), for a pod would need 91 s to end, and a node that " +
          "goes away grants 60 s",
      ),
    );
    assert.equal(
      requestLimit({ maxRequestSeconds: 300, cloud: "aws", cdn: "cloudflare" }),
      "cloudflare waits 120 s at most, and each hop inside it has to give up earlier",
    );
  });

  it("bears the longest request that it names, and none a second longer", () => {
    fc.assert(
      fc.property(anyChain, (inputs) => {
        const longest = longestRequestSeconds(inputs);
        assert.deepEqual(chainIssues(timeoutChain({ ...inputs, maxRequestSeconds: longest })), []);
        assert.throws(() => timeoutChain({ ...inputs, maxRequestSeconds: longest + 1 }), RangeError);
      }),
    );
  });

  it("bears no request at all when a node grants less than a drain takes", () => {
    assert.equal(longestRequestSeconds({ cloud: "aws", nodeGraceSeconds: 50 }), 0);
  });

  it("refuses a request that takes no time, or no known time", () => {
    for (const maxRequestSeconds of [0, -1, NaN, Infinity]) {
      assert.throws(
        () => timeoutChain({ maxRequestSeconds, cloud: "aws" }),
        new RangeError(`the longest request is ${maxRequestSeconds}; allowed is a number above 0 (seconds)`),
      );
    }
  });

  it("keeps every law for every request that the chain bears", () => {
    fc.assert(
      fc.property(anyChain, (inputs) => {
        const chain = timeoutChain(inputs);
        assert.deepEqual(chainIssues(chain), []);
        const { request, idle, tunnel, drain } = chain;
        assert.ok(request.database < request.application && request.application < request.proxy);
        assert.ok(request.proxy < request.loadBalancer && request.proxy < request.edge);
        if (inputs.cdn !== "cloudflare" || inputs.cloud === "gcp")
          assert.ok(request.loadBalancer < request.edge);
        assert.ok(idle.edge < idle.loadBalancerClient && idle.loadBalancer < idle.proxyClient);
        assert.ok(idle.proxyUpstream < idle.application);
        assert.ok(tunnel.heartbeat < Math.min(tunnel.edge, tunnel.loadBalancer, tunnel.proxy));
        assert.ok(drain.deregistration + PROPAGATION_SECONDS < drain.preStop);
        assert.ok(drain.preStop + request.proxy < drain.terminationGrace);
        assert.ok(drain.terminationGrace <= drain.nodeGrace);
      }),
    );
  });

  it("asks of each program only what it can be set to", () => {
    fc.assert(
      fc.property(anyChain, (inputs) => {
        const { request, idle, drain } = timeoutChain(inputs);
        const within = (value: number, least: number, most: number): void =>
          assert.ok(Number.isInteger(value) && value >= least && value <= most, `${value}`);
        if (inputs.cloud !== "gcp") within(idle.loadBalancer, 1, 4000);
        if (inputs.cloud === "gcp") within(idle.loadBalancerClient, 5, 1200);
        if (inputs.cdn === "cloudfront") within(request.edge, 1, 120);
        if (inputs.cdn === "cloudfront") within(idle.edge, 1, 120);
        within(drain.deregistration, 0, 3600);
      }),
    );
  });

  it("uses whole seconds outside the application, for those are what the outer hops accept", () => {
    fc.assert(
      fc.property(anyChain, (inputs) => {
        const { request, idle, tunnel, drain } = timeoutChain(inputs);
        const outer = [
          request.edge,
          request.loadBalancer,
          request.proxy,
          ...Object.values({ ...idle, ...drain }),
          ...Object.values(tunnel),
        ];
        assert.ok(outer.every(Number.isInteger));
      }),
    );
  });

  it("never shortens a step when the request gets longer", () => {
    fc.assert(
      fc.property(anyChain, fc.double({ min: 0, max: 1, noNaN: true }), (inputs, share) => {
        const numbers = (maxRequestSeconds: number): number[] => {
          const { request, idle, drain } = timeoutChain({ ...inputs, maxRequestSeconds });
          return [request, idle, drain].flatMap((group) => Object.values(group));
        };
        const longer = numbers(inputs.maxRequestSeconds);
        const shorter = numbers(Math.max(0.001, inputs.maxRequestSeconds * share));
        shorter.forEach((value, index) => assert.ok(value <= (longer[index] ?? NaN)));
      }),
    );
  });
});
