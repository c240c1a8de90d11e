/**
 * All checks of middleware orders under the Node.js that runs this: `worker.ts <redis port>`. Prints what failed as JSON,
 * and how many checks there were.
 */
import { ApiCacheManager, responseCache } from "../../../../../runtime/caching";
import { settingsFor } from "../../caches";
import { Applications } from "./application";
import { faults } from "./faults";
import { people } from "./people";
import { type Check, table } from "./table";

export interface Report {
  readonly node: string;
  readonly checks: number;
  readonly failed: readonly { readonly name: string; readonly message: string }[];
}

/** Checks that run at the same time. */
const AT_ONCE = 8;

async function main(port: number): Promise<Report> {
  const failed: { name: string; message: string }[] = [];
  const uncaught = (error: unknown): void =>
    void failed.push({ name: "uncaught", message: messageOf(error) });
  process.on("uncaughtException", uncaught).on("unhandledRejection", uncaught);
  const namespace = `orders-${process.pid}`;
  const cache = new ApiCacheManager({ settings: settingsFor(port), namespace, jitter: 0 });
  await cache.connected(20_000);
  const apps = new Applications();
  const cached = (): ReturnType<typeof responseCache> => responseCache({ cache });
  const checks = [...table(apps, cached), ...people(apps, cached), ...faults(apps, cached)];
  await apps.start();
  const queue = [...checks];
  const work = async (): Promise<void> => {
    for (let check: Check | undefined = queue.shift(); check !== undefined; check = queue.shift()) {
      const { name } = check;
      await check.run(apps.port).catch((error: unknown) => failed.push({ name, message: messageOf(error) }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  apps.stop();
  await cache.close();
  return { node: process.version, checks: checks.length, failed };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

void main(Number(process.argv[2])).then((report) => {
  process.stdout.write(`${JSON.stringify(report)}\n`);
  // Sessions in memory would keep it for a day.
  process.exit();
});
