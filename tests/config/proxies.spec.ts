/** What both proxies promise, each in front of real services. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { IMPATIENT, UNTRUSTED, echo, json, statuses } from "../helpers/nginx-proxy";
import { freePort, send, type Answer, type Backend } from "../helpers/nginx-server";
import { PROXIES, service, type RunningProxy } from "../helpers/proxy-contract";

/** Asks without a pause until told to stop, in several loops. Resolves with every status, or what went wrong instead. */
function underLoad(
  proxy: RunningProxy,
  one: () => Promise<Answer> = () => send(proxy.httpPort, "/"),
): () => Promise<Map<number | string, number>> {
  const found = new Map<number | string, number>();
  let going = true;
  const loop = async (): Promise<void> => {
    while (going) {
      const outcome = await one().then(
        ({ status }) => status,
        (error: unknown) => String(error),
      );
      found.set(outcome, (found.get(outcome) ?? 0) + 1);
    }
  };
  const loops = Array.from({ length: 6 }, loop);
  return async () => {
    going = false;
    await Promise.all(loops);
    return found;
  };
}

/** Waits for something, eight seconds at most. */
async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 8000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await pause(20);
  }
}

for (const { name, proxy: kind, start } of PROXIES) {
  describe(`${name} and the contract of proxies: headers`, () => {
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
        const { headers, headerNames } = await send(proxy.httpPort, path);
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
      const { headers } = await send(proxy.httpPort, "/");
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
        const answer = json(await send(proxy.httpPort, "/", { from, headers }));
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
      assert.deepEqual(await told(UNTRUSTED, "198.51.100.7"), [UNTRUSTED, UNTRUSTED, "http", false]);
    });

    it("logs JSON that neither a client nor a service can break, without query strings", async () => {
      const proxy = await start({ upstream: [await service(echo)] });
      const headers = { "user-agent": 'quote " backslash \\ bracket ]', "x-request-id": "id-1" };
      await send(proxy.httpPort, "/orders/1?token=secret", { headers });
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

    it("limits the client that a trusted proxy names, and no client by a name it made up", async () => {
      const proxy = await start({
        upstream: [await service(echo)],
        rateLimit: { requestsPerSecond: 1 / 60, burst: 0, connections: 100 },
      });
      const get = (from: string, forwardedFor: string): Promise<Answer> =>
        send(proxy.httpPort, "/", { from, headers: { "x-forwarded-for": forwardedFor } });
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
      const admitted = [send(proxy.httpPort, "/"), send(proxy.httpPort, "/")];
      await until(() => waiting.length === 2, "two requests in the service");
      const third = await send(proxy.httpPort, "/");
      assert.deepEqual([third.status, third.headers["retry-after"]], [429, "1"]);
      const other = send(proxy.httpPort, "/", { from: UNTRUSTED });
      await until(() => waiting.length === 3, "a request of another address");
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
      const once = (bytes: number, headers = {}): Promise<Answer> =>
        send(proxy.httpPort, "/", { method: "POST", body: Buffer.alloc(bytes), headers });
      // Whoever is still writing when the proxy has answered and closed may see a broken pipe instead of the answer.
      const post = async (bytes: number, headers = {}, tries = 5): Promise<Answer> => {
        try {
          return await once(bytes, headers);
        } catch (error) {
          const { code = "" } = error as NodeJS.ErrnoException;
          if (tries === 1 || !["EPIPE", "ECONNRESET"].includes(code)) throw error;
          return await post(bytes, headers, tries - 1);
        }
      };
      assert.equal((await post(1024 * 1024)).body.toString(), "1048576");
      const large = await post(1024 * 1024 + 1);
      assert.equal(large.status, 413);
      assert.equal(json(large)["error"], "Content Too Large");
      const hidden = await post(1024 * 1024 + 1, { "transfer-encoding": "chunked" });
      assert.equal(hidden.status, kind === "nginx" ? 413 : 411);
      assert.equal(reached, 1);
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

    it("answers 503 at once when the service has all it can bear", async () => {
      const waiting: (() => void)[] = [];
      const upstream = await service((_, response) => void waiting.push(() => response.end("done")));
      const proxy = await start({
        upstream: [upstream],
        admission: { maxConnections: 2, serverMaxConnections: 2, queue: 1, queueSeconds: 0.5 },
      });
      const admitted = [send(proxy.httpPort, "/"), send(proxy.httpPort, "/")];
      await until(() => waiting.length === 2, "two requests in the service");
      // None of them is answered by the service, which answers nobody before the last line but two.
      const beyond = await Promise.all(Array.from({ length: 8 }, () => send(proxy.httpPort, "/")));
      for (const answer of beyond) {
        assert.equal(answer.status, 503);
        assert.equal(answer.headers["retry-after"], "5");
        assert.equal(json(answer)["error"], "Service Unavailable");
      }
      assert.equal((await send(proxy.httpPort, "/healthz")).status, 200);
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

  describe(`${name} and the contract of proxies: failing services`, () => {
    const named = (id: string): Promise<Backend> =>
      service((_, response) => void setTimeout(() => response.end(id), 3));

    it("fails no GET while one server is killed and another is added", async () => {
      const [first, second, third] = [await named("first"), await named("second"), await named("third")];
      const proxy = await start({ upstream: [first, second] });
      const stop = underLoad(proxy);
      await until(() => first.connections() > 2 && second.connections() > 2, "requests at both servers");
      await first.stop();
      await pause(500);
      await proxy.reload({ upstream: [second, third] });
      await until(() => third.connections() > 2, "requests at the new server");
      const outcomes = await stop();
      assert.deepEqual([...outcomes.keys()], [200]);
      assert.ok((outcomes.get(200) ?? 0) > 20);
    });

    it("fails nothing while it is reloaded under load", async () => {
      const upstream = [await named("first"), await named("second")];
      const proxy = await start({ upstream });
      const stop = underLoad(proxy);
      for (const maxBodyMiB of [2, 3, 4]) {
        await proxy.reload({ upstream, maxBodyMiB });
        await pause(200);
      }
      const outcomes = await stop();
      assert.deepEqual([...outcomes.keys()], [200]);
      assert.ok((outcomes.get(200) ?? 0) > 20);
    });

    it("tries a GET again when the connection breaks, and never a POST that was sent", async () => {
      const arrived: Record<string, number> = {};
      const count = (key: string): void => void (arrived[key] = (arrived[key] ?? 0) + 1);
      const breaking = await service((request) => {
        count(`broken ${request.method}`);
        request.socket.destroy();
      });
      const sound = await service((request, response) => {
        count(`sound ${request.method}`);
        request.resume().once("end", () => response.end("ok"));
      });
      const proxy = await start({ upstream: [breaking, sound] });
      const posts = await statuses(8, () => send(proxy.httpPort, "/", { method: "POST", body: "x" }));
      assert.equal((arrived["broken POST"] ?? 0) + (arrived["sound POST"] ?? 0), 8);
      assert.ok((arrived["broken POST"] ?? 0) > 0);
      assert.equal(posts.filter((status) => status === 502).length, arrived["broken POST"]);
      // Another one, which does not yet know that one of them is broken.
      const other = await start({ upstream: [breaking, sound] });
      assert.deepEqual(new Set(await statuses(8, () => send(other.httpPort, "/"))), new Set([200]));
      assert.ok((arrived["broken GET"] ?? 0) > 0);
    });

    it("answers 504 in JSON when the service is too slow, without asking another one", async () => {
      let asked = 0;
      const silent = (): void => void asked++;
      const proxy = await start({
        upstream: [await service(silent), await service(silent)],
        timeouts: IMPATIENT,
      });
      const answer = await send(proxy.httpPort, "/");
      assert.deepEqual([answer.status, json(answer)["error"], asked], [504, "Gateway Timeout", 1]);
    });

    it("answers in JSON when no server is there, and stays healthy itself", async () => {
      const proxy = await start({ upstream: [{ host: "127.0.0.1", port: await freePort() }] });
      const answer = await send(proxy.httpPort, "/");
      // HAProxy knows that there is none, or finds out.
      assert.ok([502, 503].includes(answer.status), `${answer.status}`);
      assert.equal(json(answer)["requestId"], answer.headers["x-request-id"]);
      for (const port of [proxy.httpPort, proxy.statusPort]) {
        assert.equal((await send(port, "/healthz")).status, 200);
      }
    });

    it("passes on the service's own errors, and says when to come back if the service does not", async () => {
      const upstream = await service((request, response) => {
        if (request.url === "/known") response.setHeader("Retry-After", "120");
        response.writeHead(503).end("closed for repairs");
      });
      const proxy = await start({ upstream: [upstream] });
      const [known, unknown] = [await send(proxy.httpPort, "/known"), await send(proxy.httpPort, "/")];
      assert.equal(known.body.toString(), "closed for repairs");
      assert.deepEqual([known.headers["retry-after"], unknown.headers["retry-after"]], ["120", "5"]);
      assert.ok((await proxy.accessLog(2)).every((line) => line.includes('"rejection":""')));
    });

    it("finishes what it has when it is told to stop, and takes nothing new", async () => {
      const upstream = await service((_, response) => void setTimeout(() => response.end("done"), 600));
      const proxy = await start({ upstream: [upstream] });
      let arrived = 0;
      upstream.server.on("request", ({ url }) => url === "/" && arrived++);
      const answer = send(proxy.httpPort, "/");
      await until(() => arrived === 1, "the request at the service");
      const code = proxy.quit();
      assert.equal((await answer).body.toString(), "done");
      assert.equal(await code, 0);
      await assert.rejects(send(proxy.httpPort, "/"), { code: "ECONNREFUSED" });
    });

    it("waits for an answer longer than it waits for a slow client", async () => {
      const upstream = await service((_, response) => void setTimeout(() => response.end("late"), 1500));
      const proxy = await start({ upstream: [upstream], slowClientSeconds: 0.5 });
      assert.equal((await send(proxy.httpPort, "/")).body.toString(), "late");
    });

    it("uses its connections to the service again", async () => {
      const upstream = await service(echo);
      const proxy = await start({ upstream: [upstream] });
      const before = upstream.connections();
      assert.deepEqual(new Set(await statuses(40, () => send(proxy.httpPort, "/"))), new Set([200]));
      // Two workers or threads, and health checks meanwhile.
      assert.ok(upstream.connections() - before <= 8, `${upstream.connections() - before} for 40 requests`);
    });
  });
}
