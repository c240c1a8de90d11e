import assert from "node:assert/strict";

import fc from "fast-check";

import { erlangC, fleetTail, responseTimeTail } from "../../../../budget/service/queue";
import { serviceTime } from "../../../../budget/service/service-time";

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
  const exponential = (mean: number) => serviceTime({ serviceTimeSeconds: mean });

  it("is the M/M/1 sojourn time for one server", () => {
    // M/M/1: P(T > t) = e^-(mu - lambda)t
    const [mu, lambda] = [10, 6];
    for (const t of [0.05, 0.3, 0.35, 1, 3]) {
      const tail = responseTimeTail(1, lambda / mu, exponential(1 / mu), t);
      assert.ok(Math.abs(tail - Math.exp(-(mu - lambda) * t)) < 1e-9, `${t}`);
    }
  });

  it("is the sum of both exponentials for several servers", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 80 }),
        fc.double({ min: 0.1, max: 0.95, noNaN: true }),
        fc.double({ min: 0.2, max: 8, noNaN: true }),
        (c, rho, t) => {
          const slack = c - c * rho - 1;
          fc.pre(Math.abs(slack) > 1e-3);
          const exact = Math.exp(-t) * (1 + (erlangC(c, c * rho) * (1 - Math.exp(-t * slack))) / slack);
          assert.ok(Math.abs(responseTimeTail(c, c * rho, exponential(1), t) - exact) < 1e-9);
        },
      ),
    );
  });

  it("is continuous where the rate of the wait meets that of the service", () => {
    const at = responseTimeTail(3, 2, exponential(0.1), 0.2);
    const near = responseTimeTail(3, 2.000001, exponential(0.1), 0.2);
    assert.ok(Math.abs(at - near) < 1e-5);
  });

  it("never falls with the load, and is 1 at saturation", () => {
    const time = serviceTime({
      serviceTimeSeconds: 0.03,
      serviceTimeP95Seconds: 0.16,
      serviceTimeP99Seconds: 0.3,
    });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 7.9, noNaN: true }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        (a, more) => {
          assert.ok(responseTimeTail(8, a + more, time, 0.2) >= responseTimeTail(8, a, time, 0.2) - 1e-12);
        },
      ),
    );
    assert.equal(responseTimeTail(8, 8, time, 0.2), 1);
  });

  it("of pods that are chosen by chance is that of one pod with its share", () => {
    const time = exponential(0.1);
    assert.equal(fleetTail(5, 4, 10, time, "per-connection", 0.3), responseTimeTail(4, 2, time, 0.3));
    assert.equal(fleetTail(5, 4, 10, time, "least-connections", 0.3), responseTimeTail(20, 10, time, 0.3));
    assert.equal(fleetTail(0, 4, 1, time, "least-connections", 0.3), 1);
  });
});
