import assert from "node:assert/strict";

import {
  OWN_ANSWERS,
  accessBuckets,
  accessOf,
  accessSeries,
  exporterSize,
} from "../../../../budget/load-balancing/access-metrics";
import { DEFAULT_BUDGET } from "../../../../budget/core/performance-budget";
import { ERRORS } from "../../../../components/load-balancing/proxy/proxy-headers";

describe("figures of an access log", () => {
  it("have the steps of every service's budget as bounds, ascending and each once", () => {
    const stricter = {
      ...DEFAULT_BUDGET,
      responseTimeP95Seconds: { target: 0.07, warning: 0.2, critical: 0.5 },
    };
    const buckets = accessBuckets([DEFAULT_BUDGET, stricter]);
    assert.deepEqual(
      buckets,
      [...new Set(buckets)].sort((a, b) => a - b),
    );
    for (const { responseTimeP95Seconds: p95, responseTimeP99Seconds: p99 } of [DEFAULT_BUDGET, stricter]) {
      for (const { target, warning, critical } of [p95, p99]) {
        for (const bound of [target, warning, critical]) assert.ok(buckets.includes(bound), String(bound));
      }
    }
  });

  it("count each answer that a proxy has of its own", () => {
    // 429 has two reasons.
    assert.equal(OWN_ANSWERS, Object.keys(ERRORS).length + 1);
  });

  it("are as many series as answers, times and the target itself have", () => {
    assert.equal(accessSeries({ routes: 1, open: 0, buckets: 10 }).value, 2 * 22 + 13 + 6);
    // What stays open has no times.
    assert.equal(accessSeries({ routes: 1, open: 1, buckets: 10 }).value, 3 * 22 + 13 + 6);
    assert.equal(accessSeries({ routes: 100, open: 0, buckets: 16 }).value, 101 * 22 + 100 * 19 + 6);
  });

  it("come from exporters that have a job of their own", () => {
    assert.deepEqual(accessOf({ namespace: "shop", job: "nginx-load-balancer" }), {
      namespace: "shop",
      job: "nginx-load-balancer-access",
    });
  });

  it("take more CPU of a larger proxy, and more memory with more series", () => {
    const [small, large] = [exporterSize(0.1, 60), exporterSize(4, 4000)];
    assert.ok(small.cpuMillis.value >= 10 && large.cpuMillis.value >= 10 * small.cpuMillis.value);
    assert.deepEqual([small.threads.value, large.threads.value], [1, 2]);
    assert.ok(large.memoryMiB.value > small.memoryMiB.value);
    assert.ok(Number.isInteger(small.cpuMillis.value) && Number.isInteger(large.memoryMiB.value));
  });
});
