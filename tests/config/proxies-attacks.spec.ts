/** What one hostile client can do to the others, and to the service: nothing. Both proxies, with real connections. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { eventually } from "../helpers/eventually";
import { UNTRUSTED, echo, json, started, statuses } from "../helpers/nginx-proxy";
import { PROXIES, service } from "../helpers/proxy-contract";
import { send } from "../helpers/send";

/** Another address than the attacker's. */
const BYSTANDER = "127.0.0.9";

/** Little, as one pod of a fleet has it: six of HAProxy's. */
const ADMISSION = { maxConnections: 89, serverMaxConnections: 6, queue: 84, queueSeconds: 1 };

/** What the shipped stacks give one address. */
const LIMIT = { requestsPerSecond: 20, burst: 40, connections: 50 };

const WEBSOCKET = "connection: upgrade, upgrade: websocket";

function socketTo(port: number, from = UNTRUSTED): Socket {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from });
  socket.on("error", () => undefined);
  started.push({ stop: () => Promise.resolve(void socket.destroy()) });
  return socket;
}

/** Everything that comes until the connection ends, or for a while. */
async function heard(socket: Socket, ms: number): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  await Promise.race([once(socket, "close"), pause(ms)]);
  return text;
}

/** A service in raw bytes: records what it gets, and answers as it is told. */
async function recorder(answer: string): Promise<{ host: string; port: number; seen: () => string }> {
  let seen = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const text = chunk.toString("latin1");
      if (text.startsWith("GET /ready")) {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      seen += text;
      socket.write(answer);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  started.push({
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, seen: () => seen };
}

for (const { name, proxy: kind, start } of PROXIES) {
  describe(`${name} and hostile clients`, () => {
    it("answers everybody else while one address sends forty bodies a byte at a time", async () => {
      const upstream = await service((request, response) => {
        request.resume().once("end", () => response.end("done"));
      });
      const proxy = await start({ upstream: [upstream], admission: ADMISSION, rateLimit: LIMIT });
      const slow = Array.from({ length: 40 }, () => {
        const socket = socketTo(proxy.httpPort);
        socket.write("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\n");
        socket.write(Buffer.alloc(20_480));
        return socket;
      });
      const drip = setInterval(() => slow.forEach((socket) => socket.writable && socket.write("a")), 1000);
      try {
        await pause(1500);
        const small = await statuses(20, () => send(proxy.httpPort, "/", { from: BYSTANDER }));
        assert.deepEqual(new Set(small), new Set([200]));
        const body = Buffer.alloc(500_000);
        const large = await statuses(5, () =>
          send(proxy.httpPort, "/", { from: BYSTANDER, method: "POST", body }),
        );
        assert.deepEqual(new Set(large), new Set([200]));
      } finally {
        clearInterval(drip);
      }
    });

    it("answers everybody else while one address upgrades 48 connections where nothing is upgraded", async () => {
      const upstream = await service(echo);
      const sockets = new WebSocketServer({ server: upstream.server });
      const proxy = await start({ upstream: [upstream], admission: ADMISSION, rateLimit: LIMIT });
      const answers = await Promise.all(
        Array.from({ length: 48 }, async () => {
          const socket = socketTo(proxy.httpPort);
          socket.write(
            "GET /a HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
          );
          return heard(socket, 1000);
        }),
      );
      assert.equal(sockets.clients.size, 0);
      assert.equal(answers.filter((answer) => answer.startsWith("HTTP/1.1 101")).length, 0);
      const others = await statuses(10, () => send(proxy.httpPort, "/", { from: BYSTANDER }));
      assert.deepEqual(new Set(others), new Set([200]));
    });

    it("upgrades to WebSockets alone, and tells the service so in its own words", async () => {
      const upstream = await recorder(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\ntunnel",
      );
      const proxy = await start({ upstream: [upstream] });
      // HAProxy 3.2 leaves only the WebSocket of a list when it reads it.
      const asked: [string, "never" | "perhaps" | "passed"][] = [
        ["Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ", "never"],
        ["Upgrade: websocket, h2c\r\nConnection: Upgrade", "perhaps"],
        ["Upgrade: h2c, websocket\r\nConnection: Upgrade", "perhaps"],
        ["Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: Upgrade", "perhaps"],
        ["Upgrade: WebSocket\r\nConnection: Upgrade, X-Forwarded-For, X-Real-IP", "passed"],
      ];
      for (const [lines, passed] of asked) {
        const before = upstream.seen().length;
        const socket = socketTo(proxy.httpPort);
        const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
        socket.write(`GET /socket.io/ HTTP/1.1\r\nHost: a.example\r\n${key}\r\n${lines}\r\n\r\n`);
        await heard(socket, 300);
        const told = upstream.seen().slice(before);
        assert.match(told, /^GET \/socket\.io\/ HTTP\/1\.1\r\n/, lines);
        const upgrade = [...told.matchAll(/^(upgrade|connection): *(.*)\r$/gim)].map(
          ([, field = "", value = ""]) => `${field}: ${value}`.toLowerCase(),
        );
        const words = upgrade
          .filter((line) => line !== "connection: close")
          .sort()
          .join(", ");
        const allowed = { never: [""], passed: [WEBSOCKET], perhaps: ["", WEBSOCKET] }[passed];
        assert.ok(allowed.includes(words), `${lines} became ${told}`);
        assert.doesNotMatch(told, /http2-settings/i);
        assert.match(told, /x-forwarded-for: 127\.0\.0\.2/i);
      }
    });

    it("makes no tunnel by CONNECT and echoes nothing by TRACE", async () => {
      const upstream = await recorder("HTTP/1.1 200 OK\r\n\r\n");
      const proxy = await start({ upstream: [upstream] });
      for (const line of ["CONNECT app.example.org:443 HTTP/1.1", "CONNECT / HTTP/1.1", "TRACE / HTTP/1.1"]) {
        const socket = socketTo(proxy.httpPort);
        socket.write(`${line}\r\nHost: app.example.org:443\r\n\r\n`);
        const answer = await heard(socket, 1000);
        // Where the target does not fit the method it is no request at all.
        assert.match(answer, /^HTTP\/1\.1 40[05] /, line);
      }
      const trace = await send(proxy.httpPort, "/", { method: "TRACE" });
      assert.equal(trace.status, 405);
      assert.equal(json(trace)["error"], "Method Not Allowed");
      assert.equal(upstream.seen(), "");
    });

    it("holds bodies of unknown length to the limit, also of HTTP/2 on the plain port", async () => {
      const upstream = await recorder("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      const proxy = await start({ upstream: [upstream] });
      const socket = socketTo(proxy.httpPort);
      // The preface, empty SETTINGS, and HEADERS of POST / of a.example (static table, no Huffman), then DATA.
      const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
        const head = Buffer.alloc(9);
        head.writeUIntBE(payload.length, 0, 3);
        head.writeUInt8(type, 3);
        head.writeUInt8(flags, 4);
        head.writeUInt32BE(stream, 5);
        return Buffer.concat([head, payload]);
      };
      const fields = Buffer.concat([Buffer.from([0x83, 0x86, 0x84, 0x41, 9]), Buffer.from("a.example")]);
      socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      socket.write(Buffer.concat([frame(4, 0, 0, Buffer.alloc(0)), frame(1, 4, 1, fields)]));
      // As much as the window of a new stream holds.
      for (let sent = 0; sent < 4; sent++) socket.write(frame(0, 0, 1, Buffer.alloc(16_000)));
      await heard(socket, 1500);
      assert.equal(upstream.seen(), "");
    });

    if (kind === "haproxy")
      it("bounds the connections of one address, idle ones among them, but not those of load balancers", async () => {
        const proxy = await start({
          upstream: [await service(echo)],
          rateLimit: { requestsPerSecond: 1000, burst: 100, connections: 10 },
        });
        // An eighth of 1,024.
        const idle = Array.from({ length: 160 }, () => socketTo(proxy.httpPort));
        const open = (): number => idle.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
        for (const socket of idle) socket.resume();
        await eventually("refused connections", open, (count) => count <= 128);
        assert.ok(open() >= 120, `${open()} open`);
        assert.equal((await send(proxy.httpPort, "/", { from: BYSTANDER })).status, 200);
        const balancers = Array.from({ length: 160 }, () => socketTo(proxy.httpPort, "127.0.0.1"));
        await pause(500);
        assert.equal(balancers.filter(({ destroyed }) => destroyed).length, 0);
      });
  });
}
