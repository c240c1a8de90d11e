import assert from "node:assert/strict";
import { once } from "node:events";
import { type Server, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express, { type Express, type NextFunction, type Request, type Response, Router } from "express";
import fc from "fast-check";
import { Registry } from "prom-client";

import {
  DEFAULT_BUCKETS_SECONDS,
  bucketsFrom,
  httpMetrics,
  metricsHandler,
  parseBuckets,
  processMetrics,
} from "../../../runtime/metrics";
import { eventually } from "../../helpers/eventually";

const ALLOWED = "1 to 30 numbers above 0, each larger than the one before it, separated by commas";

describe("bounds of the response time", () => {
  it("contain the steps of the default budget exactly", () => {
    for (const step of [0.05, 0.1, 0.2, 0.5, 1])
      assert.ok(DEFAULT_BUCKETS_SECONDS.includes(step), String(step));
    assert.deepEqual(bucketsFrom({}), DEFAULT_BUCKETS_SECONDS);
  });

  it("are read as the platform writes them, to the last digit", () => {
    const environment = { HTTP_DURATION_BUCKETS_SECONDS: "0.005,0.01, 0.2,1e-0,2.5" };
    assert.deepEqual(bucketsFrom(environment), [0.005, 0.01, 0.2, 1, 2.5]);
    const bounds = fc.uniqueArray(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(bounds, (values) => {
        const ascending = [...values].sort((a, b) => a - b);
        assert.deepEqual(parseBuckets(ascending.join(",")), ascending);
      }),
    );
  });

  it("refuse what no histogram can have", () => {
    const wrong = ["0", "-1", "1,1", "2,1", "fast", "1,", "0.1;0.2", "Infinity", "NaN", "0x10", "1 2"];
    for (const text of [...wrong, Array.from({ length: 31 }, (_, index) => index + 1).join(",")]) {
      assert.throws(() => parseBuckets(text), { name: "RangeError", message: ALLOWED }, text);
    }
    assert.throws(() => bucketsFrom({ HTTP_DURATION_BUCKETS_SECONDS: "2,1" }), {
      name: "VariablesError",
      problems: [`HTTP_DURATION_BUCKETS_SECONDS is "2,1"; allowed is ${ALLOWED}`],
    });
  });
});

describe("metrics of an HTTP server", () => {
  let registry: Registry;
  let app: Express;
  let server: Server;
  let port: number;

  beforeEach(async () => {
    registry = new Registry();
    app = express();
    app.use(httpMetrics({ registry, buckets: [0.05, 0.2, 0.5] }));
    app.get("/metrics", metricsHandler(registry));
    for (const path of ["/health", "/ready"]) app.get(path, (_request, response) => void response.send("ok"));
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });

  afterEach(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });

  async function get(path: string, method = "GET"): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** `method route status` with its count, of every series, once as many requests have been counted. */
  async function counted(requests: number): Promise<Record<string, number>> {
    const deadline = Date.now() + 3000;
    for (;;) {
      const { values } = (await registry.getSingleMetric("http_requests_total")?.get()) ?? { values: [] };
      const total = values.reduce((sum, { value }) => sum + value, 0);
      if (total >= requests || Date.now() > deadline) {
        return Object.fromEntries(
          values.map(({ labels, value }) => {
            const { method, route, status } = labels as Record<string, string>;
            return [`${method} ${route} ${status}`, value];
          }),
        );
      }
      await sleep(5);
    }
  }

  it("name the pattern of a route and never the address", async () => {
    app.get("/api/properties/:id", (_request, response) => void response.json({}));
    for (const id of ["1", "2", "a%20b", "3?token=secret"]) await get(`/api/properties/${id}`);
    await get("/api/propertie/1");
    await get("/wp-admin/setup.php?x=1");
    assert.deepEqual(await counted(6), { "GET /api/properties/:id 200": 4, "GET unmatched 404": 2 });
    assert.doesNotMatch(await registry.metrics(), /secret|wp-admin/);
  });

  it("name the whole pattern of a nested route, also when it fails", async () => {
    const router = Router();
    router.get("/:id", (_request, response) => void response.json({}));
    router.get("/:id/broken", () => {
      throw new Error("broken");
    });
    app.use("/api/properties", router);
    app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) next(error);
      else response.status(500).json({});
    });
    await get("/api/properties/1");
    await get("/api/properties/1/broken");
    assert.deepEqual(await counted(2), {
      "GET /api/properties/:id 200": 1,
      "GET /api/properties/:id/broken 500": 1,
    });
  });

  it("leave out what the platform asks", async () => {
    for (const path of ["/health", "/ready", "/metrics", "/health?x=1"]) assert.equal(await get(path), 200);
    app.get("/api/me", (_request, response) => void response.json({}));
    await get("/api/me");
    assert.deepEqual(await counted(1), { "GET /api/me 200": 1 });
  });

  it("count a client that leaves before the answer as 499", async () => {
    app.get("/slow", async (_request, response) => {
      await sleep(300);
      response.json({});
    });
    app.get("/stream", (_request, response) => {
      response.write("half of it");
    });
    for (const path of ["/slow", "/stream"]) {
      const outgoing = httpRequest({ host: "127.0.0.1", port, path, agent: false });
      outgoing.on("error", () => undefined);
      outgoing.end();
      await sleep(50);
      outgoing.destroy();
    }
    assert.deepEqual(await counted(2), { "GET /slow 499": 1, "GET /stream 499": 1 });
    assert.equal((await registry.getSingleMetric("http_requests_in_flight")?.get())?.values[0]?.value, 0);
  });

  it("know how many requests are in flight", async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    app.get("/wait", async (_request, response) => {
      await gate;
      response.json({});
    });
    const requests = [get("/wait"), get("/wait"), get("/wait")];
    const inFlight = async (): Promise<number | undefined> =>
      (await registry.getSingleMetric("http_requests_in_flight")?.get())?.values[0]?.value;
    await eventually("three requests in flight", inFlight, (count) => count === 3);
    release();
    await Promise.all(requests);
    await counted(3);
    assert.equal(await inFlight(), 0);
  });

  it("time requests in exactly the buckets they are told", async () => {
    app.get("/fast", (_request, response) => void response.json({}));
    app.get("/slow", async (_request, response) => {
      await sleep(100);
      response.json({});
    });
    await get("/fast");
    await get("/slow");
    await counted(2);
    const lines = (await registry.metrics()).split("\n");
    const buckets = lines
      .filter((line) => line.startsWith("http_request_duration_seconds_bucket"))
      .map((line) => /le="([^"]+)".*route="([^"]+)".* (\d+)$/.exec(line)?.slice(1).join(" "));
    assert.deepEqual(buckets, [
      "0.05 /fast 1",
      "0.2 /fast 1",
      "0.5 /fast 1",
      "+Inf /fast 1",
      "0.05 /slow 0",
      "0.2 /slow 1",
      "0.5 /slow 1",
      "+Inf /slow 1",
    ]);
    const all = lines.filter((line) => line.startsWith("http_server_duration_seconds_bucket"));
    assert.deepEqual(
      all.map((line) => /le="([^"]+)"} (\d+)$/.exec(line)?.slice(1).join(" ")),
      ["0.05 1", "0.2 2", "0.5 2", "+Inf 2"],
    );
  });

  it("give strange methods one series, and routes made of data a bounded number", async () => {
    await get("/x", "PROPFIND");
    await get("/x", "PURGE");
    assert.deepEqual(await counted(2), { "other unmatched 404": 2 });
    const paths = Array.from({ length: 510 }, (_, index) => `/generated/${index}`);
    for (const path of paths) app.get(path, (_request, response) => void response.end());
    for (const path of paths) await get(path);
    const routes = Object.keys(await counted(512));
    assert.equal(routes.length, 502);
    assert.equal((await counted(512))["GET other 200"], 10);
  });

  it("survive a request that is no HTTP", async () => {
    const socket = connect(port, "127.0.0.1");
    socket.resume();
    socket.end("hello\r\n\r\n");
    await once(socket, "close");
    assert.equal(await get("/health"), 200);
    assert.deepEqual(await counted(0), {});
  });

  it("are shown beside those of the process, in Prometheus's format", async () => {
    processMetrics(registry);
    processMetrics(registry);
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const text = await response.text();
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for (const name of [
      "process_cpu_user_seconds_total",
      "process_resident_memory_bytes",
      "nodejs_eventloop_lag_p99_seconds",
      "nodejs_gc_duration_seconds",
      "http_requests_total",
      "http_request_duration_seconds",
      "http_server_duration_seconds",
      "http_requests_in_flight",
    ]) {
      assert.match(text, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, "m"), name);
    }
  });
});
