/** What both proxies promise of what stays open: WebSockets, server-sent events, gRPC. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import {
  connect as http2Connect,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket, WebSocketServer } from "ws";
import { makeCertificate, type TestCertificate } from "../helpers/certificates";
import { IMPATIENT, echo, started } from "../helpers/nginx-proxy";
import type { Backend } from "../helpers/backend";
import { send } from "../helpers/send";
import { http2Session } from "../helpers/send-http2";
import { PROXIES, service } from "../helpers/proxy-contract";

/** A service whose WebSockets send everything back. */
async function echoing(): Promise<Backend> {
  const upstream = await service(echo);
  const sockets = new WebSocketServer({ server: upstream.server });
  sockets.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  return upstream;
}

async function opened(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { rejectUnauthorized: false });
  started.push({ stop: () => Promise.resolve(socket.terminate()) });
  await once(socket, "open");
  return socket;
}

async function answered(socket: WebSocket, text: string): Promise<string> {
  const message = once(socket, "message") as Promise<[Buffer]>;
  socket.send(text);
  const [data] = await message;
  return data.toString();
}

/** A gRPC message: a flag, a length and its bytes. */
function framed(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

/** A service that speaks HTTP/2 without TLS, sends every message back and ends with a status in its trailers. */
async function grpcService(): Promise<{ host: string; port: number }> {
  const server: Http2Server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.pipe(stream);
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  started.push({
    stop: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

for (const { name, proxy: kind, start } of PROXIES) {
  describe(`${name} and the contract of proxies: WebSockets`, () => {
    it("passes them on, and keeps a silent one open where they are expected", async () => {
      const proxy = await start({ upstream: [await echoing()], timeouts: IMPATIENT, slowClientSeconds: 0.5 });
      const socket = await opened(`ws://127.0.0.1:${proxy.httpPort}/socket.io/?EIO=4`);
      assert.equal(await answered(socket, "first"), "first");
      // Longer than the half second that other requests may take, and that a slow client has.
      await pause(1500);
      assert.equal(await answered(socket, "second"), "second");
    });

    it("does not let them use up what ordinary requests may", async () => {
      const proxy = await start({
        upstream: [await echoing()],
        admission: { maxConnections: 1, serverMaxConnections: 1, queue: 1, queueSeconds: 0.5 },
      });
      const sockets = await Promise.all(
        [1, 2, 3].map(() => opened(`ws://127.0.0.1:${proxy.httpPort}/socket.io/`)),
      );
      assert.equal((await send(proxy.httpPort, "/")).status, 200);
      assert.deepEqual(await Promise.all(sockets.map((socket) => answered(socket, "on"))), [
        "on",
        "on",
        "on",
      ]);
    });

    // RFC 8441, which browsers use with whoever offers it. nginx does not.
    if (kind === "haproxy")
      it("passes those of HTTP/2 on, and no other tunnel", async () => {
        const certificate = await makeCertificate("app.example.org");
        started.push(certificate);
        const proxy = await start({
          upstream: [await echoing()],
          tls: { certificate: certificate.certificate, key: certificate.key, plainPort: "off" },
        });
        const session = await http2Session(proxy.httpsPort);
        started.push({ stop: () => Promise.resolve(session.destroy()) });
        await once(session, "remoteSettings");
        const status = async (headers: Record<string, string>): Promise<unknown> => {
          const stream = session.request(
            { ":method": "CONNECT", ":authority": "app.example.org", ...headers },
            { endStream: false },
          );
          stream.on("error", () => undefined);
          const [response] = (await once(stream, "response")) as [Record<string, unknown>];
          stream.close();
          return response[":status"];
        };
        const websocket = { ":protocol": "websocket", ":scheme": "https", "sec-websocket-version": "13" };
        assert.equal(await status({ ...websocket, ":path": "/socket.io/" }), 200);
        assert.equal(await status({}), 405);
      });

    it("keeps them open over a reload", async () => {
      const upstream = [await echoing()];
      const proxy = await start({ upstream });
      const socket = await opened(`ws://127.0.0.1:${proxy.httpPort}/socket.io/`);
      await proxy.reload({ upstream, maxBodyMiB: 2 });
      assert.equal(await answered(socket, "still"), "still");
    });
  });

  describe(`${name} and the contract of proxies: server-sent events`, () => {
    it("passes each event on when it happens, and not when a buffer is full", async () => {
      const streams: ServerResponse[] = [];
      const upstream = await service((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: 0\n\n");
        streams.push(response);
      });
      const proxy = await start({
        upstream: [upstream],
        routes: [{ path: "/events", kind: "sse" }],
        timeouts: IMPATIENT,
        slowClientSeconds: 0.5,
      });
      const outgoing = httpRequest({
        port: proxy.httpPort,
        path: "/events/orders",
        agent: false,
        headers: { "accept-encoding": "gzip" },
      });
      started.push({ stop: () => Promise.resolve(void outgoing.destroy()) });
      outgoing.on("error", () => undefined).end();
      const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
      assert.equal(incoming.headers["content-encoding"], undefined);
      const events = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
      for (const number of [0, 1, 2]) {
        // The service says the next thing only after the client has heard the last one.
        const { value } = (await events.next()) as { value: Buffer };
        assert.equal(value.toString(), `data: ${number}\n\n`);
        if (number === 1) await pause(1200);
        streams[0]?.write(`data: ${number + 1}\n\n`);
      }
    });
  });

  describe(`${name} and the contract of proxies: gRPC`, () => {
    let certificate: TestCertificate;
    before(async () => void (certificate = await makeCertificate("app.example.org")));
    after(() => certificate.stop());

    async function client(): Promise<ClientHttp2Session> {
      const grpc = await grpcService();
      const proxy = await start({
        upstream: [await service(echo)],
        routes: [{ path: "/quotes.Quotes", kind: "grpc", port: grpc.port }],
        tls: { certificate: certificate.certificate, key: certificate.key, plainPort: "off" },
        timeouts: { ...IMPATIENT, idle: { ...IMPATIENT.idle, proxyClient: 20 } },
        slowClientSeconds: 0.5,
      });
      const session = http2Connect(`https://127.0.0.1:${proxy.httpsPort}`, { rejectUnauthorized: false });
      session.on("error", () => undefined);
      started.push({ stop: () => Promise.resolve(session.destroy()) });
      await once(session, "connect");
      return session;
    }

    function call(session: ClientHttp2Session, path: string): ReturnType<ClientHttp2Session["request"]> {
      const headers = {
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      };
      return session.request(headers).on("error", () => undefined);
    }

    it("answers a call with its message and the status in the trailers", async () => {
      const session = await client();
      const stream = call(session, "/quotes.Quotes/Get");
      const trailers = once(stream, "trailers") as Promise<[Record<string, string>]>;
      const response = once(stream, "response") as Promise<[Record<string, unknown>]>;
      stream.end(framed("quote"));
      const [head] = await response;
      assert.deepEqual([head[":status"], head["content-type"]], [200, "application/grpc"]);
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      const [{ "grpc-status": status }] = await trailers;
      assert.equal(status, "0");
      assert.deepEqual(Buffer.concat(chunks), framed("quote"));
    });

    it("passes messages on in both directions while the call goes on, however long it pauses", async () => {
      const session = await client();
      const stream = call(session, "/quotes.Quotes/Watch");
      for (const text of ["first", "second"]) {
        const message = once(stream, "data") as Promise<[Buffer]>;
        stream.write(framed(text));
        assert.deepEqual((await message)[0], framed(text));
        // Longer than a slow client has, and than an ordinary request may take.
        await pause(1500);
      }
      stream.end();
    });

    it("sends other paths of the same client to the service itself", async () => {
      const session = await client();
      const stream = session.request({ ":path": "/quotes.QuotesOther" });
      let body = "";
      stream.on("data", (chunk: Buffer) => (body += chunk.toString()));
      const ended = once(stream, "end");
      stream.end();
      await ended;
      assert.equal((JSON.parse(body) as Record<string, unknown>)["x-forwarded-proto"], "https");
    });
  });
}
