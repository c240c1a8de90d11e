import assert from "node:assert/strict";

import fc from "fast-check";

import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { podsLost } from "../../../../budget/service/capacity";
import {
  MOST_PODS,
  cheapestFleet,
  cpuUntilScaled,
  heldLoad,
  meanPods,
  podsAtTarget,
  worstCase,
  type Fleet,
  type FleetInputs,
} from "../../../../budget/service/fleet";
import { fleetTail } from "../../../../budget/service/queue";
import { serviceTime } from "../../../../budget/service/service-time";
import { calculateReplicas } from "../../../../simulation/autoscaler/replica-calculator";

const inputs: FleetInputs = {
  base: 9,
  peak: 36,
  slots: 8,
  time: serviceTime({ serviceTimeSeconds: 0.03 }),
  balancing: "least-connections",
  budget: DEFAULT_BUDGET,
  maxUtilization: 0.75,
  growth: 1.2,
  cpuWhenBusy: 1,
  disruption: { zones: 3, maxUnavailable: 1 },
};

const any: fc.Arbitrary<FleetInputs> = fc
  .record({
    base: fc.double({ min: 0.05, max: 40, noNaN: true }),
    factor: fc.double({ min: 1, max: 8, noNaN: true }),
    slots: fc.integer({ min: 1, max: 32 }),
    mean: fc.integer({ min: 2, max: 60 }),
    balancing: fc.constantFrom("least-connections" as const, "per-connection" as const),
    maxUtilization: fc.integer({ min: 20, max: 100 }).map((percent) => percent / 100),
    growth: fc.double({ min: 1, max: 2, noNaN: true }),
    cpuWhenBusy: fc.double({ min: 0.3, max: 1.6, noNaN: true }),
    zones: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ factor, mean, zones, ...rest }) => ({
    ...inputs,
    ...rest,
    peak: rest.base * factor,
    time: serviceTime({ serviceTimeSeconds: mean / 1000 }),
    disruption: { zones, maxUnavailable: 1 },
  }));

/** Whether a number of pods carries the load at which the autoscaler still leaves it alone. */
function carries(n: number, fleet: Fleet, from: FleetInputs): boolean {
  const left = n - podsLost(n, from.disruption);
  const offered = heldLoad(n, fleet, from) * (1 - 1e-9);
  const tail = (t: number): number => fleetTail(left, from.slots, offered, from.time, from.balancing, t);
  const { responseTimeP95Seconds, responseTimeP99Seconds } = from.budget;
  return (
    left > 0 &&
    offered <= left * from.slots * from.maxUtilization &&
    tail(responseTimeP95Seconds.target) <= 0.05 &&
    tail(responseTimeP99Seconds.target) <= 0.01
  );
}

describe("CPU at which a pod is added", () => {
  it("is where the controller acts, in whole percents beyond its tolerance", () => {
    for (let target = 1; target <= 90; target++) {
      const pods = (milliCores: number) =>
        Array.from({ length: 20 }, () => ({
          deleted: false,
          pending: false,
          startedAt: 0,
          ready: true,
          changedAt: 10,
          metric: { milliCores, at: 990 },
        }));
      const limit = Math.round(cpuUntilScaled(target) * 1000);
      assert.equal(calculateReplicas(pods(limit - 1), 20, target, 1000, 1000), 20, `below ${target} %`);
      assert.ok((calculateReplicas(pods(limit), 20, target, 1000, 1000) ?? 0) > 20, `at ${target} %`);
    }
  });
});

describe("the cheapest fleet", () => {
  it("keeps the percentiles with every number of pods that the autoscaler may leave", () => {
    fc.assert(
      fc.property(any, (from) => {
        const fleet = cheapestFleet(from);
        if (fleet === undefined) return;
        for (let n = fleet.min; n <= fleet.max; n++) assert.ok(carries(n, fleet, from), `${n} pods`);
        for (const t of [0.2, 0.5]) {
          const worst = worstCase(fleet, from, t);
          assert.ok(worst.tail <= (t === 0.2 ? 0.05 : 0.01));
          for (let n = fleet.min; n <= fleet.max; n++) {
            const left = n - podsLost(n, from.disruption);
            const offered = heldLoad(n, fleet, from);
            const tail = fleetTail(left, from.slots, offered, from.time, from.balancing, t);
            assert.ok(tail <= worst.tail + 1e-9, `${n} pods are worse than the worst`);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is not undercut by another target with its own least minimum", () => {
    const fleet = cheapestFleet(inputs);
    assert.ok(fleet);
    const cost = meanPods(fleet, inputs);
    for (let target = 1; target <= 63; target++) {
      for (let min = 1; min <= 20; min++) {
        const max = podsAtTarget(inputs.peak, { target, min }, inputs);
        const other = { target, min, max };
        const keeps =
          (cpuUntilScaled(target) / inputs.cpuWhenBusy) * inputs.growth <= inputs.maxUtilization &&
          Array.from({ length: max - min + 1 }, (_, more) => min + more).every((n) =>
            carries(n, other, inputs),
          );
        assert.ok(!keeps || meanPods(other, inputs) >= cost - 1e-9, JSON.stringify(other));
      }
    }
  });

  it("costs more with zones to lose than without", () => {
    const alone = { ...inputs, disruption: { zones: 1, maxUnavailable: 1 } };
    const [with3, with1] = [cheapestFleet(inputs), cheapestFleet(alone)];
    assert.ok(with3 && with1);
    assert.ok(meanPods(with3, inputs) > meanPods(with1, alone));
  });

  it("needs more pods when connections are spread by chance", () => {
    const time = serviceTime({ serviceTimeSeconds: 0.06 });
    const by = (balancing: FleetInputs["balancing"]) =>
      cheapestFleet({ ...inputs, slots: 2, time, balancing });
    const [chance, least] = [by("per-connection"), by("least-connections")];
    assert.ok(chance && least);
    assert.ok(chance.max > least.max);
  });

  it("is none when a request alone is too slow, or when it takes more pods than anybody has", () => {
    assert.equal(cheapestFleet({ ...inputs, time: serviceTime({ serviceTimeSeconds: 0.07 }) }), undefined);
    assert.equal(cheapestFleet({ ...inputs, peak: 8 * MOST_PODS }), undefined);
  });

  it("of a thousand times the load is found by hardly more work", () => {
    let looks = 0;
    const time = serviceTime({ serviceTimeSeconds: 0.03 });
    const counted = {
      ...time,
      get pieces() {
        looks++;
        return time.pieces;
      },
    };
    const work = (times: number): number => {
      looks = 0;
      assert.ok(cheapestFleet({ ...inputs, base: 9 * times, peak: 36 * times, time: counted }));
      return looks;
    };
    assert.ok(work(1) < 1000, `${work(1)}`);
    assert.ok(work(1000) < 1000, `${work(1000)}`);
  });
});
