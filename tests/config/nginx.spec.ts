import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { gunzipSync } from "node:zlib";
import { timeoutLadder, type TimeoutLadder } from "../../budget/timeouts";
import {
  ACCESS_LOG_FIELDS,
  ACCESS_LOG_NUMBERS,
  nginxConf,
  type NginxConfArgs,
} from "../../components/load-balancing/nginx-conf";
import {
  checkNginxConf,
  freePort,
  send,
  startBackend,
  startNginx,
  type Answer,
  type Backend,
  type RunningNginx,
} from "../helpers/nginx-server";

type Rendered = Parameters<typeof startNginx>[0];

/** An address of this machine that the configuration below does not trust. */
const UNTRUSTED = "127.0.0.2";

const WORKERS = 2;

const rendered: Omit<Rendered, "upstream"> = {
  plan: {
    workers: WORKERS,
    workerConnections: 1024,
    openFiles: 2048,
    upstreamKeepAlive: 4,
    addressZoneMiB: 10,
  },
  timeouts: timeoutLadder({ maxRequestSeconds: 5, cloud: "gcp" }),
  rateLimit: { requestsPerMinute: 60_000, burst: 1000, connections: 100 },
  trustedProxies: ["127.0.0.1/32", "10.0.0.0/8"],
  maxBodyMiB: 1,
  tlsInFront: false,
  webSocketPaths: ["/socket.io/"],
};

/** A proxy that waits half a second for its service. */
const IMPATIENT: TimeoutLadder = {
  ...rendered.timeouts,
  request: { edge: 3, loadBalancer: 2, proxy: 0.5, application: 0.3, database: 0.2 },
};

/** What a test started, ended in reverse order however the test went. */
const started: { stop(): Promise<void> }[] = [];

async function backend(...args: Parameters<typeof startBackend>): Promise<Backend> {
  const service = await startBackend(...args);
  started.push(service);
  return service;
}

async function nginx(
  upstream: NginxConfArgs["upstream"],
  change: Partial<Rendered> = {},
): Promise<RunningNginx> {
  const proxy = await startNginx({ ...rendered, upstream, ...change });
  started.push(proxy);
  return proxy;
}

/** A service that answers with the headers it was sent. */
const echo: Parameters<typeof startBackend>[0] = (request, response) => {
  response.setHeader("content-type", "application/json").end(JSON.stringify(request.headers));
};

function json(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
}

async function statuses(count: number, one: (index: number) => Promise<Answer>): Promise<number[]> {
  const found: number[] = [];
  for (let index = 0; index < count; index++) found.push((await one(index)).status);
  return found;
}

afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.stop();
});

describe("nginx.conf, read by nginx", () => {
  const text = (change: Partial<NginxConfArgs>): string =>
    nginxConf({
      ...rendered,
      upstream: [{ host: "127.0.0.1", port: 3000 }],
      scratch: "$SCRATCH",
      accessLog: "$SCRATCH/access.log",
      listen: { http: "127.0.0.1:18080", status: "127.0.0.1:18081" },
      ...change,
    });

  const accepted: [string, Partial<NginxConfArgs>][] = [
    ["the plainest case", { trustedProxies: [], webSocketPaths: [] }],
    [
      "TLS in front, WebSockets and trusted ranges of both families",
      {
        tlsInFront: true,
        webSocketPaths: ["/socket.io/", "/live"],
        trustedProxies: ["10.0.0.0/8", "2001:db8::/32"],
      },
    ],
    ["no burst", { rateLimit: { requestsPerMinute: 1, burst: 0, connections: 1 } }],
    [
      "several servers of both families",
      {
        upstream: [
          { host: "127.0.0.1", port: 3000 },
          { host: "::1", port: 3001 },
        ],
      },
    ],
    ["the ladder of AWS", { timeouts: timeoutLadder({ maxRequestSeconds: 0.25, cloud: "aws" }) }],
  ];
  for (const [name, change] of accepted) {
    it(`is accepted with ${name}`, async () => {
      const { code, output } = await checkNginxConf(text(change));
      assert.equal(code, 0, output);
      assert.match(output, /test is successful/);
      assert.doesNotMatch(output, /\[(warn|error|emerg)\]/);
    });
  }

  it("would be refused if a word could end its directive", async () => {
    const injected = [{ host: "127.0.0.1:1; } server { listen 127.0.0.1:18082", port: 3000 }];
    const { code, output } = await checkNginxConf(text({ upstream: injected }));
    assert.equal(code, 1);
    assert.match(
      output,
      /invalid IPv6 address in upstream "\[127\.0\.0\.1:1; } server \{ listen 127\.0\.0\.1:18082\]:3000"/,
    );
  });
});

describe("nginx in front of a service", () => {
  it("sends each security header once, over the service's own, and on errors as well", async () => {
    const service = await backend((request, response) => {
      response.writeHead(request.url === "/missing" ? 404 : 200, {
        "X-Frame-Options": "ALLOWALL",
        "X-Powered-By": "Express",
        "Strict-Transport-Security": "max-age=1",
      });
      response.end("ok");
    });
    const proxy = await nginx([service], { tlsInFront: true });
    for (const path of ["/", "/missing", "/healthz"]) {
      const { headers, headerNames } = await send(proxy.httpPort, path);
      const sent = Object.fromEntries(
        Object.entries(headers).filter(
          ([name]) => !/^(date|connection|content-(type|length)|transfer-encoding|x-request-id)$/.test(name),
        ),
      );
      assert.deepEqual(sent, {
        server: "nginx",
        "content-security-policy": "base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "strict-origin-when-cross-origin",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
      });
      assert.equal(new Set(headerNames).size, headerNames.length, headerNames.join(", "));
    }
  });

  it("says nothing about TLS unless it is stated, and leaves a policy of the service alone", async () => {
    const service = await backend((_, response) => {
      response.setHeader("Content-Security-Policy", "default-src 'none'").end("ok");
    });
    const { headers } = await send((await nginx([service])).httpPort, "/");
    assert.equal(headers["strict-transport-security"], undefined);
    assert.equal(headers["content-security-policy"], "default-src 'none'");
  });

  it("logs a line of JSON with every field, and neither query string nor referrer", async () => {
    const service = await backend(echo);
    const proxy = await nginx([service]);
    const headers = {
      "user-agent": 'quote " and \\',
      referer: "https://example.org/?token=secret",
      "x-request-id": "id-1",
    };
    const answer = await send(proxy.httpPort, "/orders/1?token=secret", { headers });
    const [line = ""] = await proxy.accessLog(1);
    assert.doesNotMatch(line, /secret/);
    const entry = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(Object.keys(entry), [
      ...Object.keys(ACCESS_LOG_FIELDS),
      ...Object.keys(ACCESS_LOG_NUMBERS),
    ]);
    const { time, upstreamConnectSeconds, upstreamHeaderSeconds, upstreamResponseSeconds, ...rest } = entry;
    const { requestBytes, responseBytes, requestSeconds, ...texts } = rest;
    assert.deepEqual(texts, {
      requestId: "id-1",
      client: "127.0.0.1",
      peer: "127.0.0.1",
      method: "GET",
      host: "127.0.0.1",
      path: "/orders/1",
      protocol: "HTTP/1.1",
      status: "200",
      limit: "PASSED",
      upstream: `127.0.0.1:${service.port}`,
      upstreamStatus: "200",
      userAgent: 'quote " and \\',
    });
    assert.ok(!Number.isNaN(Date.parse(String(time))));
    for (const seconds of [upstreamConnectSeconds, upstreamHeaderSeconds, upstreamResponseSeconds]) {
      assert.match(String(seconds), /^\d+\.\d{3}$/);
    }
    for (const number of [requestBytes, responseBytes, requestSeconds]) assert.equal(typeof number, "number");
    assert.ok(Number(responseBytes) > answer.body.length);
  });

  it("passes one request id on to the service, back to the client and into the log", async () => {
    const proxy = await nginx([await backend(echo)]);
    const id = async (from: string, given?: string): Promise<string> => {
      const answer = await send(proxy.httpPort, "/", {
        from,
        headers: given === undefined ? {} : { "x-request-id": given },
      });
      assert.equal(json(answer)["x-request-id"], answer.headers["x-request-id"]);
      return String(answer.headers["x-request-id"]);
    };
    assert.equal(await id("127.0.0.1", "trace-42"), "trace-42");
    assert.match(await id("127.0.0.1", 'a"b'), /^[0-9a-f]{32}$/);
    assert.match(await id("127.0.0.1"), /^[0-9a-f]{32}$/);
    assert.match(await id(UNTRUSTED, "trace-42"), /^[0-9a-f]{32}$/);
    const logged = (await proxy.accessLog(4)).map(
      (line) => (JSON.parse(line) as { requestId: string }).requestId,
    );
    assert.equal(new Set(logged).size, 4);
    assert.equal(logged[0], "trace-42");
  });

  it("takes a client's address and scheme from trusted proxies only", async () => {
    const proxy = await nginx([await backend(echo)]);
    const told = async (from: string, forwardedFor: string): Promise<unknown[]> => {
      const headers = { "x-forwarded-for": forwardedFor, "x-forwarded-proto": "https" };
      const seen = json(await send(proxy.httpPort, "/", { from, headers }));
      return [seen["x-forwarded-for"], seen["x-real-ip"], seen["x-forwarded-proto"]];
    };
    assert.deepEqual(await told(UNTRUSTED, "203.0.113.9"), [UNTRUSTED, UNTRUSTED, "http"]);
    assert.deepEqual(await told("127.0.0.1", "203.0.113.9"), ["203.0.113.9", "203.0.113.9", "https"]);
    // The client made up the first; the trusted proxies added the others.
    const chain = "198.51.100.1, 203.0.113.9, 10.1.2.3";
    assert.deepEqual(await told("127.0.0.1", chain), ["203.0.113.9", "203.0.113.9", "https"]);
  });

  it("uses its connections to the service again", async () => {
    const service = await backend(echo);
    const proxy = await nginx([service]);
    assert.deepEqual(new Set(await statuses(40, () => send(proxy.httpPort, "/"))), new Set([200]));
    assert.ok(service.connections() <= WORKERS, `${service.connections()} connections for 40 requests`);
  });

  it("compresses what is large and of a kind that shrinks", async () => {
    const large = "performance ".repeat(1000);
    const service = await backend((request, response) => {
      const type = request.url === "/image" ? "image/png" : "application/json";
      response.setHeader("content-type", type).end(request.url === "/small" ? "{}" : large);
    });
    const proxy = await nginx([service]);
    const get = (path: string, via = {}): Promise<Answer> =>
      send(proxy.httpPort, path, { headers: { "accept-encoding": "gzip", ...via } });
    for (const via of [{}, { via: "1.1 cdn" }]) {
      const packed = await get("/", via);
      assert.equal(packed.headers["content-encoding"], "gzip");
      assert.equal(packed.headers["vary"], "Accept-Encoding");
      assert.equal(gunzipSync(packed.body).toString(), large);
    }
    assert.equal((await get("/small")).headers["content-encoding"], undefined);
    assert.equal((await get("/image")).headers["content-encoding"], undefined);
    assert.equal((await send(proxy.httpPort, "/")).headers["content-encoding"], undefined);
  });
});

describe("nginx and failing services", () => {
  it("answers every GET while one of two servers is killed", async () => {
    const [first, second] = [await backend(echo), await backend(echo)];
    const proxy = await nginx([first, second]);
    const before = await statuses(10, () => send(proxy.httpPort, "/"));
    assert.ok(first.connections() > 0 && second.connections() > 0);
    await first.stop();
    const after = await statuses(30, () => send(proxy.httpPort, "/"));
    assert.deepEqual(new Set([...before, ...after]), new Set([200]));
  });

  it("tries a GET again when the connection breaks, and never a POST that was sent", async () => {
    let broken = 0;
    const breaking = await backend((request) => {
      broken++;
      request.socket.destroy();
    });
    const sound = await backend((request, response) => {
      request.resume().once("end", () => response.end("ok"));
    });
    const proxy = await nginx([breaking, sound]);
    assert.deepEqual(new Set(await statuses(6, () => send(proxy.httpPort, "/"))), new Set([200]));
    assert.ok(broken > 0);

    // A new proxy, which does not yet know that one of them is broken.
    const other = await nginx([breaking, sound]);
    broken = 0;
    const posts = await statuses(6, () => send(other.httpPort, "/", { method: "POST", body: "x" }));
    assert.ok(broken > 0);
    assert.equal(posts.filter((status) => status === 502).length, broken);
  });

  it("answers 504 in JSON when the service is too slow, without asking another one", async () => {
    let asked = 0;
    const silent = (): void => void asked++;
    const proxy = await nginx([await backend(silent), await backend(silent)], { timeouts: IMPATIENT });
    const answer = await send(proxy.httpPort, "/");
    assert.equal(answer.status, 504);
    assert.equal(answer.headers["content-type"], "application/json");
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.deepEqual(json(answer), {
      status: 504,
      error: "Gateway Timeout",
      requestId: answer.headers["x-request-id"],
    });
    assert.equal(asked, 1);
  });

  it("answers 502 in JSON when no server is there, and stays healthy itself", async () => {
    const proxy = await nginx([{ host: "127.0.0.1", port: await freePort() }]);
    const answer = await send(proxy.httpPort, "/");
    assert.equal(answer.status, 502);
    assert.deepEqual(json(answer), {
      status: 502,
      error: "Bad Gateway",
      requestId: answer.headers["x-request-id"],
    });
    for (const port of [proxy.httpPort, proxy.statusPort]) {
      assert.equal((await send(port, "/healthz")).body.toString(), "ok\n");
    }
  });

  it("passes on the service's own errors, and says when to come back if the service does not", async () => {
    const service = await backend((request, response) => {
      if (request.url === "/known") response.setHeader("Retry-After", "120");
      response.writeHead(503).end("closed for repairs");
    });
    const proxy = await nginx([service]);
    const [known, unknown] = [await send(proxy.httpPort, "/known"), await send(proxy.httpPort, "/")];
    assert.equal(known.body.toString(), "closed for repairs");
    assert.deepEqual([known.headers["retry-after"], unknown.headers["retry-after"]], ["120", "5"]);
    assert.equal(known.headerNames.filter((name) => name === "retry-after").length, 1);
  });

  it("finishes what it has when it is told to quit, and takes nothing new", async () => {
    const service = await backend((_, response) => void setTimeout(() => response.end("done"), 400));
    const arrived = once(service.server, "request");
    const proxy = await nginx([service]);
    const answer = send(proxy.httpPort, "/");
    await arrived;
    const code = proxy.quit();
    assert.equal((await answer).body.toString(), "done");
    assert.equal(await code, 0);
    await assert.rejects(send(proxy.httpPort, "/"), { code: "ECONNREFUSED" });
  });
});

describe("nginx and demanding clients", () => {
  it("answers 429 in JSON with Retry-After beyond the limit, to that address only", async () => {
    const proxy = await nginx([await backend(echo)], {
      rateLimit: { requestsPerMinute: 1, burst: 3, connections: 100 },
    });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send(proxy.httpPort, "/", { from: UNTRUSTED })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    // One at the rate and three of the burst.
    assert.equal(answers.filter(({ status }) => status === 200).length, 4);
    assert.equal(refused.length, 4);
    for (const one of refused) {
      assert.equal(one.headers["retry-after"], "1");
      assert.equal(one.headers["x-frame-options"], "SAMEORIGIN");
      assert.deepEqual(json(one), {
        status: 429,
        error: "Too Many Requests",
        requestId: one.headers["x-request-id"],
      });
    }
    assert.equal((await send(proxy.httpPort, "/")).status, 200);
    assert.equal((await send(proxy.httpPort, "/healthz", { from: UNTRUSTED })).status, 200);
  });

  it("limits the client that a trusted proxy names, and no client by a name it made up", async () => {
    const proxy = await nginx([await backend(echo)], {
      rateLimit: { requestsPerMinute: 1, burst: 0, connections: 100 },
    });
    const get = (from: string, forwardedFor: string): Promise<Answer> =>
      send(proxy.httpPort, "/", { from, headers: { "x-forwarded-for": forwardedFor } });
    const trusted = await statuses(3, (index) => get("127.0.0.1", `203.0.113.${index}`));
    assert.deepEqual(trusted, [200, 200, 200]);
    const spoofed = await statuses(3, (index) => get(UNTRUSTED, `198.51.100.${index}`));
    assert.deepEqual(spoofed, [200, 429, 429]);
  });

  it("limits requests in flight", async () => {
    const service = await backend((_, response) => void setTimeout(() => response.end("done"), 300));
    const arrived = once(service.server, "request");
    const proxy = await nginx([service], { rateLimit: { ...rendered.rateLimit, connections: 1 } });
    const first = send(proxy.httpPort, "/");
    await arrived;
    const second = await send(proxy.httpPort, "/");
    assert.deepEqual([(await first).status, second.status, second.headers["retry-after"]], [200, 429, "1"]);
    assert.equal((await send(proxy.httpPort, "/")).status, 200);
  });

  it("refuses bodies and headers that are too large", async () => {
    const service = await backend((request, response) => {
      let bytes = 0;
      request.on("data", (chunk: Buffer) => (bytes += chunk.length));
      request.once("end", () => response.end(String(bytes)));
    });
    const proxy = await nginx([service]);
    const post = (bytes: number): Promise<Answer> =>
      send(proxy.httpPort, "/", { method: "POST", body: Buffer.alloc(bytes) });
    assert.equal((await post(1024 * 1024)).body.toString(), "1048576");
    const large = await post(1024 * 1024 + 1);
    assert.equal(large.status, 413);
    assert.equal(json(large)["error"], "Content Too Large");
    assert.equal((await send(proxy.httpPort, "/", { headers: { cookie: "c".repeat(9000) } })).status, 400);
  });

  it("shows its figures on the status port, to this machine only", async () => {
    const proxy = await nginx([await backend(echo)]);
    const figures = await send(proxy.statusPort, "/stub_status");
    assert.match(
      figures.body.toString(),
      /^Active connections: \d+ \nserver accepts handled requests\n \d+ \d+ \d+ \nReading: \d+ Writing: \d+ Waiting: \d+ \n$/,
    );
    const headers = { "x-forwarded-for": "127.0.0.1" };
    assert.equal((await send(proxy.statusPort, "/stub_status", { from: UNTRUSTED, headers })).status, 403);
    assert.equal((await send(proxy.statusPort, "/orders")).status, 404);
    assert.deepEqual(Object.keys(json(await send(proxy.httpPort, "/stub_status"))).includes("host"), true);
  });
});

describe("nginx and WebSockets", () => {
  /** A service that sends back what comes over an upgraded connection. */
  async function echoing(): Promise<Backend> {
    const service = await backend(echo);
    service.server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      socket.on("error", () => socket.destroy());
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${request.headers.upgrade}\r\nConnection: Upgrade\r\n\r\n`,
      );
      socket.pipe(socket);
    });
    return service;
  }

  async function upgrade(port: number, path: string, protocol: string): Promise<Socket> {
    const socket = connect(port, "127.0.0.1");
    started.push({
      stop: () => {
        socket.destroy();
        return Promise.resolve();
      },
    });
    await once(socket, "connect");
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: example.org\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\n\r\n`,
    );
    return socket;
  }

  /** Reads until the text so far matches. @throws when the connection ends before, or after four seconds */
  async function read(socket: Socket, until: RegExp): Promise<string> {
    let text = "";
    socket.setTimeout(4000, () => socket.destroy(new Error(`nothing like ${until} in: ${text}`)));
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      text += chunk.toString();
      if (until.test(text)) return text;
    }
    throw new Error(`ended after: ${text}`);
  }

  it("passes them on, and keeps a silent one open where they are expected", async () => {
    const proxy = await nginx([await echoing()], { timeouts: IMPATIENT });
    const socket = await upgrade(proxy.httpPort, "/socket.io/?EIO=4", "websocket");
    assert.match(await read(socket, /\r\n\r\n/), /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    socket.write("first");
    assert.equal(await read(socket, /first/), "first");
    // Longer than the half second that other requests may take.
    await new Promise((resolve) => setTimeout(resolve, 900));
    socket.write("second");
    assert.equal(await read(socket, /second/), "second");
  });

  it("closes a silent one after the proxy's timeout anywhere else", async () => {
    const proxy = await nginx([await echoing()], { timeouts: IMPATIENT });
    const socket = await upgrade(proxy.httpPort, "/elsewhere", "websocket");
    await read(socket, /\r\n\r\n/);
    await assert.rejects(read(socket, /anything/), { message: "ended after: " });
  });

  it("passes no other upgrade on", async () => {
    const proxy = await nginx([await echoing()]);
    const socket = await upgrade(proxy.httpPort, "/socket.io/", "h2c");
    const answer = await read(socket, /"x-request-id"/);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(answer, /"upgrade"/i);
  });
});
