import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { WebSocket } from "ws";

import { DatabaseUnavailable } from "../../../runtime/database";
import { DEFAULT_BUCKETS_SECONDS } from "../../../runtime/metrics";
import { Backend } from "../../../runtime/reference-backend/backend";
import { MemorySessions } from "../../../runtime/reference-backend/sessions";
import { eventually } from "../../helpers/eventually";
import { recordingLogger } from "../database/recording-logger";
import { TestStore } from "./test-store";

const PROPERTY = "000000010000000000000001";
/** Does insulation and heat pumps. */
const CONTRACTOR = "000000020000000000000001";

interface Answer {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

describe("the reference backend", () => {
  let backend: Backend;
  let store: TestStore;
  let logger: ReturnType<typeof recordingLogger>;
  let registry: Registry;
  let port: number;
  const sockets: WebSocket[] = [];

  async function start(
    more: { requestTimeoutMs?: number; shutdownTimeoutMs?: number; heartbeatMs?: number } = {},
  ) {
    const { requestTimeoutMs = 2000, shutdownTimeoutMs = 3000, heartbeatMs = 25_000 } = more;
    store = new TestStore({ properties: 100, contractors: 25 });
    logger = recordingLogger();
    registry = new Registry();
    backend = new Backend({
      settings: {
        port: 0,
        requestTimeoutMs,
        keepAliveTimeoutMs: 5000,
        shutdownTimeoutMs,
        buckets: DEFAULT_BUCKETS_SECONDS,
        traced: false,
        database: undefined,
        cache: undefined,
        sessions: undefined,
      },
      store,
      sessions: new MemorySessions(),
      registry,
      logger,
      host: "127.0.0.1",
      heartbeatMs,
    });
    port = await backend.start();
  }

  beforeEach(() => start());

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    await backend.stop();
  });

  async function call(
    method: string,
    path: string,
    options: { token?: string; body?: unknown } = {},
  ): Promise<Answer> {
    const { token, body } = options;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        connection: "close",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(8000),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? undefined : JSON.parse(text),
      headers: response.headers,
    };
  }

  async function signIn(): Promise<string> {
    const { status, body } = await call("POST", "/api/sessions");
    assert.equal(status, 201);
    return body.token;
  }

  async function listen(path = "/ws"): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    sockets.push(socket);
    socket.on("error", () => undefined);
    await once(socket, "open");
    return socket;
  }

  async function message(socket: WebSocket): Promise<string> {
    const [data] = (await once(socket, "message", { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return data.toString();
  }

  describe("over HTTP", () => {
    it("finds buildings, one of them, and companies", async () => {
      const { status, body } = await call("GET", "/api/properties?city=Berlin&energyClass=C&limit=2");
      assert.equal(status, 200);
      assert.deepEqual(
        body.properties.map(({ city, energyClass }: any) => [city, energyClass]),
        [
          ["Berlin", "C"],
          ["Berlin", "C"],
        ],
      );
      assert.equal((await call("GET", `/api/properties/${PROPERTY}`)).body.id, PROPERTY);
      const companies = await call("GET", "/api/contractors/search?trade=solar&postalCode=10115");
      assert.ok(companies.body.contractors.length > 0);
    });

    it("names what is wrong with the input", async () => {
      const wrong: Record<string, readonly string[]> = {
        "/api/properties": ["city: Invalid input: expected string, received undefined"],
        "/api/properties?city=Berlin&energyClass=Z&limit=900": [
          'energyClass: Invalid option: expected one of "A"|"B"|"C"|"D"|"E"|"F"|"G"|"H"',
          "limit: Too big: expected number to be <=50",
        ],
        "/api/properties?city=Berlin&city=Bonn": ["city: Invalid input: expected string, received array"],
        "/api/properties?city[$ne]=x": ['input: Unrecognized key: "city[$ne]"'],
        "/api/properties/1": ["input: is 24 hexadecimal digits"],
        "/api/contractors/search?trade=solar&postalCode=1": ["postalCode: is five digits"],
      };
      for (const [path, problems] of Object.entries(wrong)) {
        const { status, body } = await call("GET", path);
        assert.deepEqual([path, status, body.error], [path, 400, "the input is wrong"]);
        for (const problem of problems)
          assert.ok(body.problems.includes(problem), `${path}: ${body.problems}`);
      }
    });

    it("says 404 to what is not there", async () => {
      assert.deepEqual(
        [
          await call("GET", "/api/properties/ffffffffffffffffffffffff"),
          await call("GET", "/api/nothing"),
        ].map(({ status, body }) => [status, body.error]),
        [
          [404, "there is no such property"],
          [404, "there is no such endpoint"],
        ],
      );
    });

    it("knows who is signed in, until they sign out", async () => {
      const token = await signIn();
      const { status, body, headers } = await call("GET", "/api/me", { token });
      assert.deepEqual(
        [status, body.role, headers.get("cache-control")],
        [200, "owner", "private, no-store"],
      );
      assert.equal((await call("DELETE", "/api/sessions", { token })).status, 204);
      for (const other of [token, "x".repeat(43), "short", "a b", undefined]) {
        const answer = await call("GET", "/api/me", other === undefined ? {} : { token: other });
        assert.deepEqual([answer.status, answer.body.error], [401, "sign in first"]);
      }
    });

    it("quotes a price to who is signed in", async () => {
      const path = `/api/properties/${PROPERTY}/quotes`;
      const body = { contractorId: CONTRACTOR, trade: "insulation" };
      assert.equal((await call("POST", path, { body })).status, 401);
      const token = await signIn();
      const { status, body: quote } = await call("POST", path, { token, body });
      // 45 m² at 140 Euro
      assert.deepEqual(
        [status, quote.propertyId, quote.total, quote.status],
        [201, PROPERTY, 6300, "submitted"],
      );
      const refused: [unknown, number][] = [
        [{ ...body, contractorId: "ffffffffffffffffffffffff" }, 404],
        [{ ...body, trade: "solar" }, 422],
        [{ ...body, trade: "magic" }, 400],
        [{ ...body, total: 1 }, 400],
        ['{"trade":', 400],
        [{ ...body, trade: "x".repeat(20_000) }, 413],
      ];
      for (const [wrong, expected] of refused) {
        assert.equal(
          (await call("POST", path, { token, body: wrong })).status,
          expected,
          JSON.stringify(wrong).slice(0, 80),
        );
      }
      assert.equal(logger.lines.filter(({ level }) => level === "error").length, 0);
    });

    it("answers 503 with a time to try again while a store is unavailable", async () => {
      store.failure = new DatabaseUnavailable("no-server");
      const { status, body, headers } = await call("GET", "/api/properties?city=Berlin");
      assert.deepEqual(
        [status, body, headers.get("retry-after")],
        [503, { error: "the database is unavailable: there is no server to ask" }, "5"],
      );
      const ready = await call("GET", "/ready");
      assert.deepEqual(
        [ready.status, ready.body],
        [
          503,
          {
            ready: false,
            store: { kind: "built-in catalogue", ok: false, reason: "no-server" },
            sessions: { kind: "in memory", ok: true },
          },
        ],
      );
      assert.equal((await call("GET", "/health")).status, 200);
    });

    it("keeps what went wrong inside to itself, and to its log", async () => {
      store.failure = new Error("secret detail");
      const { status, body } = await call("GET", "/api/properties?city=Berlin");
      assert.deepEqual([status, body], [500, { error: "internal error" }]);
      const [line] = logger.lines.filter(({ level }) => level === "error");
      assert.equal(line?.message, "request failed");
      assert.deepEqual([line.fields["method"], line.fields["path"]], ["GET", "/api/properties"]);
    });

    it("answers 503 when a request takes too long, and stays usable", async () => {
      await backend.stop();
      await start({ requestTimeoutMs: 150 });
      store.delayMs = 400;
      const started = performance.now();
      const { status, body, headers } = await call("GET", "/api/properties?city=Berlin");
      const elapsed = performance.now() - started;
      assert.deepEqual(
        [status, body, headers.get("retry-after")],
        [503, { error: "no answer within 150 ms" }, "1"],
      );
      assert.ok(elapsed >= 145 && elapsed < 380, `${elapsed} ms`);
      // The handler's late answer goes nowhere, and breaks nothing.
      await sleep(400);
      assert.equal((await call("GET", "/health")).status, 200);
      assert.equal(logger.lines.filter(({ level }) => level === "error").length, 0);
    });

    it("lets a client that sends its request too slowly go", async () => {
      await backend.stop();
      await start({ requestTimeoutMs: 300 });
      const socket = connect(port, "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
      socket.write("GET /health HTTP/1.1\r\nHost: x\r\n");
      // Node.js looks for them only every 30 seconds, unless it is told otherwise.
      await once(socket, "close", { signal: AbortSignal.timeout(3000) });
      assert.match(answer, /^HTTP\/1\.1 408 /);
    });

    it("counts requests by route and status, and no probes", async () => {
      for (const path of ["/health", "/ready", "/api/properties?city=Berlin", "/api/nothing"])
        await call("GET", path);
      await sleep(20);
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      assert.deepEqual(
        metrics.split("\n").filter((line) => line.startsWith("http_requests_total")),
        [
          'http_requests_total{method="GET",route="/api/properties",status="200"} 1',
          'http_requests_total{method="GET",route="unmatched",status="404"} 1',
        ],
      );
      assert.match(metrics, /^nodejs_eventloop_lag_p99_seconds /m);
    });
  });

  describe("over a WebSocket", () => {
    it("says back what it hears, as text or as bytes", async () => {
      const socket = await listen();
      socket.send("hello");
      assert.equal(await message(socket), "hello");
      socket.send(Buffer.from([1, 2, 3]));
      assert.deepEqual(Buffer.from(await message(socket)), Buffer.from([1, 2, 3]));
    });

    it("tells everybody of a new quote, without saying whose it is", async () => {
      const listeners = [await listen(), await listen("/ws?x=1")];
      const heard = Promise.all(listeners.map(message));
      const token = await signIn();
      const body = { contractorId: CONTRACTOR, trade: "insulation" };
      const { body: quote } = await call("POST", `/api/properties/${PROPERTY}/quotes`, { token, body });
      const wanted = { type: "quote", id: quote.id, propertyId: PROPERTY, trade: "insulation", total: 6300 };
      assert.deepEqual(
        (await heard).map((text) => JSON.parse(text)),
        [wanted, wanted],
      );
    });

    it("refuses a message that is too large, and serves the others", async () => {
      const [greedy, other] = [await listen(), await listen()];
      greedy.send("x".repeat(16 * 1024 + 1));
      const [code] = await once(greedy, "close");
      assert.equal(code, 1009);
      other.send("still here");
      assert.equal(await message(other), "still here");
    });

    it("lets go of who does not answer a ping", async () => {
      await backend.stop();
      await start({ heartbeatMs: 80 });
      const [alive, dead] = [await listen(), await listen()];
      // Answers no pings any more, as a telephone in a tunnel.
      dead.pause();
      const open = async (): Promise<number | undefined> =>
        (await registry.getSingleMetric("websocket_connections")?.get())?.values[0]?.value;
      await eventually("one connection", open, (count) => count === 1);
      // Time for two more pings.
      await sleep(200);
      assert.equal(alive.readyState, WebSocket.OPEN);
      assert.equal(await open(), 1);
    });

    it("takes no connection but at its own address", async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/other`);
      const [error] = (await once(socket, "error")) as [Error];
      assert.equal(error.message, "Unexpected server response: 404");
    });
  });

  describe("at the end", () => {
    it("is not ready, finishes what runs, asks WebSockets to leave, and closes its store", async () => {
      const socket = await listen();
      const closed = once(socket, "close");
      store.delayMs = 400;
      const running = call("GET", "/api/properties?city=Berlin");
      // A connection from before, as the kubelet and the proxy may have one.
      const before = connect(port, "127.0.0.1");
      let answer = "";
      before.on("data", (chunk: Buffer) => (answer += chunk.toString()));
      await sleep(50);
      const stopped = backend.stop();
      before.write("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(before, "close");
      assert.match(answer, /^HTTP\/1\.1 503 /);
      assert.match(answer, /^Connection: close\r$/m);
      assert.match(answer, /\{"ready":false,"draining":true\}$/);
      assert.equal((await running).status, 200);
      const [code, reason] = (await closed) as [number, Buffer];
      assert.deepEqual([code, reason.toString()], [1001, "the server is shutting down"]);
      assert.equal(await stopped, true);
      assert.equal(await backend.stop(), true);
      assert.equal(store.closed, true);
      const refused = httpRequest({ host: "127.0.0.1", port, agent: false });
      refused.end();
      const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
      assert.equal(error.code, "ECONNREFUSED");
    });

    it("cuts off what does not end in time, and says so", async () => {
      await backend.stop();
      await start({ shutdownTimeoutMs: 600, requestTimeoutMs: 5000 });
      store.delayMs = 1500;
      const running = call("GET", "/api/properties?city=Berlin").then(
        () => "answered",
        () => "cut off",
      );
      const deaf = await listen();
      // Never sees that it should leave.
      deaf.pause();
      await sleep(50);
      const started = performance.now();
      assert.equal(await backend.stop(), false);
      const elapsed = performance.now() - started;
      assert.ok(elapsed >= 290 && elapsed < 600, `${elapsed} ms`);
      assert.equal(await running, "cut off");
      assert.deepEqual(
        logger.lines
          .filter(({ level }) => level === "warn")
          .map(({ message: text, fields }) => [text, fields]),
        [["requests cut off at the end of the shutdown", { inFlight: 1 }]],
      );
    });
  });
});
