import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ladderProblems,
  PROPAGATION_SECONDS,
  timeoutLadder,
  type LadderCloud,
  type TimeoutLadder,
} from "../../../budget/timeouts";

const anyCloud = fc.constantFrom<LadderCloud>("aws", "gcp", "local");
const anyRequest = fc.double({ min: 0.01, max: 3600, noNaN: true });

type Steps = Record<string, Record<string, number>>;

function changed(ladder: TimeoutLadder, path: string, value: number): TimeoutLadder {
  const copy = structuredClone(ladder) as unknown as Steps;
  const [group = "", step = ""] = path.split(".");
  copy[group] = { ...copy[group], [step]: value };
  return copy as unknown as TimeoutLadder;
}

describe("timeoutLadder", () => {
  it("derives the figures of AWS, where one knob of the load balancer is silence and idleness", () => {
    assert.deepEqual(timeoutLadder({ maxRequestSeconds: 10, cloud: "aws" }), {
      request: { edge: 66, loadBalancer: 60, proxy: 12, application: 10, database: 8 },
      idle: { loadBalancer: 60, proxyClient: 75, proxyUpstream: 60, application: 75 },
      drain: { deregistration: 30, preStop: 50, terminationGrace: 67 },
    });
  });

  it("derives the figures of Google Cloud, whose load balancer keeps idle connections for 600 s", () => {
    assert.deepEqual(timeoutLadder({ maxRequestSeconds: 10, cloud: "gcp" }), {
      request: { edge: 16, loadBalancer: 14, proxy: 12, application: 10, database: 8 },
      idle: { loadBalancer: 600, proxyClient: 620, proxyUpstream: 60, application: 75 },
      drain: { deregistration: 30, preStop: 50, terminationGrace: 67 },
    });
  });

  it("has nothing to deregister from on a local cluster, but waits for the endpoints all the same", () => {
    assert.deepEqual(timeoutLadder({ maxRequestSeconds: 10, cloud: "local" }).drain, {
      deregistration: 0,
      preStop: 20,
      terminationGrace: 37,
    });
  });

  it("lengthens every outer step, the idle timeouts of AWS and the drain with a long request", () => {
    assert.deepEqual(timeoutLadder({ maxRequestSeconds: 90, cloud: "aws" }), {
      request: { edge: 120, loadBalancer: 109, proxy: 99, application: 90, database: 72 },
      idle: { loadBalancer: 109, proxyClient: 124, proxyUpstream: 60, application: 75 },
      drain: { deregistration: 99, preStop: 119, terminationGrace: 223 },
    });
  });

  it("refuses a request that takes no time, or no known time", () => {
    for (const maxRequestSeconds of [0, -1, NaN, Infinity]) {
      assert.throws(
        () => timeoutLadder({ maxRequestSeconds, cloud: "aws" }),
        new RangeError(`the longest request is ${maxRequestSeconds}; allowed is a number above 0 (seconds)`),
      );
    }
  });

  it("keeps every law for every request and cloud", () => {
    fc.assert(
      fc.property(anyRequest, anyCloud, (maxRequestSeconds, cloud) => {
        const ladder = timeoutLadder({ maxRequestSeconds, cloud });
        assert.deepEqual(ladderProblems(ladder), []);
        const { request, idle, drain } = ladder;
        assert.ok(request.database < request.application && request.application < request.proxy);
        assert.ok(request.proxy < request.loadBalancer && request.loadBalancer < request.edge);
        assert.ok(idle.loadBalancer < idle.proxyClient && idle.proxyUpstream < idle.application);
        assert.ok(drain.deregistration + PROPAGATION_SECONDS < drain.preStop);
        assert.ok(drain.preStop + request.proxy < drain.terminationGrace);
      }),
    );
  });

  it("uses whole seconds outside the application, for those are what the outer hops accept", () => {
    fc.assert(
      fc.property(anyRequest, anyCloud, (maxRequestSeconds, cloud) => {
        const { request, idle, drain } = timeoutLadder({ maxRequestSeconds, cloud });
        const outer = [
          request.edge,
          request.loadBalancer,
          request.proxy,
          ...Object.values({ ...idle, ...drain }),
        ];
        assert.ok(outer.every(Number.isInteger));
      }),
    );
  });

  it("never shortens a step when the request gets longer", () => {
    fc.assert(
      fc.property(
        anyRequest,
        fc.double({ min: 0, max: 600, noNaN: true }),
        anyCloud,
        (short, more, cloud) => {
          const numbers = (maxRequestSeconds: number): number[] => {
            const { request, idle, drain } = timeoutLadder({ maxRequestSeconds, cloud });
            return [request, idle, drain].flatMap((group) => Object.values(group));
          };
          const longer = numbers(short + more);
          numbers(short).forEach((value, index) => assert.ok(value <= (longer[index] ?? NaN)));
        },
      ),
    );
  });
});

describe("ladderProblems", () => {
  const ladder = timeoutLadder({ maxRequestSeconds: 10, cloud: "aws" });
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
  for (const { path, value, ...problem } of cases) {
    it(`refuses ${path} = ${value}`, () => {
      assert.deepEqual(ladderProblems(changed(ladder, path, value)), [problem]);
    });
  }

  it("finds every broken step of the requests, whichever two neighbours are swapped", () => {
    const inwards = ["edge", "loadBalancer", "proxy", "application", "database"] as const;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), anyRequest, anyCloud, (index, maxRequestSeconds, cloud) => {
        const sound = timeoutLadder({ maxRequestSeconds, cloud });
        const [outer, inner] = [inwards[index] ?? "edge", inwards[index + 1] ?? "database"];
        const swapped = changed(
          changed(sound, `request.${outer}`, sound.request[inner]),
          `request.${inner}`,
          sound.request[outer],
        );
        const found = ladderProblems(swapped).filter((p) => p.rule === "request-shrinks-inwards");
        assert.ok(found.some((p) => p.inner === `request.${inner}` && p.outer === `request.${outer}`));
      }),
    );
  });

  it("reports all broken laws at once", () => {
    const broken = changed(changed(ladder, "request.edge", 1), "idle.application", 1);
    assert.deepEqual(
      ladderProblems(broken).map(({ rule, inner, outer }) => [rule, inner, outer]),
      [
        ["request-shrinks-inwards", "request.loadBalancer", "request.edge"],
        ["idle-grows-inwards", "idle.application", "idle.proxyUpstream"],
      ],
    );
  });
});
