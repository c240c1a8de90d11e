import assert from "node:assert/strict";

import { valuesOf } from "../../../../budget/core/derived";
import { prometheusSize } from "../../../../budget/monitoring/prometheus-size";

const load = { series: 200_000, scrapeSeconds: 15, retentionDays: 15 };

describe("size of a Prometheus", () => {
  it("follows from series, interval and retention", () => {
    assert.deepEqual(valuesOf({ ...prometheusSize(load) }), {
      memory: 2,
      cpu: 0.5,
      volume: 38,
      retentionSize: 33_075,
      kept: 15,
    });
    assert.deepEqual(valuesOf({ ...prometheusSize({ ...load, series: 2_000_000, scrapeSeconds: 30 }) }), {
      memory: 16,
      cpu: 4,
      volume: 190,
      retentionSize: 165_376,
      kept: 15,
    });
  });

  it("says how few days a small volume holds, and has a smallest size", () => {
    const small = valuesOf({ ...prometheusSize({ ...load, volumeGiB: 10 }) });
    assert.deepEqual([small.volume, small.retentionSize, small.kept], [10, 8704, 3.9]);
    const least = valuesOf({ ...prometheusSize({ series: 1000, scrapeSeconds: 60, retentionDays: 1 }) });
    assert.deepEqual([least.memory, least.cpu, least.volume, least.kept], [1, 0.5, 10, 1]);
  });

  it("shows its formulas with their numbers", () => {
    const { memory, volume, retentionSize } = prometheusSize(load);
    assert.equal(memory.formula, "⌈200,000 series × 8 KiB⌉, at least 1 GiB");
    assert.equal(volume.formula, "⌈15 days × 200,000 series ÷ 15 s × 2 B ÷ 0.85⌉, at least 10 GiB");
    assert.equal(retentionSize.formula, "0.85 × 38 GiB");
  });
});
