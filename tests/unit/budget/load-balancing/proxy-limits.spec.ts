import assert from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import {
  admission,
  rateLimitPerPod,
  retryLimits,
  slidingWindow,
} from "../../../../budget/load-balancing/proxy-limits";
import { timeoutChain, type ChainCloud } from "../../../../budget/timeouts/timeouts";

describe("rateLimitPerPod", () => {
  it("divides what is sustained and leaves the burst to each pod", () => {
    assert.deepEqual(rateLimitPerPod({ requestsPerSecond: 20, burst: 40, connections: 50 }, 6), {
      requestsPerMinute: 200,
      burst: 40,
      connections: 8,
    });
  });

  it("stays within what nginx can count", () => {
    const limit = { requestsPerSecond: 1, burst: 0, connections: 100_000 };
    assert.equal(rateLimitPerPod(limit, 1).connections, 65_535);
  });

  it("does not lose a request to binary noise", () => {
    // 0.7 * 60 / 6 is 6.999999999999999
    assert.equal(
      rateLimitPerPod({ requestsPerSecond: 0.7, burst: 0, connections: 6 }, 6).requestsPerMinute,
      7,
    );
  });

  it("never lets all pods together allow more than the limit, and wastes less than one a pod", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 10_000, noNaN: true }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 500 }),
        (requestsPerSecond, connections, pods) => {
          const share = rateLimitPerPod({ requestsPerSecond, burst: 0, connections }, pods);
          const perMinute = requestsPerSecond * 60;
          assert.ok(share.requestsPerMinute * pods <= perMinute * (1 + 1e-9));
          assert.ok((share.requestsPerMinute + 1) * pods >= perMinute * (1 - 1e-9));
          assert.ok(share.connections * pods <= connections);
        },
      ),
    );
  });
});

describe("retryLimits", () => {
  it("gives a second attempt half of the time that the load balancer waits longer, never the proxy's own timeout", () => {
    assert.deepEqual(retryLimits(timeoutChain({ maxRequestSeconds: 10, cloud: "aws" })), {
      connectSeconds: 1,
      windowSeconds: 6,
    });
    assert.deepEqual(retryLimits(timeoutChain({ maxRequestSeconds: 10, cloud: "gcp" })), {
      connectSeconds: 0.5,
      windowSeconds: 1,
    });
  });

  it("always answers before the load balancer gives up, and never repeats what timed out", () => {
    const anyCloud = fc.constantFrom<ChainCloud>("aws", "gcp", "local");
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 250, noNaN: true }), anyCloud, (maxRequestSeconds, cloud) => {
        const { request } = timeoutChain({ maxRequestSeconds, cloud });
        const { connectSeconds, windowSeconds } = retryLimits({ request });
        assert.ok(windowSeconds + connectSeconds + request.proxy < request.loadBalancer);
        assert.ok(connectSeconds < windowSeconds && windowSeconds < request.proxy);
      }),
    );
  });
});

describe("slidingWindow", () => {
  it("is as long as a whole burst of the largest fleet takes at the sustained rate", () => {
    // 40 * 5 / 20 = 10 s, in which 20/s are 200 requests: 40 for each of 5 pods.
    assert.deepEqual(slidingWindow({ requestsPerSecond: 20, burst: 40, connections: 50 }, 5), {
      requests: 200,
      seconds: 10,
    });
    assert.deepEqual(slidingWindow({ requestsPerSecond: 100, burst: 5, connections: 1 }, 1), {
      requests: 100,
      seconds: 1,
    });
  });

  it("never lets in more than the sustained rate over a window, and leaves each pod a whole burst", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 10_000, noNaN: true }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 1, max: 500 }),
        (requestsPerSecond, burst, pods) => {
          const { requests, seconds } = slidingWindow({ requestsPerSecond, burst, connections: 1 }, pods);
          assert.ok(requests / seconds <= requestsPerSecond * (1 + 1e-9));
          assert.ok(requests >= Math.max(1, burst) * pods);
          assert.ok(Math.abs(Math.round(seconds * 1000) - seconds * 1000) < 1e-6 * seconds * 1000);
        },
      ),
    );
  });
});

describe("admission", () => {
  const profile = { serviceTimeSeconds: 0.03, concurrencyPerPod: 8 };

  it("admits what is answered within the budget, and lets HAProxy keep most of it in the proxy", () => {
    // 8 * 1 s / 30 ms = 266.7 to an address, of 3 pods 89 each; 16 of them at the service: 5.3 each. The rest waits.
    const given = { profile, budget: DEFAULT_BUDGET, addresses: 10, proxyPods: 3 };
    assert.deepEqual(admission(given), {
      maxConnections: 89,
      serverMaxConnections: 6,
      queue: 836,
      queueSeconds: 1,
    });
  });

  it("never bounds a pod below twice of what it works on, by all pods of the proxy together", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        (serviceTimeSeconds, concurrencyPerPod, addresses, proxyPods) => {
          const found = admission({
            profile: { serviceTimeSeconds, concurrencyPerPod },
            budget: DEFAULT_BUDGET,
            addresses,
            proxyPods,
          });
          assert.ok(found.maxConnections * proxyPods >= 2 * concurrencyPerPod);
          assert.ok(found.serverMaxConnections * proxyPods >= 2 * concurrencyPerPod);
          assert.ok(found.maxConnections >= found.serverMaxConnections);
          assert.ok(found.queue * proxyPods >= concurrencyPerPod * addresses);
          // Whoever is last in the queue is answered when the budget is broken, and not later.
          const longest = Math.max(DEFAULT_BUDGET.responseTimeP99Seconds.critical, 3 * serviceTimeSeconds);
          const waiting = found.queue - 1 + (2 * concurrencyPerPod * addresses) / proxyPods;
          const servedPerSecond = (concurrencyPerPod * addresses) / proxyPods / serviceTimeSeconds;
          assert.ok(waiting / servedPerSecond <= longest * (1 + 1e-9));
        },
      ),
    );
  });
});
