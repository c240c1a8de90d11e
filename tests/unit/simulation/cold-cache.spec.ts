import assert from "node:assert/strict";

import { ColdCache, type CacheModel } from "../../../simulation/caching/cold-cache";
import { judge } from "../../../simulation/judge";
import type { Recording } from "../../../simulation/recording";
import type { Scenario } from "../../../simulation/scenario";
import { simulate } from "../../../simulation/simulate";
import { steady } from "../../../simulation/traffic/load";
import { Random } from "../../../simulation/traffic/random";
import { POD } from "./replay/fixtures";

const CACHE: CacheModel = {
  lookups: 3,
  hitRatio: 0.85,
  queriesPerMiss: 1,
  queriesPerRequest: 1.5,
  querySeconds: 0.006,
  databaseRate: 100_000,
};

/** Twelve pods, of which a half is busy at 1,600 requests/s, lose a server of their cache after a minute. */
function emptied(
  loss: { awaySeconds: number; entries: number },
  cache: Partial<CacheModel> = {},
  rate = 1600,
): Recording {
  const scenario: Scenario = {
    seed: 1,
    seconds: 400,
    load: steady(rate),
    replicas: 12,
    zones: 3,
    pod: POD,
    balancing: {
      kind: "least-connections",
      proxies: 3,
      maxConnections: 89,
      maxFails: 3,
      failSeconds: 10,
      answerSeconds: 12,
    },
    promised: { p95: 0.2, p99: 0.5, errors: 0.01 },
    cache: { ...CACHE, ...cache },
    faults: [{ kind: "cold-cache", at: 60, ...loss }],
  };
  return simulate(scenario);
}

const out = (...of: Parameters<typeof emptied>): number => judge(emptied(...of), 30).outOfBudget;

describe("a cache that lost a server under load", () => {
  it("is missed for as long as nobody has taken its place, and not at all where its content is kept and requests stay cheap", () => {
    const costly = { queriesPerMiss: 5 };
    const [short, long] = [10, 60].map((awaySeconds) => out({ awaySeconds, entries: 0 }, costly));
    assert.ok(
      short !== undefined && long !== undefined && short > 0 && long >= short + 40,
      `${short} s, ${long} s`,
    );
    assert.equal(out({ awaySeconds: 10, entries: 0 }, { queriesPerMiss: 0.1 }), 0);
  });

  it("fills again, the slower the more it held", () => {
    const costly = { queriesPerMiss: 5 };
    const [small, large] = [50_000, 500_000].map((entries) => out({ awaySeconds: 0, entries }, costly));
    assert.ok(
      small !== undefined && large !== undefined && small > 0 && large > small + 30,
      `${small} s, ${large} s`,
    );
  });

  it("leaves to the database what that answers, and no more", () => {
    assert.equal(out({ awaySeconds: 20, entries: 0 }, {}, 1200), 0);
    // 1,200/s · (1.5 + 2.55) = 4,860 queries/s of which 2,500 are answered: half of the requests get through.
    const recording = emptied({ awaySeconds: 20, entries: 0 }, { databaseRate: 2500 }, 1200);
    const { answered } = recording.over(65, 79);
    assert.ok(Math.abs(answered / 14 / (2500 / 4.05) - 1) < 0.1, `${answered / 14}/s`);
    assert.ok(judge(recording, 30).outOfBudget > 20);
  });

  it("misses what nobody has asked for yet: by e less with as many lookups as it has entries", () => {
    const cache = new ColdCache(
      { ...CACHE, hitRatio: 1 },
      { awaySeconds: 5, entries: 3000 },
      0,
      new Random(2),
    );
    const more = (now: number, requests: number): number =>
      Array.from({ length: requests }, () => cache.queries(now).more).reduce((sum, one) => sum + one, 0) /
      requests;
    assert.equal(more(4, 500), 3);
    assert.ok(Math.abs(more(6, 1000) / 3 - (1 - Math.exp(-1))) < 0.02);
    assert.ok(Math.abs(more(6, 1000) / 3 - Math.exp(-1) * (1 - Math.exp(-1))) < 0.02);
    assert.equal(cache.isOver(6), false);
  });
});
