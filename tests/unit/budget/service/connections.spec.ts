import assert from "node:assert/strict";
import fc from "fast-check";
import {
  expectedClients,
  livingPods,
  maxClients,
  poolSize,
  replicationClients,
  RESERVED_CLIENTS,
  servicePoolSize,
  type ConnectionUser,
} from "../../../../budget/service/connections";

const backend: ConnectionUser = {
  ...{ maxReplicas: 10, maxSurge: 0.25, processesPerPod: 2, poolSize: 4 },
  // No two waves overlap: those of one are gone when the next counts.
  pace: { terminationSeconds: 10, readySeconds: 10 },
};

describe("poolSize", () => {
  it("holds twice the calls that are in flight on average", () => {
    // 250/s * 3 * 0.004 s = 3 in flight
    const load = { peakRpsPerProcess: 250, callsPerRequest: 3, callSeconds: 0.004, concurrencyPerProcess: 8 };
    assert.equal(poolSize(load), 6);
    assert.equal(poolSize({ ...load, headroom: 3 }), 9);
  });

  it("is at least two, so that one connection stays while the other is re-established", () => {
    const idle = { peakRpsPerProcess: 0, callsPerRequest: 1, callSeconds: 0.001, concurrencyPerProcess: 1 };
    assert.equal(poolSize(idle), 2);
  });

  it("ends where every request of the process makes all its calls at once", () => {
    const slow = {
      peakRpsPerProcess: 1000,
      callsPerRequest: 1.5,
      callSeconds: 0.5,
      concurrencyPerProcess: 8,
    };
    assert.equal(poolSize(slow), 16);
  });

  it("never falls when rate, calls, their time or the headroom rise", () => {
    const load = fc.record({
      peakRpsPerProcess: fc.double({ min: 0, max: 5000, noNaN: true }),
      callsPerRequest: fc.double({ min: 0.01, max: 50, noNaN: true }),
      callSeconds: fc.double({ min: 0.0001, max: 1, noNaN: true }),
      concurrencyPerProcess: fc.integer({ min: 1, max: 256 }),
      headroom: fc.double({ min: 1, max: 5, noNaN: true }),
    });
    const factor = fc.double({ min: 1, max: 4, noNaN: true });
    const field = fc.constantFrom("peakRpsPerProcess", "callsPerRequest", "callSeconds", "headroom");
    fc.assert(
      fc.property(load, factor, field, (given, times, raised) => {
        assert.ok(poolSize({ ...given, [raised]: given[raised] * times }) >= poolSize(given));
      }),
    );
  });

  it("carries the mean in flight wherever the process can have that many calls open", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 5000, noNaN: true }),
        fc.double({ min: 0.0001, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 256 }),
        (peakRpsPerProcess, callSeconds, concurrencyPerProcess) => {
          const pool = poolSize({
            peakRpsPerProcess,
            callsPerRequest: 1,
            callSeconds,
            concurrencyPerProcess,
          });
          assert.ok(pool * (1 + 1e-9) >= Math.min(peakRpsPerProcess * callSeconds, concurrencyPerProcess));
          assert.ok(pool <= Math.max(2, concurrencyPerProcess));
        },
      ),
    );
  });
});

describe("servicePoolSize", () => {
  const profile = { serviceTimeSeconds: 0.03, concurrencyPerPod: 8 };

  it("sizes for a saturated process, whatever the demand", () => {
    // 8 requests at a time, each spends 3 * 1 of its 30 ms in the cache: 0.8 in flight, twice that for bursts.
    assert.equal(servicePoolSize(profile, 1, { callsPerRequest: 3, callSeconds: 0.001 }), 2);
    // 5 of 30 ms three times: half the time, 4 in flight.
    assert.equal(servicePoolSize(profile, 1, { callsPerRequest: 3, callSeconds: 0.005 }), 8);
  });

  it("divides the pod's concurrency among its processes, rounded up", () => {
    // 3 of 8 requests: 1.5 in flight.
    assert.equal(servicePoolSize(profile, 3, { callsPerRequest: 3, callSeconds: 0.005 }), 3);
  });
});

describe("maxClients", () => {
  it("counts every service at its maximum and in the middle of a rollout", () => {
    // 10 pods, 3 new ones and 3 that are ending, 2 processes, 4 connections = 128; 7 pods of a StatefulSet, 1 process, 2 connections = 14
    const worker = { maxReplicas: 7, maxSurge: 0, processesPerPod: 1, poolSize: 2 };
    assert.equal(expectedClients([backend]), 128);
    assert.equal(expectedClients([backend, worker]), 142);
    // 170.4 -> 171
    assert.equal(maxClients([backend, worker]), 171 + RESERVED_CLIENTS);
    assert.equal(maxClients([backend, worker], 0), 171);
    assert.equal(maxClients([]), RESERVED_CLIENTS);
  });

  it("does not round up binary noise", () => {
    // 100 * 0.07 is 7.000000000000001
    const pace = { terminationSeconds: 0, readySeconds: 1 };
    const seven = { maxReplicas: 100, maxSurge: 0.07, processesPerPod: 1, poolSize: 1, pace };
    assert.equal(expectedClients([seven]), 107);
    // 5 * 1.2 is 6, 35 * 1.2 is 42
    assert.equal(maxClients([{ maxReplicas: 35, maxSurge: 0, processesPerPod: 1, poolSize: 1 }], 0), 42);
  });

  it("is at least 1.2 times what the users open, and what they open adds up", () => {
    const user = fc.record({
      maxReplicas: fc.integer({ min: 1, max: 500 }),
      maxSurge: fc.double({ min: 0, max: 1, noNaN: true }),
      processesPerPod: fc.integer({ min: 1, max: 16 }),
      poolSize: fc.integer({ min: 1, max: 100 }),
      pace: fc.record({
        terminationSeconds: fc.integer({ min: 0, max: 600 }),
        readySeconds: fc.integer({ min: 0, max: 60 }),
      }),
    });
    fc.assert(
      fc.property(fc.array(user, { maxLength: 6 }), fc.integer({ min: 0, max: 100 }), (users, reserve) => {
        const expected = expectedClients(users);
        assert.ok(maxClients(users, reserve) - reserve >= 1.2 * expected * (1 - 1e-9));
        assert.equal(
          expected,
          users.reduce((sum, one) => sum + expectedClients([one]), 0),
        );
        const atRest = users.reduce((sum, u) => sum + u.maxReplicas * u.processesPerPod * u.poolSize, 0);
        assert.ok(expected >= atRest && expected <= 2 * atRest);
      }),
    );
  });
});

describe("livingPods", () => {
  /**
   * A Deployment's rolling update without missing pods, second by second, as its controller does it: pods that were told to
   * stop count no more, and what is ready long enough lets as many old ones go.
   */
  function rollout(replicas: number, surge: number, termination: number, ready: number): number {
    let old = replicas;
    const born: number[] = [];
    const ending: number[] = [];
    let most = replicas;
    for (let now = 0; old > 0; now++) {
      const available = born.filter((since) => since + ready <= now).length;
      const surplus = Math.min(old, old + available - replicas);
      for (let i = 0; i < surplus; i++) ending.push(now + termination);
      old -= Math.max(0, surplus);
      while (born.length < replicas && old + born.length < replicas + surge) born.push(now);
      const alive = old + born.length + ending.filter((until) => until > now).length;
      most = Math.max(most, alive);
    }
    return most;
  }

  it("is a bound for the Deployment controller, and close to it", () => {
    const share = fc.constantFrom(0.1, 0.25, 0.5, 1);
    const seconds = fc.integer({ min: 1, max: 90 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        share,
        seconds,
        seconds,
        (replicas, maxSurge, stop, ready) => {
          const pace = { terminationSeconds: stop, readySeconds: ready };
          const bound = livingPods({ maxReplicas: replicas, maxSurge, processesPerPod: 1, pace });
          const seen = rollout(replicas, Math.ceil(replicas * maxSurge), stop, ready);
          assert.ok(seen <= bound, `${seen} pods, ${bound} planned`);
          assert.ok(bound - seen <= Math.ceil(replicas * maxSurge), `${seen} pods, ${bound} planned`);
        },
      ),
    );
  });

  it("counts twice the pods of a service that drains longer than its rollout lasts", () => {
    // 50 s preStop, 12 s for the last request and 5 to spare against 12 s until a pod is warm
    const pace = { terminationSeconds: 67, readySeconds: 12 };
    assert.equal(rollout(14, 4, 67, 12), 28);
    assert.equal(livingPods({ maxReplicas: 14, maxSurge: 0.25, processesPerPod: 1, pace }), 28);
  });

  it("takes every pod twice when nothing is known of the pace, and once where none is replaced before it is gone", () => {
    assert.equal(livingPods({ maxReplicas: 14, maxSurge: 0.25, processesPerPod: 1 }), 28);
    assert.equal(livingPods({ maxReplicas: 14, maxSurge: 0, processesPerPod: 1 }), 14);
    for (const terminationSeconds of [0, 30]) {
      const pace = { terminationSeconds, readySeconds: 0 };
      assert.equal(livingPods({ maxReplicas: 14, maxSurge: 0.25, processesPerPod: 1, pace }), 28);
    }
  });
});

describe("replicationClients", () => {
  it("is the links of the replicas and two connections of each Sentinel", () => {
    assert.deepEqual([1, 3, 5].map(replicationClients), [2, 8, 14]);
  });
});
