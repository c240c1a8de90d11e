import assert from "node:assert/strict";
import fc from "fast-check";
import {
  autoscalerTarget,
  erlangC,
  longestServiceTimeSeconds,
  podsLost,
  replicasForLoad,
  resilientReplicas,
  responseTimeTail,
} from "../../../../budget/service/capacity";
import type { ServiceProfile } from "../../../../budget/service/demand";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";

const profile: ServiceProfile = {
  serviceTimeSeconds: 0.04,
  concurrencyPerPod: 8,
  maxUtilization: 0.75,
  warmUpSeconds: 15,
};

describe("Erlang C", () => {
  it("agrees with the textbook's values", () => {
    // One server: the probability to wait is the utilization. Two servers at a = 1: 1/3. Ten servers at a = 8: 0.4092.
    assert.equal(erlangC(1, 0.5), 0.5);
    assert.ok(Math.abs(erlangC(2, 1) - 1 / 3) < 1e-12);
    assert.ok(Math.abs(erlangC(10, 8) - 0.40918) < 1e-5);
  });

  it("agrees with the defining sum", () => {
    const bySum = (c: number, a: number): number => {
      let term = 1;
      let sum = 1;
      for (let n = 1; n < c; n++) {
        term *= a / n;
        sum += term;
      }
      const last = ((term * a) / c) * (c / (c - a));
      return last / (sum + last);
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (c, rho) => {
          assert.ok(Math.abs(erlangC(c, c * rho) - bySum(c, c * rho)) < 1e-9);
        },
      ),
    );
  });

  it("is a probability for thousands of servers, and 1 at saturation", () => {
    assert.equal(erlangC(5000, 5000), 1);
    const p = erlangC(5000, 4900);
    assert.ok(p > 0 && p < 1);
  });
});

describe("responseTimeTail", () => {
  it("is the M/M/1 sojourn time for one server", () => {
    // M/M/1: P(T > t) = e^-(mu - lambda)t
    const [mu, lambda, t] = [10, 6, 0.3];
    assert.ok(Math.abs(responseTimeTail(1, lambda / mu, 1 / mu, t) - Math.exp(-(mu - lambda) * t)) < 1e-12);
  });

  it("is continuous where the waiting rate meets the service rate", () => {
    const at = responseTimeTail(3, 2, 0.1, 0.2);
    const near = responseTimeTail(3, 2.000001, 0.1, 0.2);
    assert.ok(Math.abs(at - near) < 1e-5);
  });
});

describe("replicasForLoad", () => {
  it("follows Little's law when the queue leaves room", () => {
    // 1000/s * 0.04 s = 40 in service; 8 * 0.75 = 6 a pod; 6.67 pods.
    assert.equal(replicasForLoad(1000, profile, DEFAULT_BUDGET), 7);
  });

  it("adds pods beyond Little's law when waiting would break a percentile", () => {
    const tight = { ...profile, serviceTimeSeconds: 0.06, concurrencyPerPod: 1, maxUtilization: 0.99 };
    const pods = replicasForLoad(16, tight, DEFAULT_BUDGET);
    assert.ok(pods > 1);
    assert.ok(responseTimeTail(pods, 0.96, 0.06, 0.2) <= 0.05);
    assert.ok(responseTimeTail(pods - 1, 0.96, 0.06, 0.2) > 0.05);
  });

  it("refuses a service time that no number of pods can mend", () => {
    assert.throws(
      () => replicasForLoad(1, { ...profile, serviceTimeSeconds: 0.07 }, DEFAULT_BUDGET),
      /0\.07 s cannot keep the response-time budget .* below 0\.0668 s/,
    );
    assert.ok(Math.abs(longestServiceTimeSeconds(DEFAULT_BUDGET) - 0.2 / Math.log(20)) < 1e-12);
  });

  it("never falls when load rises, and never exceeds the utilization it was given", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 5000, noNaN: true }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        fc.integer({ min: 1, max: 64 }),
        (rps, more, concurrencyPerPod) => {
          const p = { ...profile, concurrencyPerPod };
          const pods = replicasForLoad(rps, p, DEFAULT_BUDGET);
          assert.ok(replicasForLoad(rps + more, p, DEFAULT_BUDGET) >= pods);
          assert.ok(
            (rps * p.serviceTimeSeconds) / (pods * concurrencyPerPod) <= p.maxUtilization * (1 + 1e-9),
          );
        },
      ),
    );
  });
});

describe("resilientReplicas", () => {
  it("counts the pods that the larger fleet itself loses with a zone", () => {
    assert.equal(resilientReplicas(5, { zones: 3, maxUnavailable: 1 }), 8);
    assert.equal(resilientReplicas(1, { zones: 1, maxUnavailable: 1 }), 2);
    assert.equal(resilientReplicas(1, { zones: 1, maxUnavailable: 0 }), 1);
  });

  it("leaves what is needed, and one pod fewer would not", () => {
    const disruption = fc.record({
      zones: fc.integer({ min: 1, max: 6 }),
      maxUnavailable: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), disruption, (needed, d) => {
        const replicas = resilientReplicas(needed, d);
        assert.ok(replicas - podsLost(replicas, d) >= needed);
        assert.ok(replicas === needed || replicas - 1 - podsLost(replicas - 1, d) < needed);
      }),
    );
  });
});

describe("autoscalerTarget", () => {
  it("leaves room for the growth of one reaction time", () => {
    // 15 + 15 + 5 + 15 s = 50 s; 30 %/min -> 1.25; 0.75 / 1.25 = 0.6
    const target = autoscalerTarget({ growthPerMinute: 0.3 }, profile, DEFAULT_BUDGET);
    assert.ok(Math.abs(target - 0.6) < 1e-12);
  });

  it("never exceeds the budget's CPU target", () => {
    assert.equal(
      autoscalerTarget({ growthPerMinute: 0 }, { ...profile, maxUtilization: 0.95 }, DEFAULT_BUDGET),
      0.7,
    );
  });
});
