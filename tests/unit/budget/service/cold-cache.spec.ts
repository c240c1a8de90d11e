import assert from "node:assert/strict";

import { text } from "../../../../budget/core/derived";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import {
  coldCachePart,
  type ColdCacheInputs,
  type ColdCachePart,
  type LossyCache,
} from "../../../../budget/service/cold-cache";
import { queriesAt, queryIssues, withMoreQueries } from "../../../../budget/service/misses";
import { planService } from "../../../../budget/service/plan";
import { Random } from "../../../../simulation/traffic/random";

const measured = {
  demand: { baseRps: 300, peakRps: 1200, growthPerMinute: 0.25 },
  profile: {
    serviceTimeSeconds: 0.03,
    serviceTimeP95Seconds: 0.08,
    serviceTimeP99Seconds: 0.15,
    cpuSecondsPerRequest: 0.003,
    concurrencyPerPod: 8,
    maxUtilization: 0.75,
    warmUpSeconds: 12,
  },
  budget: DEFAULT_BUDGET,
  zones: 3,
};

const ALONE: LossyCache = { cache: "cache", callsPerRequest: 3, awaySeconds: 100, entries: 65_536 };
const KEPT: LossyCache = { ...ALONE, awaySeconds: 20, entries: 0 };

function cold(change: Partial<ColdCacheInputs> = {}): ColdCachePart {
  const inputs: ColdCacheInputs = {
    ...measured,
    service: "backend",
    processesPerPod: 1,
    balancing: "least-connections",
    plan: planService({
      service: "backend",
      ...measured,
      resources: { cpuCores: 1, memoryMiB: 1024 },
    }),
    queries: { queriesPerRequest: 1.5, querySeconds: 0.006, uncachedQueriesPerRequest: 1 },
    databasePool: 8,
    waitSeconds: 12,
    caches: [ALONE],
    ...change,
  };
  const part = coldCachePart(inputs);
  assert.ok(part);
  return part;
}

const [paging, loss] = [0, 1];
const holds = (part: ColdCachePart, proof: number): boolean | undefined => part.proofs[proof]?.holds;

describe("misses of a service", () => {
  it("cost as many queries more as there are more of them, but for what no cache answers", () => {
    const queries = { queriesPerRequest: 1.5, uncachedQueriesPerRequest: 1 };
    const at = (hits: number): number => Number(queriesAt(queries, 0.85, hits).toFixed(6));
    assert.deepEqual([at(0.85), at(0.7), at(0)], [1.5, 2, 4.333333]);
    assert.equal(Number(queriesAt({ queriesPerRequest: 1.5 }, 0.85, 0).toFixed(6)), 10);
    assert.deepEqual(queryIssues(queries), []);
    assert.deepEqual(
      queryIssues({ queriesPerRequest: 1, uncachedQueriesPerRequest: 2 }).map(({ path, allowed }) => [
        path,
        allowed,
      ]),
      [[["database", "uncachedQueriesPerRequest"], "at most database.queriesPerRequest, 1"]],
    );
  });

  it("move the percentiles at least as far as requests with that many queries do", () => {
    const random = new Random(5);
    const poisson = (mean: number): number => {
      let [count, product] = [0, random.next()];
      for (; product > Math.exp(-mean); count++) product *= random.next();
      return count;
    };
    const profile = {
      ...measured.profile,
      serviceTimeP95Seconds: undefined,
      serviceTimeP99Seconds: undefined,
    };
    for (const [more, seconds] of [
      [2.83, 0.006],
      [8.5, 0.006],
      [0.5, 0.02],
    ] as const) {
      const sampled = Array.from({ length: 200_000 }, () => {
        let time = random.exponential(0.03);
        for (let query = poisson(more); query > 0; query--) time += random.exponential(seconds);
        return time;
      }).sort((a, b) => a - b);
      const {
        serviceTimeSeconds,
        serviceTimeP95Seconds = 0,
        serviceTimeP99Seconds = 0,
      } = withMoreQueries(profile, more, seconds);
      assert.ok(Math.abs(serviceTimeSeconds - (0.03 + more * seconds)) < 1e-12);
      const [p95, p99] = [sampled[190_000] ?? Infinity, sampled[198_000] ?? Infinity];
      assert.ok(
        serviceTimeP95Seconds >= p95 * 0.99 && serviceTimeP95Seconds < p95 * 1.35,
        `${more}: p95 ${p95}`,
      );
      assert.ok(
        serviceTimeP99Seconds >= p99 * 0.99 && serviceTimeP99Seconds < p99 * 1.35,
        `${more}: p99 ${p99}`,
      );
    }
  });
});

describe("cold cache of a service", () => {
  it("has its service time and its queries at each hit ratio, with the formula", () => {
    const { criticalTime, coldTime, coldQueries } = cold().numbers;
    assert.ok(criticalTime && coldTime && coldQueries);
    assert.deepEqual([text(criticalTime), text(coldTime), text(coldQueries)], ["33 ms", "47 ms", "5,200/s"]);
    assert.equal(
      coldTime.formula,
      "1 + 0.5 queries · (1 − 0 %) ÷ (1 − 85 %) = 4.33; 30 ms + (4.33 − 1.5) · 6 ms",
    );
  });

  it("keeps the response time at the hit ratio that pages, or does not", () => {
    assert.equal(holds(cold(), paging), true);
    const slow = cold({ queries: { queriesPerRequest: 1.5, querySeconds: 0.03 } });
    assert.equal(holds(slow, paging), false);
    assert.match(slow.proofs[paging]?.inequality ?? "", /^at worst \d+ pods at /);
    // Connections to the database that two misses of three wait for.
    assert.equal(holds(cold({ databasePool: 2 }), paging), false);
  });

  it("is carried where pods have room for it: nothing has to be accepted", () => {
    const quick = cold({
      queries: { queriesPerRequest: 1.5, querySeconds: 0.001, uncachedQueriesPerRequest: 1 },
    });
    assert.deepEqual([quick.seconds, holds(quick, loss)], [0, true]);
  });

  it("breaks the promise of a server that is alone until it has filled again, and that has to be accepted", () => {
    const part = cold();
    assert.equal(holds(part, loss), false);
    assert.ok(part.seconds > ALONE.awaySeconds && part.seconds < 600, `${part.seconds} s`);
    const proof = part.proofs[loss];
    assert.deepEqual(proof?.mend.slice(0, 2), [
      "resilience.cacheLossSeconds",
      "retrofitlink:caches.cache.standby",
    ]);
    const accepted = cold({ resilience: { cacheLossSeconds: Math.ceil(part.seconds) } });
    assert.equal(holds(accepted, loss), true);
    assert.equal(holds(cold({ resilience: { cacheLossSeconds: part.seconds - 1 } }), loss), false);
  });

  it("lasts as long as a fail-over where others keep what was lost, and longer where the database cannot keep up", () => {
    const kept = cold({ caches: [KEPT] });
    assert.ok(kept.seconds >= 20 && kept.seconds < 30, `${kept.seconds} s`);
    assert.ok(kept.proofs[loss]?.assumes?.some((one) => one.includes("one server lost at a time")));
    assert.ok(!kept.proofs[loss]?.mend.some((key) => key.endsWith("standby")));
    // Half of what is asked is answered, and what waited has to be done afterwards.
    const limited = cold({ caches: [KEPT], databaseRate: 2600 });
    assert.ok(limited.seconds > kept.seconds + 10, `${limited.seconds} s`);
    const shared = cold({ caches: [KEPT], databaseRate: 2600, othersAsk: () => 500 });
    assert.ok(shared.seconds > limited.seconds, `${shared.seconds} s`);
  });

  it("takes longer the more has to be filled, and never ends where the target itself is too much", () => {
    const seconds = (change: Partial<ColdCacheInputs>): number => cold(change).seconds;
    assert.ok(seconds({ caches: [{ ...ALONE, entries: 1_000_000 }] }) > seconds({}) + 60);
    assert.equal(seconds({ databaseRate: 1000 }), Infinity);
    assert.match(cold({ databaseRate: 1000 }).proofs[loss]?.inequality ?? "", /^without end: /);
  });

  it("is nothing where no query depends on it", () => {
    const none = { queriesPerRequest: 1, querySeconds: 0.006, uncachedQueriesPerRequest: 1 };
    assert.throws(() => cold({ queries: none }));
  });
});
