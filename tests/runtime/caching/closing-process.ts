/**
 * A process that opens caches, closes them, and then has to end by itself: what a service does when it stops. Told by
 * arguments: how, and the settings of the Redis servers as JSON. Says what it found as one line of JSON.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { type CacheSettings, DataCacheManager } from "../../../runtime/caching";

/** What a process says of itself. */
export interface ProcessReport {
  readonly resources: Readonly<Record<string, number>>;
  readonly heapMiB: number;
  /** Share of one core since the last report. */
  readonly cpu: number;
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function open(settings: CacheSettings): DataCacheManager {
  return new DataCacheManager({ settings, registry: new Registry(), logger: quiet });
}

/** Uses it as requests do, whatever becomes of it. */
async function use(cache: DataCacheManager, stopped: () => boolean): Promise<void> {
  for (let number = 0; !stopped(); number++) {
    await cache.getOrLoad(`key-${number % 10}`, () => Promise.resolve(number), { tags: ["tag"] });
    if (number % 5 === 0) await cache.invalidateTags("tag");
    await sleep(5);
  }
}

/** Opens and closes at random moments, several at the same time, for so long. */
async function openAndClose(all: readonly CacheSettings[], forMs: number): Promise<void> {
  const end = Date.now() + forMs;
  const life = async (settings: CacheSettings): Promise<void> => {
    while (Date.now() < end) {
      const cache = open(settings);
      let stopped = false;
      void cache.connected(60_000);
      const used = use(cache, () => stopped);
      // Many in the middle of connecting, some much later.
      await sleep(Math.random() < 0.5 ? Math.random() * 20 : Math.random() * 2500);
      stopped = true;
      await cache.close();
      await used;
    }
  };
  await Promise.all([...all, ...all].map(life));
}

function report(since: NodeJS.CpuUsage, sinceMs: number): ProcessReport {
  globalThis.gc?.();
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const { user, system } = process.cpuUsage(since);
  return {
    resources,
    heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
    cpu: (user + system) / 1000 / (performance.now() - sinceMs),
  };
}

/** Keeps caches open that reach nothing, and says several times how it is. */
async function outage(all: readonly CacheSettings[], reports: number, everyMs: number): Promise<void> {
  const caches = all.map(open);
  const found: ProcessReport[] = [];
  for (let number = 0; number < reports; number++) {
    const [cpu, started] = [process.cpuUsage(), performance.now()];
    while (performance.now() - started < everyMs) await sleep(everyMs);
    found.push(report(cpu, started));
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
  await Promise.all(caches.map((cache) => cache.close()));
}

async function main([, , how, text = "[]"]: readonly string[]): Promise<void> {
  const all = JSON.parse(text) as CacheSettings[];
  if (how === "open-and-close") await openAndClose(all, 12_000);
  else if (how === "outage") await outage(all, 4, 3000);
  // The last that this process does: nothing may follow.
  process.stdout.write("closed\n");
}

if (require.main === module) void main(process.argv);
