import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { pathText } from "../../../../budget/core/issues";
import { profileIssues, type ProfileParts } from "../../../../budget/service/profile-issues";

const parts: ProfileParts = {
  profile: { serviceTimeSeconds: 0.03, concurrencyPerPod: 8, maxUtilization: 0.75, warmUpSeconds: 12 },
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  budget: DEFAULT_BUDGET,
};

const said = (change: Partial<ProfileParts["profile"]>, more: Partial<ProfileParts> = {}): string[] =>
  profileIssues({ ...parts, ...more, profile: { ...parts.profile, ...change } }).map(
    ({ path, got, allowed }) => `${pathText(path)}: ${got}; ${allowed}`,
  );

describe("profileIssues", () => {
  it("finds none in what fits together", () => {
    assert.deepEqual(said({}), []);
    assert.deepEqual(
      said({ serviceTimeP95Seconds: 0.08, serviceTimeP99Seconds: 0.15, cpuSecondsPerRequest: 0.003 }),
      [],
    );
    // All equal: 100 ms each, which exponential times could not be.
    assert.deepEqual(
      said({ serviceTimeSeconds: 0.1, serviceTimeP95Seconds: 0.11, serviceTimeP99Seconds: 0.12 }),
      [],
    );
  });

  it("refuses percentiles that are alone, upside down, or say another mean", () => {
    assert.deepEqual(said({ serviceTimeP95Seconds: 0.08 }), [
      "profile.serviceTimeP95Seconds: 0.08; given together with profile.serviceTimeP99Seconds",
    ]);
    assert.deepEqual(said({ serviceTimeP95Seconds: 0.02, serviceTimeP99Seconds: 0.15 }), [
      "profile.serviceTimeP95Seconds: 0.02; at least the mean, 0.03 (seconds)",
    ]);
    assert.deepEqual(said({ serviceTimeP95Seconds: 0.15, serviceTimeP99Seconds: 0.08 }), [
      "profile.serviceTimeP99Seconds: 0.08; at least the 95th percentile, 0.15 (seconds)",
    ]);
    assert.deepEqual(
      said({ serviceTimeSeconds: 0.005, serviceTimeP95Seconds: 0.15, serviceTimeP99Seconds: 0.16 }),
      [
        "profile.serviceTimeSeconds: 0.005; above 7.81 ms, which the slowest 5 % of the requests make of the mean alone",
      ],
    );
  });

  it("refuses a request that is too slow by itself", () => {
    assert.deepEqual(said({ serviceTimeSeconds: 0.07 }), [
      "profile.serviceTimeSeconds: 0.07; below 0.0668 (seconds), or no number of pods keeps the response time",
    ]);
    assert.deepEqual(said({ serviceTimeP95Seconds: 0.2, serviceTimeP99Seconds: 0.3 }), [
      "profile.serviceTimeP95Seconds: 0.2; below 0.2 (seconds), what is promised, or no number of pods keeps it",
    ]);
  });

  it("refuses parts of a request that are more than the whole", () => {
    assert.deepEqual(said({}, { waits: [{ callsPerRequest: 10, callSeconds: 0.02 }] }), [
      "profile.serviceTimeSeconds: 0.03; above 200 ms, what its calls to the database and to caches take one after the other",
    ]);
    assert.deepEqual(said({ cpuSecondsPerRequest: 0.004 }), [
      "profile.cpuSecondsPerRequest: 0.004; at most 3.75 ms: 8 requests at a time in 0.03 s each leave a process no more of a core",
    ]);
    assert.deepEqual(said({ cpuSecondsPerRequest: 0.004 }, { processesPerPod: 2 }), []);
  });

  it("refuses a load that no fleet carries", () => {
    const demand = { ...parts.demand, peakRps: 3_000_000 };
    assert.deepEqual(said({}, { demand }), [
      "demand.peakRps: 3000000; at most 1,666,667 requests/s, which 10,000 pods carry",
    ]);
  });
});
