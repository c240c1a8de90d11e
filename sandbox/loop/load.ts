/** The load of `make loop`, and where a Prometheus reads it. */
import { once } from "node:events";
import { createServer } from "node:http";

import { freePort } from "../../cli/free-port";

/** Requests a second at moments, seconds; in between they change evenly. */
const SCRIPT: readonly (readonly [second: number, rate: number])[] = [
  [0, 100],
  [15, 100],
  [40, 600],
  [120, 600],
  [125, 900],
  [140, 900],
  [145, 100],
  [200, 100],
];

export const LASTS_SECONDS = SCRIPT[SCRIPT.length - 1]?.[0] ?? 0;

/** Requests a second. */
export function loadAt(second: number): number {
  const after = SCRIPT.findIndex(([at]) => at >= second);
  const [toAt, to] = SCRIPT[after < 0 ? SCRIPT.length - 1 : after] ?? [0, 0];
  const [fromAt, from] = SCRIPT[Math.max(0, after - 1)] ?? [toAt, to];
  if (after <= 0 || toAt === fromAt) return to;
  return from + ((to - from) * (second - fromAt)) / (toAt - fromAt);
}

export interface LoadExporter {
  readonly port: number;
  /** The script begins; until then the load is that of its first moment. */
  begin(): void;
  stop(): Promise<void>;
}

/** How finely the load is added up, ms. */
const SLICE_MS = 100;

/** Serves `loop_requests_total`, which counts what was sent. */
export async function serveLoad(): Promise<LoadExporter> {
  let beganAt = Infinity;
  let countedUntil = Date.now();
  let total = 0;
  const server = createServer((_request, response) => {
    for (; countedUntil < Date.now(); countedUntil += SLICE_MS) {
      total += (loadAt(Math.max(0, countedUntil - beganAt) / 1000) * SLICE_MS) / 1000;
    }
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE loop_requests_total counter\nloop_requests_total ${Math.round(total)}\n`);
  });
  const port = await freePort();
  await once(server.listen(port, "127.0.0.1"), "listening");
  return {
    port,
    begin: () => {
      beganAt = Date.now();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
