import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/** A TCP proxy on a free port of 127.0.0.1 that makes the way back as long as a test wants it. */
export interface TcpProxy {
  readonly port: number;
  /** What each answer is held back from now on, milliseconds. @default 0 */
  delayMs: number;
  /** Connections through it that are open. */
  connections(): number;
  /** Closes the port and cuts every connection. Safe to repeat. */
  stop(): Promise<void>;
}

/** Starts one in front of a port. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, "127.0.0.1");
    open.add(client);
    client.pipe(target);
    // One after the other, so that a shorter delay does not overtake a longer one.
    let answers = Promise.resolve();
    target.on("data", (chunk: Buffer) => {
      const due = Date.now() + proxy.delayMs;
      answers = answers
        .then(() => new Promise((resolve) => setTimeout(resolve, due - Date.now())))
        .then(() => void (client.destroyed || client.write(chunk)));
    });
    const end = (): void => {
      open.delete(client);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) socket.on("error", end).on("close", end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    connections: () => open.size,
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const client of open) client.destroy();
      await closed;
    },
  };
  return proxy;
}
