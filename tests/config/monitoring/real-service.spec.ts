import assert from "node:assert/strict";

import { DEFAULT_BUDGET } from "../../../budget/core/performance-budget";
import { responseTimeBuckets } from "../../../budget/service/buckets";
import { SERVICE_SERIES } from "../../../budget/service/recording-rules";
import { watchServices } from "../../../budget/service/watched";
import { testedRules } from "../../helpers/alert-tests";
import { eventually } from "../../helpers/eventually";
import { type RunningPrometheus, startPrometheus } from "../../helpers/prometheus";
import {
  BACKEND_ENVIRONMENT,
  type BackendProcess,
  startBackend,
} from "../../runtime/reference-backend/process";

const BACKEND = { namespace: "retrofitlink", job: "backend" };

const WATCHED = watchServices({
  namespace: BACKEND.namespace,
  services: [
    {
      ...BACKEND,
      budget: DEFAULT_BUDGET,
      pod: { slots: 8, cpuCores: 1, memoryMiB: 1024 },
      processesPerPod: 1,
      maxUtilization: 0.75,
      baseRps: 600,
    },
  ],
});

/** What no process tells: the kubelet's figures, and a cache that this backend does not have. */
const ELSEWHERE: readonly string[] = [SERVICE_SERIES.cpu, SERVICE_SERIES.memory, SERVICE_SERIES.hitRatio];

describe("rules of a service over the reference backend, in a real Prometheus", function () {
  this.timeout(90_000);
  let backend: BackendProcess;
  let prometheus: RunningPrometheus;

  before(async () => {
    backend = await startBackend({
      ...BACKEND_ENVIRONMENT,
      HTTP_DURATION_BUCKETS_SECONDS: responseTimeBuckets(DEFAULT_BUDGET).join(","),
    });
    prometheus = await startPrometheus([`127.0.0.1:${backend.port}`], testedRules(WATCHED), BACKEND);
  });
  after(async () => {
    await prometheus.stop();
    await backend.stop();
  });

  it("have data for every figure, and no alert while all is well", async () => {
    const names = [...new Set(WATCHED.rules.map(({ record }) => record))].filter(
      (name) => !ELSEWHERE.includes(name),
    );
    const without = async (): Promise<string[]> => {
      await (await fetch(`http://127.0.0.1:${backend.port}/api/properties?city=Berlin`)).arrayBuffer();
      const missing: string[] = [];
      for (const name of names) {
        const samples = await prometheus.query(`${name}{service="backend"}`);
        if (samples.length === 0 || samples.some(({ value }) => Number.isNaN(value))) missing.push(name);
      }
      return missing;
    };
    await eventually("every rule has data", without, (missing) => missing.length === 0, { withinMs: 60_000 });
    for (const [query, value] of [
      ['slo:bad_events:rate5m{slo="ServiceErrors"}', 0],
      [`${SERVICE_SERIES.errorRatio}{service="backend"}`, 0],
    ] as const) {
      assert.deepEqual(
        (await prometheus.query(query)).map((sample) => sample.value),
        [value],
        query,
      );
    }
    // The bound of each objective is a bucket: of what is counted the share within it is known.
    for (const percentile of ["p95", "p99"]) {
      const [slow] = await prometheus.query(
        `slo:bad_events:rate5m{slo="ServiceSlow",percentile="${percentile}"}`,
      );
      const [all] = await prometheus.query(`slo:events:rate5m{slo="ServiceSlow",percentile="${percentile}"}`);
      assert.ok(
        slow !== undefined && all !== undefined && slow.value <= all.value && all.value > 0,
        percentile,
      );
    }
    assert.deepEqual(await prometheus.query('ALERTS{alertstate="firing"}'), []);
  });
});
