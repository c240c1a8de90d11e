import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A real service for a proxy to call. */
export interface Backend {
  readonly host: string;
  readonly port: number;
  readonly server: Server;
  /** TCP connections it has accepted. */
  connections(): number;
  /** Closes the port and cuts every connection. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts a service. Its connections stay open for as long as their caller keeps them.
 *
 * @param at any address of 127.0.0.0/8, and a port. @default a free port of 127.0.0.1
 */
export async function startBackend(
  handler: RequestListener,
  at: { readonly host: string; readonly port: number } = { host: "127.0.0.1", port: 0 },
): Promise<Backend> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, handler);
  server.on("connection", (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(at.port, at.host);
  await once(server, "listening");
  return {
    host: at.host,
    port: (server.address() as AddressInfo).port,
    server,
    connections: () => accepted,
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
