/** What both proxies promise, each in front of real services: headers and limits. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../helpers/eventually";
import { UNTRUSTED, echo, json, statuses } from "../helpers/nginx-proxy";
import { send, type Answer, type RequestOptions } from "../helpers/send";
import { PROXIES, onEveryProtocol, service } from "../helpers/proxy-contract";
import { underLoad } from "../helpers/under-load";

describe("the contract of proxies: headers", () => {
  onEveryProtocol(({ start }, { scheme, send }) => {
    it("sends each security header once, over the service's own, and on errors as well", async () => {
      const upstream = await service((request, response) => {
        response.writeHead(request.url === "/missing" ? 404 : 200, {
          "X-Frame-Options": "ALLOWALL",
          "X-Powered-By": "Express",
          "Strict-Transport-Security": "max-age=1",
        });
        response.end("ok");
      });
      const proxy = await start({ upstream: [upstream], headers: { owner: "proxy", hsts: true } });
      for (const path of ["/", "/missing", "/healthz"]) {
        const { headers, headerNames } = await send(proxy, path);
        const security = Object.fromEntries(
          Object.entries(headers).filter(([header]) => /policy|^strict|^x-(?!request)/.test(header)),
        );
        assert.deepEqual(security, {
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

    it("leaves them to the edge where that is the owner, and passes none of the service's on", async () => {
      const upstream = await service((_, response) => {
        response.writeHead(200, {
          "X-Frame-Options": "DENY",
          "Content-Security-Policy": "default-src 'none'",
        });
        response.end("ok");
      });
      const proxy = await start({ upstream: [upstream], headers: { owner: "edge", hsts: true } });
      const { headers } = await send(proxy, "/");
      const found = Object.keys(headers).filter((header) => /^strict|^x-|policy/.test(header));
      assert.deepEqual(found.sort(), ["content-security-policy", "x-request-id"]);
      assert.equal(headers["content-security-policy"], "default-src 'none'");
    });

    it("takes a client's address, scheme and request id from trusted ranges only", async () => {
      const proxy = await start({ upstream: [await service(echo)] });
      const told = async (from: string, forwardedFor: string): Promise<unknown[]> => {
        const headers = {
          "x-forwarded-for": forwardedFor,
          "x-forwarded-proto": "https",
          "x-request-id": "trace-1",
        };
        const answer = json(await send(proxy, "/", { from, headers }));
        const names = ["x-forwarded-for", "x-real-ip", "x-forwarded-proto"];
        return [...names.map((header) => answer[header]), answer["x-request-id"] === "trace-1"];
      };
      assert.deepEqual(await told("127.0.0.1", "198.51.100.7"), [
        "198.51.100.7",
        "198.51.100.7",
        "https",
        true,
      ]);
      // What the client made up stands left of what the load balancers added.
      assert.deepEqual(await told("127.0.0.1", "192.0.2.1, 198.51.100.7, 10.1.2.3, 10.4.5.6"), [
        "198.51.100.7",
        "198.51.100.7",
        "https",
        true,
      ]);
      assert.deepEqual(await told("127.0.0.1", "2001:db8::7"), ["2001:db8::7", "2001:db8::7", "https", true]);
      assert.deepEqual(await told(UNTRUSTED, "198.51.100.7"), [UNTRUSTED, UNTRUSTED, scheme, false]);
    });

    it("logs JSON that neither a client nor a service can break, without query strings", async () => {
      const proxy = await start({ upstream: [await service(echo)] });
      const headers = { "user-agent": 'quote " backslash \\ bracket ]', "x-request-id": "id-1" };
      await send(proxy, "/orders/1?token=secret", { headers });
      const [line = ""] = await proxy.accessLog(1);
      assert.doesNotMatch(line, /secret/);
      const { requestId, client, peer, method, path, status, rejection, userAgent } = JSON.parse(
        line,
      ) as Record<string, unknown>;
      assert.deepEqual(
        { requestId, client, peer, method, path, status, rejection, userAgent },
        {
          requestId: "id-1",
          client: "127.0.0.1",
          peer: "127.0.0.1",
          method: "GET",
          path: "/orders/1",
          status: "200",
          rejection: "",
          userAgent: headers["user-agent"],
        },
      );
    });
  });
});

describe("the contract of proxies: limits", () => {
  onEveryProtocol(({ start, proxy: kind }, { name: protocol, send }) => {
    it("limits the client that a trusted proxy names, and no client by a name it made up", async () => {
      const proxy = await start({
        upstream: [await service(echo)],
        rateLimit: { requestsPerSecond: 1 / 60, burst: 0, connections: 100 },
      });
      const get = (from: string, forwardedFor: string): Promise<Answer> =>
        send(proxy, "/", { from, headers: { "x-forwarded-for": forwardedFor } });
      assert.deepEqual(await statuses(3, (i) => get("127.0.0.1", `203.0.113.${i}`)), [200, 200, 200]);
      assert.deepEqual(await statuses(3, (i) => get(UNTRUSTED, `198.51.100.${i}`)), [200, 429, 429]);
    });

    it("limits requests in flight of one address", async () => {
      const waiting: (() => void)[] = [];
      const upstream = await service((_, response) => void waiting.push(() => response.end("done")));
      const proxy = await start({
        upstream: [upstream],
        rateLimit: { requestsPerSecond: 1000, burst: 100, connections: 2 },
      });
      const admitted = [send(proxy, "/"), send(proxy, "/")];
      await eventually("two requests in the service", () => waiting.length === 2);
      const third = await send(proxy, "/");
      assert.deepEqual([third.status, third.headers["retry-after"]], [429, "1"]);
      const other = send(proxy, "/", { from: UNTRUSTED });
      await eventually("a request of another address", () => waiting.length === 3);
      for (const answer of waiting) answer();
      assert.deepEqual(
        (await Promise.all([...admitted, other])).map(({ status }) => status),
        [200, 200, 200],
      );
      const lines = await proxy.accessLog(4);
      assert.equal(lines.filter((line) => line.includes("rate limit: connections")).length, 1);
    });

    it("refuses a body that is too large, and one that hides how large it is", async () => {
      let reached = 0;
      const upstream = await service((request, response) => {
        let bytes = 0;
        request.on("data", (chunk: Buffer) => (bytes += chunk.length));
        request.once("end", () => {
          reached++;
          response.end(String(bytes));
        });
      });
      const proxy = await start({ upstream: [upstream] });
      const limit = 1024 * 1024;
      const post = (options: RequestOptions): Promise<Answer> =>
        send(proxy, "/", { method: "POST", ...options });
      assert.equal((await post({ body: Buffer.alloc(limit) })).body.toString(), String(limit));
      // Whoever is still writing when the proxy has answered and closed may see a broken pipe instead of the answer:
      // here nothing is under way when the proxy refuses.
      const large = await post({
        headers: { "content-length": String(limit + 1) },
        body: Buffer.alloc(limit + 1),
        expectContinue: true,
      });
      assert.equal(large.status, 413);
      assert.equal(json(large)["error"], "Content Too Large");
      const refused = post({
        headers: { "transfer-encoding": "chunked" },
        // All that is allowed, and the first byte of another chunk.
        body: (request) =>
          request.write(Buffer.alloc(limit), () =>
            protocol === "HTTP/2" ? request.write("x") : request.socket?.write("1\r\nx"),
          ),
        expectContinue: true,
      });
      const hidden = await refused.then(
        ({ status }) => status,
        // HAProxy refuses it after the first bytes, and the client's next ones end the connection before it has read that.
        () => (kind === "nginx" ? "closed" : 411),
      );
      assert.equal(hidden, kind === "nginx" ? 413 : 411);
      assert.equal(reached, 1);
    });

    it("answers 503 at once when the service has all it can bear", async () => {
      const waiting: (() => void)[] = [];
      const upstream = await service((_, response) => void waiting.push(() => response.end("done")));
      const proxy = await start({
        upstream: [upstream],
        admission: { maxConnections: 2, serverMaxConnections: 2, queue: 1, queueSeconds: 0.5 },
      });
      const admitted = [send(proxy, "/"), send(proxy, "/")];
      await eventually("two requests in the service", () => waiting.length === 2);
      // None of them is answered by the service, which answers nobody before the last line but two.
      const beyond = await Promise.all(Array.from({ length: 8 }, () => send(proxy, "/")));
      for (const answer of beyond) {
        assert.equal(answer.status, 503);
        assert.equal(answer.headers["retry-after"], "5");
        assert.equal(json(answer)["error"], "Service Unavailable");
      }
      assert.equal((await send(proxy, "/healthz")).status, 200);
      assert.equal(waiting.length, 2);
      for (const answer of waiting) answer();
      assert.deepEqual(
        (await Promise.all(admitted)).map(({ status }) => status),
        [200, 200],
      );
      const lines = await proxy.accessLog(10);
      assert.equal(lines.filter((line) => line.includes('"rejection":"overload"')).length, 8);
    });
  });
});

for (const { name, start } of PROXIES) {
  describe(`${name} and the contract of proxies: limits`, () => {
    it("lets the promised rate through and answers 429 with Retry-After beyond it", async () => {
      const proxy = await start({
        upstream: [await service(echo)],
        rateLimit: { requestsPerSecond: 50, burst: 10, connections: 100 },
      });
      let passed = 0;
      const refused: Answer[] = [];
      const stop = underLoad(proxy, async () => {
        const answer = await send(proxy.httpPort, "/");
        if (answer.status === 429) refused.push(answer);
        else passed++;
        return answer;
      });
      // The burst is over by then.
      await pause(2500);
      const [from, before] = [performance.now(), passed];
      await pause(4000);
      const [seconds, counted] = [(performance.now() - from) / 1000, passed - before];
      const outcomes = await stop();
      assert.deepEqual(new Set(outcomes.keys()), new Set([200, 429]));
      const rate = counted / seconds;
      assert.ok(rate > 45 && rate < 55, `${rate} of 50 requests/s passed`);
      const [first] = refused;
      assert.ok(first);
      assert.equal(first.headers["retry-after"], "1");
      assert.deepEqual(json(first), {
        status: 429,
        error: "Too Many Requests",
        requestId: first.headers["x-request-id"],
      });
      const lines = await proxy.accessLog(1);
      const found = lines.filter((line) => line.includes("rate limit"));
      assert.ok(found.length > 0);
      assert.ok(found.every((line) => (JSON.parse(line) as { status: string }).status === "429"));
    });

    it("closes clients that are slow on purpose, and serves the others meanwhile", async () => {
      const proxy = await start({ upstream: [await service(echo)], slowClientSeconds: 1 });
      const slow = Array.from({ length: 40 }, async (_, index) => {
        const socket = connect(proxy.httpPort, "127.0.0.1").on("error", () => undefined);
        socket.resume();
        const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
        const head =
          index % 2 === 0
            ? "GET / HTTP/1.1\r\nHost: example.org\r\nX-Slow: "
            : "POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 100000\r\n\r\n";
        socket.write(head);
        // Half of them keep sending, a byte of an endless header at a time.
        const drip = setInterval(() => index % 2 === 0 && socket.writable && socket.write("a"), 100);
        await closed;
        clearInterval(drip);
        return true;
      });
      assert.deepEqual(new Set(await statuses(20, () => send(proxy.httpPort, "/"))), new Set([200]));
      assert.equal((await Promise.all(slow)).length, 40);
    });
  });
}
