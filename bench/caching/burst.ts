/**
 * A start with an empty cache in a process of its own: `burst.ts <kind> <redis port> <misses> <round>`. Asks for so many distinct
 * keys at once, loads what is not there, and says what of it was kept and how long the event loop stood still.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { DataCacheManager, commandTimeoutMs } from "../../runtime/caching";

/** `plain` is the driver's own get and set, without anything around them. */
export type BurstKind = "plain" | "untagged" | "tagged";

export interface Burst {
  /** Values that are in Redis afterwards. */
  readonly kept: number;
  /** Answers that were not what the loader made. */
  readonly wrong: number;
  /** Longest time between two turns of the event loop, milliseconds. */
  readonly stallMs: number;
  /** Most that the process itself computed between two turns, milliseconds: a stall without what others do to the machine. */
  readonly turnMs: number;
  /** Of the process, user and system, milliseconds. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

/** Time of the loader, milliseconds. */
const LOADER_MS = 10;

/** Of the shipped stacks: the deadline of a command follows from it. */
const REQUEST_TIMEOUT_MS = 2000;

/** Misses before those that count: by then V8 has compiled what it will. */
const WARM_UP = 2000;

interface Subject {
  ask(key: string): Promise<unknown>;
  close(): unknown;
}

async function plain(port: number): Promise<Subject> {
  const client = createClient({ socket: { host: "127.0.0.1", port } });
  client.on("error", () => undefined);
  await client.connect();
  return {
    ask: async (key) => {
      // The driver gives a command 5 s: then a miss, as with ours.
      const text = await client.get(key).catch(() => null);
      if (text !== null) return JSON.parse(text) as unknown;
      const value = await load(key);
      await client.set(key, JSON.stringify(value), { PX: 1_800_000 }).catch(() => undefined);
      return value;
    },
    close: () => client.destroy(),
  };
}

async function managed(port: number, tagged: boolean): Promise<Subject> {
  const cache = new DataCacheManager({
    settings: {
      name: "redis-cache",
      address: { host: "127.0.0.1", port },
      poolSize: 10,
      tls: false,
      timeoutMs: commandTimeoutMs(REQUEST_TIMEOUT_MS, "cache"),
    },
  });
  if (!(await cache.connected(5000))) throw new Error("no Redis");
  return {
    ask: (key) =>
      cache.getOrLoad(key, () => load(key), tagged ? { tags: ["property", `property:${key}`] } : {}),
    close: () => cache.close(),
  };
}

async function load(key: string): Promise<{ readonly id: string; readonly saved: number }> {
  await sleep(LOADER_MS);
  return { id: key, saved: 42 };
}

/** Asks for all at once. @returns how many answers were wrong */
async function askAll(subject: Subject, prefix: string, misses: number): Promise<number> {
  const keys = Array.from({ length: misses }, (_, index) => `${prefix}:${index}`);
  const answers = await Promise.all(keys.map((key) => subject.ask(key)));
  return answers.filter((answer, index) => (answer as { id?: string } | undefined)?.id !== keys[index])
    .length;
}

/** Counts values, not the numbers of tags. */
async function keptOf(port: number, prefix: string): Promise<number> {
  const client = createClient({ socket: { host: "127.0.0.1", port } });
  await client.connect();
  let kept = 0;
  for await (const keys of client.scanIterator({ MATCH: `*${prefix}:*`, COUNT: 1000 })) {
    kept += keys.filter((key) => !key.includes(":t:")).length;
  }
  client.destroy();
  return kept;
}

/** Looks every millisecond whether the event loop gets round to it. @returns ends it */
function watchTurns(): () => { readonly stallMs: number; readonly turnMs: number } {
  let [stallMs, turnMs] = [0, 0];
  const busyMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  let last = { at: performance.now(), busyMs: busyMs() };
  const look = (): void => {
    const now = { at: performance.now(), busyMs: busyMs() };
    stallMs = Math.max(stallMs, now.at - last.at);
    turnMs = Math.max(turnMs, now.busyMs - last.busyMs);
    last = now;
  };
  const timer = setInterval(look, 1);
  return () => {
    clearInterval(timer);
    look();
    return { stallMs, turnMs };
  };
}

/** @param round part of the keys, which no other has */
async function burst(kind: BurstKind, port: number, misses: number, round: string): Promise<Burst> {
  const subject = kind === "plain" ? await plain(port) : await managed(port, kind === "tagged");
  await askAll(subject, `warm-${kind}-${round}`, WARM_UP);
  await sleep(300);
  const turns = watchTurns();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const wrong = await askAll(subject, `burst-${kind}-${round}`, misses);
  const elapsedMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const { stallMs, turnMs } = turns();
  const kept = await keptOf(port, `burst-${kind}-${round}`);
  await subject.close();
  return { kept, wrong, stallMs, turnMs, cpuMs: (user + system) / 1000, elapsedMs };
}

const [kind, port, misses, round = "0"] = process.argv.slice(2);
void burst(kind as BurstKind, Number(port), Number(misses), round).then((result) => {
  process.stdout.write(`${JSON.stringify(result)}\n`);
});
