/** One variant in a process of its own: `server.ts <variant> <redis port>`. Says its port, and what it has used. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { originCalls } from "./origin";
import { type Variant, application } from "./variants";

/** What `GET /usage` answers, since the start of the process. */
export interface Usage {
  readonly originCalls: number;
  /** Of this process, user and system. */
  readonly cpuMicroseconds: number;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { originCalls: originCalls(), cpuMicroseconds: user + system };
}

async function main(variant: Variant, redisPort: number): Promise<void> {
  const app = await application(variant, redisPort);
  const server = createServer((request, response) => {
    // Before the application: it must not be cached.
    if (request.url === "/usage") response.end(JSON.stringify(usage()));
    else app(request, response);
  });
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  });
}

void main(process.argv[2] as Variant, Number(process.argv[3]));
