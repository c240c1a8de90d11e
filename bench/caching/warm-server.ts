/** A process of one variant as it is when it has been in use for a while. */
import { join } from "node:path";
import { CORES } from "../harness/cores";
import { saturate } from "../harness/load";
import type { Processes } from "../harness/processes";
import type { Usage } from "./server";
import { CONNECTIONS, HOT_KEYS, PATH, traffic } from "./traffic";
import type { Variant } from "./variants";

/** Requests to each process before they count: by then V8 has compiled what it will, which goes by calls and not by time. */
export const WARM_UP_REQUESTS = Number(process.env["BENCH_WARM_UP_REQUESTS"] ?? 60_000);
const WARM_UP_SECONDS = 2;

/** Starts one, with the hot keys in its cache. @param options its NODE_OPTIONS. @default the platform's @returns its port */
export async function serverOf(
  processes: Processes,
  variant: Variant,
  redisPort: number,
  options?: string,
): Promise<number> {
  const args = [variant, String(redisPort)];
  const file = join(__dirname, "server.ts");
  const { port } = await processes.program<{ readonly port: number }>(file, args, CORES.measured, options);
  if (variant !== "none") await fill(port);
  return port;
}

/** Asks for every hot key once. */
async function fill(port: number): Promise<void> {
  for (let from = 0; from < HOT_KEYS; from += 50) {
    const pages = Array.from({ length: 50 }, (_, index) => from + index);
    await Promise.all(
      pages.map(async (page) => {
        await (await fetch(`http://127.0.0.1:${port}${PATH}?page=${page}`)).arrayBuffer();
      }),
    );
  }
}

export async function warmUp(port: number, folder: string): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  for (let requests = 0, load = 0; requests < WARM_UP_REQUESTS; load++) {
    const request = traffic(`9${load}0`);
    const done = await saturate({ url, seconds: WARM_UP_SECONDS, connections: CONNECTIONS, folder, request });
    requests += done.requests;
  }
}

export async function usageOf(port: number): Promise<Usage> {
  const response = await fetch(`http://127.0.0.1:${port}/usage`, { headers: { connection: "close" } });
  return (await response.json()) as Usage;
}
