import assert from "node:assert/strict";
import fc from "fast-check";
import { issueText, pathText } from "../../../../budget/core/issues";
import { chainIssues, PROPAGATION_SECONDS, timeoutIssues } from "../../../../budget/timeouts/chain-issues";
import { timeoutChain } from "../../../../budget/timeouts/timeouts";
import { anyChain, changed, type Steps } from "../any-chain";

describe("chainIssues", () => {
  const chain = timeoutChain({ maxRequestSeconds: 10, cloud: "aws", cdn: "cloudfront" });
  const cases = [
    {
      path: "request.application",
      value: 12,
      rule: "request-shrinks-inwards",
      inner: "request.application",
      outer: "request.proxy",
      message:
        "request.application is 12 s; it has to be below request.proxy, 12 s, or the outer hop gives up before the " +
        "inner one can report what failed",
    },
    {
      path: "idle.proxyClient",
      value: 60,
      rule: "idle-grows-inwards",
      inner: "idle.proxyClient",
      outer: "idle.loadBalancer",
      message:
        "idle.proxyClient is 60 s; it has to be above idle.loadBalancer, 60 s, or a listener closes a connection on " +
        "which the next request is already under way",
    },
    {
      path: "idle.application",
      value: 5,
      rule: "idle-grows-inwards",
      inner: "idle.application",
      outer: "idle.proxyUpstream",
      message:
        "idle.application is 5 s; it has to be above idle.proxyUpstream, 60 s, or a listener closes a connection on " +
        "which the next request is already under way",
    },
    {
      path: "idle.edge",
      value: 60,
      rule: "idle-grows-inwards",
      inner: "idle.loadBalancerClient",
      outer: "idle.edge",
      message:
        "idle.loadBalancerClient is 60 s; it has to be above idle.edge, 60 s, or a listener closes a connection on " +
        "which the next request is already under way",
    },
    {
      path: "tunnel.heartbeat",
      value: 60,
      rule: "heartbeat-keeps-tunnels",
      inner: "tunnel.heartbeat",
      outer: "tunnel.loadBalancer",
      message:
        "tunnel.heartbeat is 60 s; it has to be below tunnel.loadBalancer, 60 s, or a WebSocket in good order is " +
        "closed between two pings",
    },
    {
      path: "drain.nodeGrace",
      value: 66,
      rule: "drain-fits",
      inner: "drain.terminationGrace",
      outer: "drain.nodeGrace",
      message:
        "drain.nodeGrace is 66 s; it has to be at least drain.terminationGrace, 67 s, or a node goes away under pods " +
        "that still answer",
    },
    {
      path: "drain.deregistration",
      value: 35,
      rule: "drain-fits",
      inner: "drain.deregistration",
      outer: "drain.preStop",
      message:
        "drain.preStop is 50 s; it has to be above drain.deregistration + 15 s, 50 s, or the pod stops while new " +
        "requests still arrive",
    },
    {
      path: "drain.terminationGrace",
      value: 62,
      rule: "drain-fits",
      inner: "drain.preStop",
      outer: "drain.terminationGrace",
      message:
        "drain.terminationGrace is 62 s; it has to be above drain.preStop + request.proxy, 62 s, or the last requests " +
        "are killed",
    },
    {
      path: "idle.loadBalancer",
      value: NaN,
      rule: "duration",
      inner: "idle.loadBalancer",
      outer: "idle.loadBalancer",
      message: "idle.loadBalancer is NaN; allowed is a number above 0 (seconds)",
    },
    {
      path: "drain.preStop",
      value: 50.5,
      rule: "duration",
      inner: "drain.preStop",
      outer: "drain.preStop",
      message: "drain.preStop is 50.5; allowed is a whole number of at least 0 (seconds)",
    },
  ];
  for (const { path, value, message, ...law } of cases) {
    it(`refuses ${path} = ${value}`, () => {
      const found = chainIssues(changed(chain, path, value));
      assert.deepEqual(
        found.map(({ rule, inner, outer, fix }) => ({ rule, inner, outer, fix })),
        [{ ...law, fix: `${message}.` }],
      );
    });
  }

  /**
   * Every order of the timeout chain, written down a second time: `inner` has to be below `outer` by more than `by`; `equal`
   * may be just as large.
   */
  const orders: readonly { readonly below: string; readonly above: string; by?: number; equal?: boolean }[] =
    [
      { below: "request.database", above: "request.application" },
      { below: "request.application", above: "request.proxy" },
      { below: "request.proxy", above: "request.loadBalancer" },
      { below: "request.loadBalancer", above: "request.edge" },
      { below: "idle.edge", above: "idle.loadBalancerClient" },
      { below: "idle.loadBalancer", above: "idle.proxyClient" },
      { below: "idle.proxyUpstream", above: "idle.application" },
      { below: "tunnel.heartbeat", above: "tunnel.edge" },
      { below: "tunnel.heartbeat", above: "tunnel.loadBalancer" },
      { below: "tunnel.heartbeat", above: "tunnel.proxy" },
      { below: "drain.deregistration", above: "drain.preStop", by: PROPAGATION_SECONDS },
      { below: "drain.terminationGrace", above: "drain.nodeGrace", equal: true },
    ];

  it("finds every value that breaks an order, and names both ends", () => {
    fc.assert(
      fc.property(
        anyChain.filter(({ cdn, cloud }) => cdn !== "cloudflare" || cloud === "gcp"),
        fc.constantFrom(...orders),
        fc.integer({ min: 0, max: 500 }),
        fc.boolean(),
        (chain, { below, above, by = 0, equal = false }, excess, moveBelow) => {
          const sound = timeoutChain(chain);
          const at = (path: string): number => {
            const [group = "", step = ""] = path.split(".");
            return (sound as unknown as Steps)[group]?.[step] ?? NaN;
          };
          const more = equal ? excess + 1 : excess;
          const broken = moveBelow
            ? changed(sound, below, at(above) - by + more)
            : changed(sound, above, at(below) + by - more);
          const found = chainIssues(broken);
          const named = found.some(({ inner, outer }) => {
            const ends = [inner, outer] as string[];
            return ends.includes(below) && (ends.includes(above) || inner === outer);
          });
          // A value pushed below 0 is no duration, and is reported as that.
          const noDuration = found.some(({ rule, inner }) => rule === "duration" && inner === above);
          assert.ok(named || noDuration, JSON.stringify({ below, above, found }));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds a grace that does not cover the last request", () => {
    fc.assert(
      fc.property(anyChain, fc.integer({ min: 0, max: 20 }), (chain, missing) => {
        const sound = timeoutChain(chain);
        const { drain, request } = sound;
        const grace = Math.max(0, drain.preStop + request.proxy - missing);
        const found = chainIssues(changed(sound, "drain.terminationGrace", grace));
        assert.ok(found.some(({ outer }) => outer === "drain.terminationGrace"));
      }),
    );
  });

  it("reports all broken laws at once", () => {
    const broken = changed(changed(chain, "request.edge", 1), "idle.application", 1);
    assert.deepEqual(
      chainIssues(broken).map(({ rule, inner, outer }) => [rule, inner, outer]),
      [
        ["request-shrinks-inwards", "request.loadBalancer", "request.edge"],
        ["idle-grows-inwards", "idle.application", "idle.proxyUpstream"],
      ],
    );
  });
});

describe("timeoutIssues", () => {
  const timeouts = timeoutChain({ maxRequestSeconds: 10, cloud: "aws" });

  it("has nothing against a timeout chain that holds", () => {
    assert.deepEqual(timeoutIssues(timeouts), []);
  });

  it("names the step to change: of a drain the later one, of everything else the inner one", () => {
    const broken = {
      ...timeouts,
      request: { ...timeouts.request, database: 11 },
      drain: { ...timeouts.drain, terminationGrace: 20 },
    };
    assert.deepEqual(
      timeoutIssues(broken).map((found) => `${pathText(found.path)}: ${issueText(found)}`),
      [
        "timeouts.request.database: got 11; allowed is a timeout chain that holds. request.database is 11 s; it has to be below request.application, 10 s, or the outer hop gives up before the inner one can report what failed.",
        "timeouts.drain.terminationGrace: got 20; allowed is a timeout chain that holds. drain.terminationGrace is 20 s; it has to be above drain.preStop + request.proxy, 62 s, or the last requests are killed.",
      ],
    );
  });
});
