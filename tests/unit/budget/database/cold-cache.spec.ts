import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import {
  clusterLimits,
  coldDatabaseProofs,
  mostQueries,
  primaryLimit,
  type MissingUser,
} from "../../../../budget/database/cold-cache";

const parts = {
  routers: 3,
  routerRate: 2000,
  routerPool: 20,
  peakQueries: 1800,
  shardQueries: 1080,
  querySeconds: 0.006,
  memberRate: 2000,
  budget: DEFAULT_BUDGET,
};

const user: MissingUser = {
  service: "backend",
  planned: 1800,
  paging: 2400,
  empty: 5200,
  seconds: 70,
  accepted: 0,
};

describe("database behind caches that miss", () => {
  it("is limited by routers, by their pools and by primaries", () => {
    assert.deepEqual(
      clusterLimits(parts).map(({ most }) => Math.round(most)),
      [4000, 6667, 2833],
    );
    assert.equal(mostQueries(clusterLimits({ ...parts, routers: 2 })), 2000);
    // Of a single shard the primary answers all.
    assert.equal(primaryLimit({ ...parts, shardQueries: 1800 }).most, 1700);
  });

  it("answers the hit ratio that pages, or names what is short of it", () => {
    const broken = (memberRate: number): string[] =>
      coldDatabaseProofs("mongodb", clusterLimits({ ...parts, memberRate }), [{ ...user, accepted: 90 }], 0)
        .filter(({ holds }) => !holds)
        .map(({ inequality, mend }) => `${inequality}: ${mend[0] ?? ""}`);
    assert.deepEqual(broken(2000), []);
    assert.deepEqual(broken(1500), ["2,400/s ≤ 2,125/s; 1,800/s as planned: cpuCores"]);
  });

  it("answers empty caches, or holds them back no longer than every service accepts", () => {
    const last = (users: readonly MissingUser[], others = 0, memberRate = 2000): [boolean?, string?] => {
      const proof = coldDatabaseProofs("mongodb", clusterLimits({ ...parts, memberRate }), users, others).at(
        -1,
      );
      return [proof?.holds, proof?.inequality];
    };
    assert.deepEqual(last([user], 0, 4000), [
      false,
      "5,200/s > 4,000/s, what the routers, one of them missing, pass on; backend 70 s ≤ 0 s accepted",
    ]);
    assert.equal(last([{ ...user, accepted: 70 }])[0], true);
    assert.equal(
      last([
        { ...user, accepted: 70 },
        { ...user, service: "other" },
      ])[0],
      false,
    );
    assert.deepEqual(last([{ ...user, empty: 2000, paging: 1900 }]), [true, "2,000/s ≤ 2,833.33/s"]);
    assert.equal(last([{ ...user, empty: 2000, paging: 1900 }], 1000)[0], false);
  });

  it("promises nothing where no service has a cache in front of it", () => {
    assert.deepEqual(coldDatabaseProofs("mongodb", clusterLimits(parts), [], 1800), []);
  });
});
