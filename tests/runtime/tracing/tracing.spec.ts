import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";

import { connectDatabase } from "../../../runtime/database";
import { inRequest } from "../../../runtime/shared/correlation";
import { jsonLogger } from "../../../runtime/shared/logger";
import { eventually } from "../../helpers/eventually";
import { type PrometheusProcess, startPrometheusIn } from "../../helpers/prometheus-process";
import { recordingLogger } from "../database/recording-logger";
import { startReplicaSet } from "../database/replica-set-stand-in";
import {
  BACKEND_ENVIRONMENT,
  type BackendProcess,
  FROM_SOURCE,
  startBackend,
} from "../reference-backend/process";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SAMPLED = `00-${TRACE}-b7ad6b7169203331-01`;
const NOT_SAMPLED = "00-11111111111111111111111111111111-b7ad6b7169203331-00";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("the id of a request", function () {
  this.timeout(60_000);

  describe("at the backend", () => {
    let backend: BackendProcess;
    before(async () => {
      backend = await startBackend(BACKEND_ENVIRONMENT);
    });
    after(() => backend.stop());

    const answered = async (given?: string): Promise<string | null> => {
      const headers: Record<string, string> = given === undefined ? {} : { "X-Request-ID": given };
      const response = await fetch(`http://127.0.0.1:${backend.port}/health`, { headers });
      return response.headers.get("x-request-id");
    };

    it("is the proxy's, and goes back with the answer", async () => {
      assert.equal(await answered("4f5a.b_c-1"), "4f5a.b_c-1");
    });

    it("is one of its own where there is none, or one that cannot stand in a log line", async () => {
      for (const given of [undefined, 'x" ,"level":"error', "a".repeat(65), "å"]) {
        assert.match(String(await answered(given)), UUID, given);
      }
    });

    it("says nothing of traces without OpenTelemetry", async () => {
      const response = await fetch(`http://127.0.0.1:${backend.port}/metrics`);
      assert.match(String(response.headers.get("content-type")), /^text\/plain/);
    });
  });

  it("is in every line of the log, and in none outside of a request", async () => {
    const lines: string[] = [];
    const logger = jsonLogger("info", (line) => lines.push(line));
    logger.info("before");
    await inRequest("one", async () => {
      await Promise.all([
        inRequest("two", async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          logger.info("inner");
        }),
        new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() => logger.info("outer")),
      ]);
    });
    const ids = lines.map((line) => (JSON.parse(line) as { requestId?: string }).requestId);
    assert.deepEqual(ids, [undefined, "two", "one"]);
  });

  it("goes with each query to the database, whoever else asks at the same time", async () => {
    const set = await startReplicaSet();
    const logger = recordingLogger();
    const database = await connectDatabase({
      settings: {
        uri: set.uri,
        timeoutMs: 3000,
        maxPoolSize: 2,
        minPoolSize: 0,
        maxConnecting: 2,
        waitQueueTimeoutMs: 2000,
        readReplicaTags: {},
        slowQueryMs: 0,
      },
      logger,
      registry: new Registry(),
    });
    try {
      const collection = database.collection<{ comment?: string }>("buildings", "transactional");
      const find = async (): Promise<string | undefined> =>
        (await database.run((limits) => collection.findOne({}, limits)))?.comment;
      const ids = Array.from({ length: 20 }, (_, index) => `request-${index}`);
      assert.deepEqual(await Promise.all(ids.map((id) => inRequest(id, find))), ids);
      assert.equal(await find(), undefined);
      const logged = logger.lines.filter(({ message }) => message === "slow query");
      assert.deepEqual(
        logged.map(({ fields }) => fields["requestId"]).sort(),
        [...ids, undefined].sort(),
        "slow queries name their request",
      );
    } finally {
      await database.close(100);
      await set.stop();
    }
  });
});

describe("traces of OpenTelemetry", function () {
  this.timeout(60_000);
  let backend: BackendProcess;
  let prometheus: PrometheusProcess;

  before(async () => {
    backend = await startBackend(
      { ...BACKEND_ENVIRONMENT, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
      ["-r", "./tests/runtime/tracing/open-telemetry.cjs", ...FROM_SOURCE],
    );
    const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
    const scrape = { job_name: "backend", static_configs: [{ targets: [`127.0.0.1:${backend.port}`] }] };
    await writeFile(
      join(folder, "prometheus.yaml"),
      JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [scrape] }),
    );
    prometheus = await startPrometheusIn(folder, "--enable-feature=exemplar-storage");
  });
  after(async () => {
    await prometheus.stop();
    await backend.stop();
  });

  it("are led to by the latency histogram in a real Prometheus, those that are kept alone", async () => {
    for (const traceparent of [SAMPLED, NOT_SAMPLED]) {
      await fetch(`http://127.0.0.1:${backend.port}/api/properties?city=Berlin`, {
        headers: { traceparent },
      });
    }
    const query = encodeURIComponent("http_request_duration_seconds_bucket");
    const ask = async (): Promise<string[]> => {
      const end = Math.ceil(Date.now() / 1000) + 1;
      const found = await prometheus.ask<{ exemplars: { labels: Record<string, string> }[] }[]>(
        `query_exemplars?query=${query}&start=${end - 120}&end=${end}`,
      );
      return [
        ...new Set(found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["trace_id"] ?? ""))),
      ];
    };
    assert.deepEqual(await eventually("exemplars", ask, (ids) => ids.length > 0, { withinMs: 20_000 }), [
      TRACE,
    ]);
  });

  it("leave the metrics as they are", async () => {
    const counted = async (): Promise<string | undefined> => {
      const { result } = await prometheus.ask<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent("sum(http_requests_total)")}`,
      );
      return result[0]?.value[1];
    };
    assert.equal(await eventually("requests", counted, (value) => value === "2", { withinMs: 20_000 }), "2");
  });
});
