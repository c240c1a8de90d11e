import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Registry } from "prom-client";
import { WebSocket, WebSocketServer } from "ws";
import { gauge } from "../metrics/metric";

export interface LiveUpdatesOptions {
  readonly registry: Registry;
  /** Between two pings, milliseconds: shorter than any proxy's patience with a silent connection. @default 25,000 */
  readonly heartbeatMs?: number;
}

const HEARTBEAT_MS = 25_000;

/** Largest message that is taken, bytes. */
const MAX_PAYLOAD = 16 * 1024;

/** Bytes that may wait for a slow reader before it is let go: they are this process's memory. */
const MAX_BUFFERED = 1024 * 1024;

/** "Going away": the client connects again, to another pod. */
const GOING_AWAY = 1001;

/** The WebSocket at `/ws`: says back what it hears, and tells everybody of new quotes. */
export class LiveUpdates {
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: false,
  });
  private readonly answered = new WeakSet<WebSocket>();
  private readonly heartbeat: NodeJS.Timeout;
  private draining = false;

  constructor({ registry, heartbeatMs = HEARTBEAT_MS }: LiveUpdatesOptions) {
    const connections = gauge(registry, {
      name: "websocket_connections",
      help: "Open WebSocket connections",
    });
    this.server.on("connection", (socket) => {
      connections.inc();
      this.answered.add(socket);
      socket.on("pong", () => this.answered.add(socket));
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      // A message over the limit, a broken frame: the library closes with the right code.
      socket.on("error", () => undefined);
      socket.on("close", () => connections.dec());
    });
    this.heartbeat = setInterval(() => this.beat(), heartbeatMs);
    this.heartbeat.unref();
  }

  /** Takes over the connection of an HTTP upgrade, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path] = (request.url ?? "").split("?");
    if (path !== "/ws") refuse(socket, "404 Not Found");
    else if (this.draining) refuse(socket, "503 Service Unavailable");
    else {
      this.server.handleUpgrade(request, socket, head, (webSocket) =>
        this.server.emit("connection", webSocket, request),
      );
    }
  }

  /** Tells everybody who reads. */
  broadcast(message: unknown): void {
    const text = JSON.stringify(message);
    for (const client of this.server.clients) {
      if (client.readyState !== WebSocket.OPEN) continue;
      if (client.bufferedAmount > MAX_BUFFERED) client.terminate();
      else client.send(text);
    }
  }

  /** Asks everybody to leave, and cuts off who has not after so many milliseconds. */
  async drain(timeoutMs: number): Promise<void> {
    this.draining = true;
    clearInterval(this.heartbeat);
    const clients = [...this.server.clients];
    const left = clients.map(
      (client) => new Promise<void>((resolve) => client.once("close", () => resolve())),
    );
    for (const client of clients) client.close(GOING_AWAY, "the server is shutting down");
    const timer = setTimeout(() => clients.forEach((client) => client.terminate()), timeoutMs);
    await Promise.all(left);
    clearTimeout(timer);
    this.server.close();
  }

  /** Who did not answer the last ping has gone without a word. */
  private beat(): void {
    for (const client of this.server.clients) {
      if (this.answered.delete(client)) client.ping();
      else client.terminate();
    }
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.on("error", () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
