import assert from "node:assert/strict";

import { planRedis } from "../../../budget/caching/plan-redis";
import { watchCache, type CacheWatch } from "../../../budget/caching/watched";
import { watchCacheClients } from "../../../budget/caching/watched-clients";
import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { CONNECTIONS_SHARE } from "../../../budget/monitoring/conditions";
import { together } from "../../../budget/monitoring/watched";
import { describeAlerts } from "../../helpers/alert-tests";

const NAMESPACE = "retrofitlink";

function watchOf(job: string, purpose: CacheWatch["purpose"], standby = false): CacheWatch {
  return {
    workload: { namespace: NAMESPACE, job },
    key: `retrofitlink:caches.${job}`,
    purpose,
    plan: planRedis({ cache: job, purpose, standby, workingSetMiB: 512 }),
    budget: DEFAULT_BUDGET,
  };
}

describeAlerts(
  "alerts of caches",
  together([
    watchCache(watchOf("redis-session", "session")),
    watchCacheClients({ namespace: NAMESPACE, budget: DEFAULT_BUDGET }),
  ]),
);

describe("the watch of a cache", () => {
  const namesOf = (watch: CacheWatch): string[] => watchCache(watch).alerts.map(({ name }) => name);

  it("asks of a server that is alone nothing about replicas, and of a cache nothing about evictions", () => {
    assert.deepEqual(namesOf(watchOf("redis-cache", "cache")), [
      "RedisDown",
      "RedisConnectionsHigh",
      "RedisConnectionsRejected",
    ]);
    assert.ok(namesOf(watchOf("redis-cache", "cache", true)).includes("SentinelQuorumLost"));
  });

  it("takes its bounds from the plan", () => {
    const watch = watchOf("redis-session", "session");
    const found = watchCache(watch).alerts.find(({ name }) => name === "RedisConnectionsHigh")?.condition;
    assert.ok(found?.kind === "threshold");
    assert.equal(found.threshold, CONNECTIONS_SHARE * watch.plan.numbers.maxClients.value);
  });

  it("has ids of panels that are unique where there are several", () => {
    const { panels } = together([
      watchCache(watchOf("redis-session", "session")),
      watchCache(watchOf("redis-cache", "cache")),
    ]);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  });
});
