/** Rounds in which every contender has its turn, forwards and backwards, so that a slow moment meets all of them. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { CONTENDERS, type Contender } from "./contenders";
import { hold, saturate, type Load } from "./load";
import { startContender, startService, type RunningServer } from "./servers";

/** What a contender did in all rounds. */
export interface ProxyResult {
  readonly name: string;
  readonly program: Contender["program"];
  readonly ours: boolean;
  readonly what: string;
  /** Full load: medians of the rounds. */
  readonly requestsPerSecond: Spread;
  readonly p95Milliseconds: Spread;
  readonly p99Milliseconds: Spread;
  /** CPU of the proxy for a request, microseconds. */
  readonly cpuMicroseconds: Spread;
  /** p95 that it adds to the service's own at half of the slowest contender's full load, milliseconds. */
  readonly addedP95Milliseconds: Spread;
  readonly failed: number;
}

/** Median, and the smallest and largest of the rounds. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface ProxiesResult {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Rate of the half load, requests/s. */
  readonly heldRps: number;
  readonly results: readonly ProxyResult[];
}

export interface ProxiesOptions {
  readonly folder: string;
  /** @default 5 */
  readonly rounds?: number;
  /** Of one turn. @default 3 */
  readonly seconds?: number;
  readonly say: (line: string) => void;
}

/** Clients of the full load; each waits for its answer before it asks again. */
const CONNECTIONS = 64;

/** Clients of the half load. */
const HELD_CONNECTIONS = 16;

interface Running {
  readonly contender: Contender;
  readonly server: RunningServer;
  readonly full: (Load & { readonly cpuMicroseconds: number })[];
  readonly added: number[];
  failed: number;
}

export async function measureProxies(options: ProxiesOptions): Promise<ProxiesResult> {
  const { folder, rounds = 5, seconds = 3, say } = options;
  const servers: RunningServer[] = [];
  const started = async (server: Promise<RunningServer>): Promise<RunningServer> => {
    servers.push(await server);
    return await server;
  };
  rmSync(folder, { recursive: true, force: true });
  try {
    const service = await started(startService(join(folder, "service")));
    const running: Running[] = [];
    for (const [i, contender] of CONTENDERS.entries()) {
      const server = await started(startContender(contender, join(folder, String(i)), service.port));
      running.push({ contender, server, full: [], added: [], failed: 0 });
    }
    for (const one of running) await saturate(urlOf(one.server), 1, CONNECTIONS, folder);
    for (let round = 1; round <= rounds; round++) {
      say(`  full load, round ${round} of ${rounds}`);
      for (const one of turns(running, round)) await fullLoad(one, seconds, folder);
    }
    const heldRps = Math.floor(
      Math.min(...running.map(({ full }) => spread(full.map((load) => load.requestsPerSecond)).median)) / 2,
    );
    for (let round = 1; round <= rounds; round++) {
      say(`  ${heldRps} requests/s, round ${round} of ${rounds}`);
      const direct = await hold(urlOf(service), seconds, HELD_CONNECTIONS, heldRps);
      for (const one of turns(running, round)) {
        const load = await hold(urlOf(one.server), seconds, HELD_CONNECTIONS, heldRps);
        one.added.push(load.p95 - direct.p95);
        one.failed += load.failed;
      }
    }
    return { rounds, seconds, connections: CONNECTIONS, heldRps, results: running.map(resultOf) };
  } finally {
    for (const server of servers.reverse()) await server.stop();
  }
}

async function fullLoad(one: Running, seconds: number, folder: string): Promise<void> {
  const before = one.server.cpuSeconds();
  const load = await saturate(urlOf(one.server), seconds, CONNECTIONS, folder);
  const cpu = one.server.cpuSeconds() - before;
  one.full.push({ ...load, cpuMicroseconds: (cpu * 1e6) / (load.requestsPerSecond * seconds) });
  one.failed += load.failed;
}

function turns(running: readonly Running[], round: number): readonly Running[] {
  return round % 2 === 0 ? [...running].reverse() : running;
}

function urlOf({ port }: RunningServer): string {
  return `http://127.0.0.1:${port}/api/properties`;
}

function resultOf({ contender, full, added, failed }: Running): ProxyResult {
  const { name, program, ours, what } = contender;
  return {
    name,
    program,
    ours,
    what,
    requestsPerSecond: spread(full.map((load) => load.requestsPerSecond)),
    p95Milliseconds: spread(full.map((load) => load.p95)),
    p99Milliseconds: spread(full.map((load) => load.p99)),
    cpuMicroseconds: spread(full.map((load) => load.cpuMicroseconds)),
    addedP95Milliseconds: spread(added),
    failed,
  };
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median =
    sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
  return { median, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN };
}
