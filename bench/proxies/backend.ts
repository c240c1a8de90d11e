/** The service behind every contender, in a process of its own: half a kilobyte of JSON. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const body = JSON.stringify({
  orders: Array.from({ length: 10 }, (_, id) => ({ id, state: "quoted", euros: 1200 })),
});

const server = createServer({ keepAliveTimeout: 75_000 }, (_, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
