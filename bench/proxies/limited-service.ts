/**
 * A service that works on a few requests at a time and lets all others wait, however many: `limited-service.ts
 * <requests at a time> <milliseconds of each>`. Says its port.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const [atATime, milliseconds] = process.argv.slice(2).map(Number);
const waiting: ServerResponse[] = [];
let working = 0;

function next(): void {
  const response = working < (atATime ?? 1) ? waiting.shift() : undefined;
  if (response === undefined) return;
  working++;
  setTimeout(() => {
    response.setHeader("Content-Type", "application/json");
    response.end('{"orders":[]}');
    working--;
    next();
  }, milliseconds);
}

const server = createServer((request, response) => {
  // Health checks do not wait.
  if (request.url === "/health") return void response.end("ok");
  waiting.push(response);
  next();
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
