import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Backend } from "../helpers/backend";
import { onEveryVersion } from "../helpers/programs";
import { send, type Answer } from "../helpers/send";
import {
  UNTRUSTED,
  rendered,
  IMPATIENT,
  started,
  backend,
  nginx,
  echo,
  json,
  statuses,
} from "../helpers/nginx-proxy";

onEveryVersion("nginx", () => {
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
      assert.equal((await send(proxy.httpPort, "/", { headers: { cookie: "c".repeat(9000) } })).status, 200);
      const cookies = await send(proxy.httpPort, "/", { headers: { cookie: "c".repeat(40_000) } });
      assert.equal(cookies.status, 431);
      assert.equal(json(cookies)["error"], "Request Header Fields Too Large");
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

    it("makes an ordinary request of one anywhere else", async () => {
      const proxy = await nginx([await echoing()]);
      const socket = await upgrade(proxy.httpPort, "/elsewhere", "websocket");
      const answer = await read(socket, /"x-request-id"/);
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
      assert.doesNotMatch(answer, /"upgrade"/i);
    });

    it("passes no other upgrade on", async () => {
      const proxy = await nginx([await echoing()]);
      const socket = await upgrade(proxy.httpPort, "/socket.io/", "h2c");
      const answer = await read(socket, /"x-request-id"/);
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
      assert.doesNotMatch(answer, /"upgrade"/i);
    });
  });
});
