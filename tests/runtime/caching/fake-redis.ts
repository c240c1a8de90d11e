import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";

/** A TCP server that is no Redis. */
export interface FakeServer {
  readonly port: number;
  /** Connections that have been made. */
  connections(): number;
  stop(): Promise<void>;
}

/** Starts one that does what it is told with each connection, and with what arrives on it. */
export async function startFakeServer(
  answer: (socket: Socket, data: Buffer) => void,
  port = 0,
): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.on("data", (data: Buffer) => answer(socket, data));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Splits what arrives into commands, and answers each with `reply`; a handshake as Redis does. */
export function commandServer(
  reply: (command: readonly string[]) => string,
): (socket: Socket, data: Buffer) => void {
  return (socket, data) => {
    const parts = data.toString("latin1").split("\r\n");
    for (let at = 0; at < parts.length;) {
      const count = Number(parts[at]?.slice(1));
      if (!parts[at]?.startsWith("*")) break;
      const command = Array.from({ length: count }, (_, index) => parts[at + 2 + 2 * index] ?? "");
      at += 1 + 2 * count;
      const name = command[0]?.toUpperCase();
      if (name === "HELLO") socket.write("%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n");
      else if (name === "CLIENT") socket.write("+OK\r\n");
      else socket.write(reply(command));
    }
  };
}
