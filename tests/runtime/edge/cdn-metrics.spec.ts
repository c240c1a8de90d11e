import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";

import {
  CdnMetrics,
  CloudFrontFigures,
  CloudflareFigures,
  type CdnSource,
  type CdnWindow,
} from "../../../runtime/edge";
import { recordingLogger } from "../database/recording-logger";

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 0, 5, 12, 0);

interface Collector {
  readonly metrics: CdnMetrics;
  readonly registry: Registry;
  readonly windows: [from: number, to: number][];
  /** Minutes since T0. */
  at(minutes: number): Promise<void>;
  failing: boolean;
}

const WINDOW: CdnWindow = { requests: 100, hits: 90, serverErrors: 1, bytes: 5000, originSeconds: 0.12 };

function collector(): Collector {
  const windows: [number, number][] = [];
  let now = T0;
  const registry = new Registry();
  const source: CdnSource = {
    provider: "cloudflare",
    read: (from, to) => {
      if (made.failing) return Promise.reject(new Error("out of reach"));
      windows.push([(from.getTime() - T0) / MINUTE, (to.getTime() - T0) / MINUTE]);
      return Promise.resolve(WINDOW);
    },
  };
  const metrics = new CdnMetrics({ source, registry, now: () => now, logger: recordingLogger() });
  const made: Collector = {
    metrics,
    registry,
    windows,
    failing: false,
    at: async (minutes) => {
      now = T0 + minutes * MINUTE;
      await metrics.collect();
    },
  };
  return made;
}

describe("CDN metrics", () => {
  it("read every minute once, and only when it is complete", async () => {
    const made = collector();
    for (const minutes of [0, 0.5, 1, 2, 2.9, 4]) await made.at(minutes);
    assert.deepEqual(made.windows, [
      [-6, -5],
      [-5, -4],
      [-4, -3],
      [-3, -1],
    ]);
    const text = await made.registry.metrics();
    assert.match(text, /cdn_requests_total\{provider="cloudflare"\} 400/);
    assert.match(text, /cdn_cache_hits_total\{provider="cloudflare"\} 360/);
    assert.match(text, /cdn_server_errors_total\{provider="cloudflare"\} 4/);
    assert.match(text, /cdn_bytes_total\{provider="cloudflare"\} 20000/);
    assert.match(text, /cdn_origin_latency_seconds\{provider="cloudflare"\} 0.12/);
    assert.match(
      text,
      new RegExp(`cdn_window_end_timestamp_seconds\\{provider="cloudflare"\\} ${T0 / 1000 - 60}`),
    );
  });

  it("go on after a failure where they stopped", async () => {
    const made = collector();
    await made.at(0);
    made.failing = true;
    await made.at(1);
    await made.at(2);
    made.failing = false;
    await made.at(3);
    assert.deepEqual(made.windows, [
      [-6, -5],
      [-5, -2],
    ]);
    assert.match(
      await made.registry.metrics(),
      /cdn_collections_total\{provider="cloudflare",result="failed"\} 2/,
    );
  });

  it("lose what is older than an hour rather than ask for days", async () => {
    const made = collector();
    await made.at(0);
    await made.at(600);
    assert.deepEqual(made.windows[1], [535, 595]);
  });

  it("count nothing twice when two collections meet", async () => {
    const made = collector();
    await Promise.all([made.at(0), made.at(0), made.at(0)]);
    assert.equal(made.windows.length, 1);
  });
});

describe("figures of CloudFront", () => {
  it("weigh each minute's shares with its requests", async () => {
    const times = [new Date(T0), new Date(T0 + MINUTE)];
    const series: Record<string, number[]> = {
      requests: [900, 100],
      bytes: [1000, 24],
      hitpercent: [90, 50],
      errorpercent: [0, 10],
      originmilliseconds: [80, 200],
    };
    const asked: { Namespace?: string; MetricName?: string; Stat?: string }[] = [];
    const client = {
      send: (command: {
        input: { MetricDataQueries: { Id: string; MetricStat: { Metric: object; Stat: string } }[] };
      }) => {
        const queries = command.input.MetricDataQueries;
        asked.push(...queries.map(({ MetricStat: { Metric, Stat } }) => ({ ...Metric, Stat })));
        const results = queries.map(({ Id }) => ({ Id, Timestamps: times, Values: series[Id] }));
        return Promise.resolve({ MetricDataResults: results });
      },
    };
    const figures = new CloudFrontFigures("E1EXAMPLE", client);
    assert.deepEqual(await figures.read(new Date(T0), new Date(T0 + 2 * MINUTE)), {
      requests: 1000,
      hits: 860,
      serverErrors: 10,
      bytes: 1024,
      originSeconds: 0.2,
    });
    assert.deepEqual(
      asked.map(({ Namespace, MetricName, Stat }) => `${Namespace} ${MetricName} ${Stat}`),
      [
        "AWS/CloudFront Requests Sum",
        "AWS/CloudFront BytesDownloaded Sum",
        "AWS/CloudFront 5xxErrorRate Average",
        "AWS/CloudFront CacheHitRate Average",
        "AWS/CloudFront OriginLatency p95",
      ],
    );
  });

  it("are zero for minutes without a request", async () => {
    const client = { send: () => Promise.resolve({ MetricDataResults: [] }) };
    const figures = new CloudFrontFigures("E1EXAMPLE", client);
    const window = await figures.read(new Date(T0), new Date(T0 + MINUTE));
    assert.deepEqual(window, { requests: 0, hits: 0, serverErrors: 0, bytes: 0 });
  });
});

describe("figures of Cloudflare", () => {
  const group = (
    count: number,
    cacheStatus: string,
    edgeResponseStatus: number,
    originMs: number | null,
  ): unknown => ({
    count,
    sum: { edgeResponseBytes: count * 10 },
    avg: { originResponseDurationMs: originMs },
    dimensions: { cacheStatus, edgeResponseStatus },
  });

  async function read(status: number, answer: unknown): Promise<CdnWindow> {
    const server = createServer((_request, response) =>
      response.writeHead(status).end(JSON.stringify(answer)),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      return await new CloudflareFigures({ token: "t", zoneId: "z", baseUrl }).read(
        new Date(T0),
        new Date(T0 + MINUTE),
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it("are summed over cache states and statuses", async () => {
    const groups = [
      group(80, "hit", 200, null),
      group(5, "revalidated", 200, 20),
      group(10, "miss", 200, 100),
      group(5, "dynamic", 502, 400),
    ];
    const data = { viewer: { zones: [{ httpRequestsAdaptiveGroups: groups }] } };
    assert.deepEqual(await read(200, { data, errors: null }), {
      requests: 100,
      hits: 85,
      serverErrors: 5,
      bytes: 1000,
      originSeconds: 0.2,
    });
  });

  it("are an error, and not zero, when the API says no or something else", async () => {
    await assert.rejects(read(200, { data: null, errors: [{ message: "not entitled" }] }), /not entitled/);
    await assert.rejects(read(200, { data: { viewer: { zones: [] } } }), /Cloudflare answered 200/);
    await assert.rejects(read(500, "oops"), /Cloudflare answered 500/);
  });
});
