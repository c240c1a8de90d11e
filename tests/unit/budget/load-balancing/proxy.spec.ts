import assert from "node:assert/strict";
import fc from "fast-check";
import { podsLost } from "../../../../budget/service/capacity";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import {
  proxySizes,
  REQUESTS_PER_CORE,
  WORKER_CONNECTIONS,
  workerProcesses,
  type ProxyInputs,
} from "../../../../budget/load-balancing/proxy";

const inputs: ProxyInputs = {
  demand: { baseRps: 400, peakRps: 1000, growthPerMinute: 0.2 },
  serviceTimeSeconds: 0.03,
  clientConnections: 20_000,
  cpuCores: 1,
  budget: DEFAULT_BUDGET,
  disruption: { zones: 3, maxUnavailable: 1 },
  maxBodyMiB: 10,
};

const anyInputs = fc
  .record({
    baseRps: fc.double({ min: 1, max: 5000, noNaN: true }),
    ratio: fc.double({ min: 1, max: 20, noNaN: true }),
    growthPerMinute: fc.double({ min: 0, max: 2, noNaN: true }),
    serviceTimeSeconds: fc.double({ min: 0.001, max: 1, noNaN: true }),
    clientConnections: fc.integer({ min: 1, max: 2_000_000 }),
    cpuCores: fc.double({ min: 0.1, max: 16, noNaN: true }),
    zones: fc.integer({ min: 1, max: 4 }),
    maxUnavailable: fc.integer({ min: 1, max: 3 }),
    upstreamAddresses: fc.integer({ min: 1, max: 100 }),
  })
  .map(({ baseRps, ratio, growthPerMinute, zones, maxUnavailable, ...rest }): ProxyInputs => ({
    ...inputs,
    ...rest,
    demand: { baseRps, peakRps: baseRps * ratio, growthPerMinute },
    disruption: { zones, maxUnavailable },
  }));

describe("workerProcesses", () => {
  it("is the number of whole cores, and never none", () => {
    assert.deepEqual([0.1, 1, 1.5, 2, 7.1].map(workerProcesses), [1, 1, 2, 2, 8]);
  });
});

describe("proxySizes", () => {
  it("derives the example of the documentation", () => {
    // u* = min(0.7, 0.8 / (1 + 0.2 * 40 / 60)) = 0.7; a pod takes 1400/s, so one pod carries the peak of 1200/s.
    // Clients: 20000 / 8192 -> 3 pods, 5 of them so that one zone of three may go. Three that are left hold
    // 6667 each: 16384 connections. In flight: 2 * 1200 * 0.03 / 3 = 24, and 32 at least.
    assert.deepEqual(proxySizes(inputs), {
      workers: 1,
      workerConnections: 16_384,
      openFiles: 32_768,
      clientsPerPod: 8192,
      upstreamKeepAlive: 128,
      others: [],
      keptPerWorker: 128,
      // 1200/s * 30 ms, and twice of it in one of three workers
      inFlight: 36,
      busyPerWorker: 24,
      atBase: 3,
      atPeak: 3,
      minReplicas: 5,
      // A quarter above the lower bound, for there is nothing to scale to otherwise.
      maxReplicas: 7,
      reactionSeconds: 40,
      targetUtilization: 0.7,
      // 0.7 * 8192
      targetConnections: 5734,
      addressZoneMiB: 10,
      scratchMiB: 1024,
      neededMiB: 242,
      terms: [
        { name: "processes", mib: 32 },
        { name: "connection tables", mib: 8 },
        { name: "address zones", mib: 20 },
        { name: "clients", mib: 160 },
        { name: "responses", mib: 22 },
      ],
    });
  });

  it("adds pods for a rate that few clients make", () => {
    const { minReplicas, maxReplicas, workerConnections } = proxySizes({
      ...inputs,
      clientConnections: 100,
      demand: { baseRps: 2000, peakRps: 9000, growthPerMinute: 0.2 },
    });
    // 2000 / 1400 -> 2, of 3 pods in 3 zones 2 are left; 10800 / 1400 -> 8, of 12 pods 8 are left.
    assert.deepEqual(
      { minReplicas, maxReplicas, workerConnections },
      {
        minReplicas: 3,
        maxReplicas: 12,
        workerConnections: 1024,
      },
    );
  });

  it("keeps a connection for each address of a headless Service", () => {
    assert.equal(proxySizes({ ...inputs, upstreamAddresses: 500 }).upstreamKeepAlive, 500);
    assert.equal(proxySizes({ ...inputs, upstreamAddresses: 10 }).upstreamKeepAlive, 128);
  });

  it("has room for bodies of requests under way", () => {
    // 24 in flight * 100 MiB
    assert.equal(proxySizes({ ...inputs, maxBodyMiB: 100 }).scratchMiB, 2400);
  });

  it("lets the smallest fleet hold every client after the worst disruption", () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        const plan = proxySizes(given);
        const left = plan.minReplicas - podsLost(plan.minReplicas, given.disruption);
        assert.ok(left * plan.clientsPerPod >= given.clientConnections);
        assert.ok(plan.clientsPerPod <= (plan.workers * plan.workerConnections) / 2);
        assert.ok(plan.openFiles >= 2 * plan.workerConnections);
      }),
    );
  });

  it("lets the largest fleet carry the peak at the target utilization, after the worst disruption", () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        const plan = proxySizes(given);
        const left = plan.maxReplicas - podsLost(plan.maxReplicas, given.disruption);
        const capacity = left * given.cpuCores * REQUESTS_PER_CORE * plan.targetUtilization;
        assert.ok(capacity * (1 + 1e-9) >= given.demand.peakRps * 1.2);
        assert.ok(plan.minReplicas < plan.maxReplicas);
        assert.ok(plan.minReplicas > given.disruption.maxUnavailable);
      }),
    );
  });

  it("keeps worker_connections a power of two within its bounds", () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        const { workerConnections } = proxySizes(given);
        assert.ok(Number.isInteger(Math.log2(workerConnections)));
        assert.ok(workerConnections >= WORKER_CONNECTIONS.min && workerConnections <= WORKER_CONNECTIONS.max);
      }),
    );
  });

  it("never needs fewer pods for more load", () => {
    fc.assert(
      fc.property(anyInputs, fc.double({ min: 1, max: 5, noNaN: true }), (given, factor) => {
        const more = proxySizes({
          ...given,
          clientConnections: Math.ceil(given.clientConnections * factor),
          demand: { ...given.demand, peakRps: given.demand.peakRps * factor },
        });
        const plan = proxySizes(given);
        assert.ok(more.minReplicas >= plan.minReplicas);
        // A table of twice the size holds twice the clients: then fewer pods are enough for the more of them.
        assert.ok(more.maxReplicas >= plan.maxReplicas || more.workerConnections > plan.workerConnections);
      }),
    );
  });

  it("needs memory that is the sum of its parts", () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        const { neededMiB, terms } = proxySizes(given);
        assert.equal(
          neededMiB,
          terms.reduce((sum, { mib }) => sum + mib, 0),
        );
        assert.ok(terms.every(({ mib }) => Number.isInteger(mib) && mib > 0));
      }),
    );
  });
});
