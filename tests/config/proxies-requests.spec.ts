/** What both proxies refuse of a request, and what of it they keep from the service, over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { IMPATIENT, UNTRUSTED, echo, json, statuses } from "../helpers/nginx-proxy";
import { onEveryProtocol, service } from "../helpers/proxy-contract";
import type { Answer, RequestOptions } from "../helpers/send";

/** A service that says what it was asked for. */
const parrot: Parameters<typeof service>[0] = (request, response) => response.end(request.url);

describe("the contract of proxies: requests", () => {
  onEveryProtocol(({ start, proxy: kind }, { name: protocol, send }) => {
    it("keeps private paths to the cluster, in every spelling that some service would take for one", async () => {
      const proxy = await start({ upstream: [await service(parrot)] });
      for (const path of [
        "/metrics",
        "/metrics?name=x",
        "/metrics/",
        "/metrics/process",
        "/metrics;a=b",
        "//metrics",
        "/%6detrics",
        "/METRICS",
        "/Metric%53/",
        "/internal/ready",
        "///internal/ready",
        "/internal%2fready",
      ]) {
        const answer = await send(proxy, path);
        assert.equal(answer.status, 404, path);
        assert.equal(json(answer)["error"], "Not Found", path);
      }
      for (const path of ["/metricsx", "/api/metrics", "/internal/ready-made", "/?path=/metrics"]) {
        assert.equal((await send(proxy, path)).body.toString(), path);
      }
    });

    it("refuses paths with dot segments, however they are spelled, and passes on what only looks like it", async () => {
      const proxy = await start({ upstream: [await service(parrot)] });
      for (const path of [
        "/a/../b",
        "/./b",
        "/a/%2e%2e/b",
        "/a/.%2E",
        "/api/offers/..%2f..%2fsocket.io%2f",
        "/a/..%5cb",
        "/a/..;x=1/metrics",
        "/socket.io/../api/offers",
      ]) {
        const answer = await send(proxy, path);
        assert.equal(answer.status, 404, path);
        assert.equal(json(answer)["error"], "Not Found", path);
      }
      for (const path of ["/a..b/c.d", "/.well-known/x", "/files/a%2Fb", "/?next=/../a", "/a/...", "/a//b"]) {
        const answer = await send(proxy, path);
        assert.deepEqual([answer.status, answer.body.toString()], [200, path]);
      }
    });

    it("gives the time of a stream to the path of a stream alone", async () => {
      const silent = await service(() => undefined);
      const proxy = await start({ upstream: [silent], timeouts: IMPATIENT });
      for (const path of ["//socket.io/a", "/socket.iox", "/SOCKET.IO/a"]) {
        assert.equal((await send(proxy, path)).status, 504, path);
      }
    });

    it("tells the service no name, address or target that a client made up, trusted peer or not", async () => {
      const proxy = await start({ upstream: [await service(echo)] });
      const invented = {
        forwarded: "for=6.6.6.6;host=evil.example",
        "x-forwarded-port": "1",
        "x-forwarded-prefix": "/evil",
        "x-forwarded-server": "evil",
        "x-forwarded-scheme": "https",
        "x-forwarded-ssl": "on",
        "x-original-url": "/admin",
        "x-rewrite-url": "/admin",
        "true-client-ip": "6.6.6.6",
        "cf-connecting-ip": "6.6.6.6",
        "x-client-ip": "6.6.6.6",
        x_forwarded_for: "6.6.6.6",
        x_real_ip: "6.6.6.6",
        proxy: "http://evil.example",
      };
      for (const from of ["127.0.0.1", UNTRUSTED]) {
        const seen = json(await send(proxy, "/", { from, headers: { ...invented, "x-own": "kept" } }));
        assert.deepEqual(
          Object.keys(invented).filter((header) => header in seen),
          [],
        );
        assert.equal(seen["x-own"], "kept");
        assert.equal(seen["x-forwarded-for"], from);
      }
    });

    it("counts a client of IPv6 by its network, and one of IPv4 however it is written", async () => {
      const proxy = await start({
        upstream: [await service(echo)],
        rateLimit: { requestsPerSecond: 1 / 60, burst: 0, connections: 100 },
      });
      const get = (client: string): Promise<Answer> =>
        send(proxy, "/", { headers: { "x-forwarded-for": client } });
      const sameNetwork = await statuses(3, (i) => get(`2001:db8:1:2:${i}::${i}`));
      assert.deepEqual(sameNetwork, [200, 429, 429]);
      assert.equal((await get("2001:db8:1:3::1")).status, 200);
      assert.equal((await get("203.0.113.4")).status, 200);
      assert.equal((await get("::ffff:203.0.113.4")).status, 429);
      assert.equal((await get("::ffff:203.0.113.5")).status, 200);
    });

    it("believes nothing left of an entry that is no address", async () => {
      const proxy = await start({ upstream: [await service(echo)] });
      const seen = json(await send(proxy, "/", { headers: { "x-forwarded-for": "198.51.100.7, unknown" } }));
      assert.equal(seen["x-forwarded-for"], "127.0.0.1");
      const deeper = { "x-forwarded-for": "198.51.100.7, unknown, 10.1.2.3" };
      assert.equal(json(await send(proxy, "/", { headers: deeper }))["x-forwarded-for"], "10.1.2.3");
    });

    it("answers 421 for a host that is not its own, and knows the others in any case", async () => {
      const proxy = await start({
        upstream: [await service(echo)],
        hosts: ["app.example.org", "*.shop.example.org"],
      });
      const ask = (host: string, path = "/"): Promise<Answer> => send(proxy, path, { headers: { host } });
      for (const host of ["app.example.org", "APP.example.org:443", "a.shop.example.org"]) {
        assert.equal((await ask(host)).status, 200, host);
      }
      for (const host of ["evil.example", "app.example.org.evil.example", "shop.example.org", "127.0.0.1"]) {
        const answer = await ask(host);
        assert.equal(answer.status, 421, host);
        assert.equal(json(answer)["error"], "Misdirected Request", host);
        assert.equal(answer.headers["x-content-type-options"], "nosniff");
      }
      // Probes ask by address.
      assert.equal((await ask("127.0.0.1", "/healthz")).status, 200);
    });

    it("bounds a body that does not say how long it is", async () => {
      let read = 0;
      const upstream = await service((request, response) => {
        request.on("data", (chunk: Buffer) => (read += chunk.length));
        request.once("end", () => response.end("read"));
      });
      const proxy = await start({ upstream: [upstream] });
      const post = (bytes: number): Promise<Answer> => {
        const body: RequestOptions["body"] = (request) => {
          request.write(Buffer.alloc(bytes / 2));
          request.end(Buffer.alloc(bytes / 2));
        };
        return send(proxy, "/", { method: "POST", headers: { "transfer-encoding": "chunked" }, body });
      };
      assert.equal((await post(2000)).body.toString(), "read");
      assert.equal(read, 2000);
      // nginx counts as it reads; HAProxy has to have the whole of it first.
      const small = await post(4000);
      assert.equal(small.status, kind === "nginx" ? 200 : 411);
      if (kind === "haproxy") assert.equal(json(small)["error"], "Length Required");
      read = 0;
      // The answer may be lost behind what is still being written; what counts is that the service sees nothing.
      const refused = await post(3 * 1024 * 1024).then(
        ({ status }) => status,
        () => "closed",
      );
      assert.ok([411, 413, "closed"].includes(refused), String(refused));
      await pause(100);
      assert.equal(read, 0);
    });

    it("passes on 16 KiB of headers in either direction, and refuses much more", async () => {
      const upstream = await service((request, response) => {
        if (request.url === "/large") response.setHeader("set-cookie", `jwt=${"j".repeat(16_384)}`);
        response.end(String(Object.keys(request.headers).length));
      });
      const proxy = await start({ upstream: [upstream] });
      const cookie = (bytes: number): RequestOptions => ({ headers: { cookie: "c".repeat(bytes) } });
      // What Node reads is 16 KiB with everything that the proxy adds.
      assert.equal((await send(proxy, "/", cookie(15_500))).status, 200);
      assert.equal((await send(proxy, `/${"u".repeat(15_000)}`)).status, 200);
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`x-${i}`, `${i}`]));
      assert.ok(Number((await send(proxy, "/", { headers: many })).body.toString()) > 400);
      const answer = await send(proxy, "/large");
      assert.equal(answer.status, 200);
      assert.equal(String(answer.headers["set-cookie"]).length, 16_388);
      const tooLarge = await send(proxy, "/", cookie(40_000)).then(
        ({ status }) => status,
        () => "closed",
      );
      assert.ok(
        [400, 431, ...(protocol === "HTTP/2" ? ["closed"] : [])].includes(tooLarge),
        String(tooLarge),
      );
    });
  });
});
