import assert from "node:assert/strict";
import { once } from "node:events";
import { gunzipSync } from "node:zlib";
import { timeoutChain } from "../../budget/timeouts/timeouts";
import {
  ACCESS_LOG_FIELDS,
  ACCESS_LOG_NUMBERS,
  nginxConf,
  type NginxConfArgs,
} from "../../components/load-balancing/proxy/nginx/nginx-conf";
import { freePort } from "../../cli/free-port";
import { checkNginxConf, http2Of } from "../helpers/nginx-server";
import { onEveryVersion } from "../helpers/programs";
import { send, type Answer } from "../helpers/send";
import {
  UNTRUSTED,
  WORKERS,
  rendered,
  IMPATIENT,
  backend,
  nginx,
  echo,
  json,
  statuses,
} from "../helpers/nginx-proxy";

onEveryVersion("nginx", (version) => {
  describe("nginx.conf, read by nginx", () => {
    const text = (change: Partial<NginxConfArgs>): string =>
      nginxConf({
        ...rendered,
        upstream: [{ host: "127.0.0.1", port: 3000 }],
        scratch: "$SCRATCH",
        accessLog: "$SCRATCH/access.log",
        listen: { http: "127.0.0.1:18080", https: "127.0.0.1:18443", status: "127.0.0.1:18081" },
        http2: http2Of(version),
        ...change,
      });

    const accepted: [string, Partial<NginxConfArgs>][] = [
      ["the plainest case", { trustedProxies: [], routes: [] }],
      [
        "TLS in front, every kind of route and trusted ranges of both families",
        {
          headers: { owner: "proxy", hsts: true },
          routes: [
            { path: "/socket.io/", kind: "websocket" },
            { path: "/events", kind: "sse" },
            { path: "/quotes.Quotes/", kind: "grpc", port: 50051 },
          ],
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
      ["the timeout chain of AWS", { timeouts: timeoutChain({ maxRequestSeconds: 0.25, cloud: "aws" }) }],
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
      const proxy = await nginx([service], { headers: { owner: "proxy", hsts: true } });
      for (const path of ["/", "/missing", "/healthz"]) {
        const { headers, headerNames } = await send(proxy.httpPort, path);
        const sent = Object.fromEntries(
          Object.entries(headers).filter(
            ([name]) =>
              !/^(date|connection|content-(type|length)|transfer-encoding|x-request-id)$/.test(name),
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
        rejection: "",
        route: "application/",
        upstream: `127.0.0.1:${service.port}`,
        upstreamStatus: "200",
        userAgent: 'quote " and \\',
      });
      assert.ok(!Number.isNaN(Date.parse(String(time))));
      for (const seconds of [upstreamConnectSeconds, upstreamHeaderSeconds, upstreamResponseSeconds]) {
        assert.match(String(seconds), /^\d+\.\d{3}$/);
      }
      for (const number of [requestBytes, responseBytes, requestSeconds])
        assert.equal(typeof number, "number");
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
});
