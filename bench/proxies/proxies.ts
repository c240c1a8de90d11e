/**
 * Our proxies against each program's shipped configuration and against the settings of the ingress controller most
 * clusters have: the same backend, the same machine, rounds that take turns. One worker or thread each.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import autocannon from "autocannon";

import { CONTENDERS } from "./contenders";
import { startProxy } from "./proxy-process";

export interface ProxyBenchOptions {
  /** How often each contender has its turn. @default 3 */
  readonly rounds?: number;
  /** Length of a turn, seconds. @default 4 */
  readonly seconds?: number;
  /** Clients that ask without a pause. @default 32 */
  readonly connections?: number;
}

/** Medians over the rounds. */
export interface ProxyBenchRow {
  readonly name: string;
  readonly ours: boolean;
  readonly requestsPerSecond: number;
  /** Response times, milliseconds. autocannon has no p95; 97.5 % are answered within the first of these. */
  readonly p975: number;
  readonly p99: number;
  /** CPU time of the proxy for 1000 requests, seconds. */
  readonly cpuSecondsPerThousand: number;
  /** Answers other than 2xx, and errors, of all rounds. */
  readonly failed: number;
}

interface Turn {
  readonly requestsPerSecond: number;
  readonly p975: number;
  readonly p99: number;
  readonly cpuSecondsPerThousand: number;
  readonly failed: number;
}

export async function benchProxies(options: ProxyBenchOptions = {}): Promise<ProxyBenchRow[]> {
  const { rounds = 3, seconds = 4, connections = 32 } = options;
  const backend = fork(join(__dirname, "backend.ts"), {
    execArgv: ["-r", "ts-node/register/transpile-only"],
  });
  try {
    const [backendPort] = (await once(backend, "message")) as [number];
    const turns = new Map<string, Turn[]>();
    for (let round = 0; round < rounds; round++) {
      for (const { name, proxy, configuration } of CONTENDERS) {
        const server = await startProxy(proxy, (place) => configuration(place, backendPort));
        try {
          const url = `http://127.0.0.1:${server.port}/orders`;
          await autocannon({ url, connections, duration: 1 });
          const before = server.cpuSeconds();
          const result = await autocannon({ url, connections, duration: seconds });
          const cpu = server.cpuSeconds() - before;
          const turn = {
            requestsPerSecond: result.requests.average,
            p975: result.latency.p97_5,
            p99: result.latency.p99,
            cpuSecondsPerThousand: (cpu / result.requests.total) * 1000,
            failed: result.non2xx + result.errors,
          };
          turns.set(name, [...(turns.get(name) ?? []), turn]);
        } finally {
          await server.stop();
        }
      }
    }
    return CONTENDERS.map(({ name, ours }) => ({ name, ours, ...medians(turns.get(name) ?? []) }));
  } finally {
    backend.kill();
  }
}

function medians(turns: readonly Turn[]): Turn {
  const median = (of: (turn: Turn) => number): number => {
    const sorted = turns.map(of).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  };
  return {
    requestsPerSecond: median((turn) => turn.requestsPerSecond),
    p975: median((turn) => turn.p975),
    p99: median((turn) => turn.p99),
    cpuSecondsPerThousand: median((turn) => turn.cpuSecondsPerThousand),
    failed: turns.reduce((sum, { failed }) => sum + failed, 0),
  };
}
