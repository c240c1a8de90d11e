/**
 * Starts the reference backend from its environment. Without MONGODB_URI it serves a built-in catalogue, so that a load
 * test needs nothing but this process.
 */
import { register } from "prom-client";
import { SessionCacheManager } from "../caching";
import { connectDatabase } from "../database";
import { type Logger, jsonLogger } from "../shared/logger";
import { VariablesError } from "../shared/variables";
import { Backend } from "./backend";
import { Caches } from "./caches";
import { describeError } from "./errors";
import { MemoryStore } from "./memory-store";
import type { Store } from "./model";
import { MongoStore } from "./mongo-store";
import { MemorySessions, RedisSessions, type Sessions } from "./sessions";
import { type BackendSettings, backendSettings } from "./settings";

const logger = jsonLogger("info");

async function openStore({ database }: BackendSettings, log: Logger): Promise<Store> {
  if (database === undefined) {
    log.warn("MONGODB_URI is not set: serving the built-in catalogue, and keeping nothing");
    return new MemoryStore();
  }
  const options = { settings: database, appName: "retrofitlink-backend", logger: log, registry: register };
  return new MongoStore(await connectDatabase(options));
}

async function openSessions({ sessions }: BackendSettings, log: Logger): Promise<Sessions> {
  if (sessions === undefined) {
    log.warn("REDIS_SESSION_HOST is not set: sessions are of this process, and end with it");
    return new MemorySessions();
  }
  const manager = new SessionCacheManager({ settings: sessions, logger: log, registry: register });
  await manager.connected();
  return new RedisSessions(manager);
}

async function openCaches({ cache }: BackendSettings, log: Logger): Promise<Caches | undefined> {
  if (cache === undefined) return undefined;
  const caches = new Caches({ settings: cache, logger: log, registry: register });
  await caches.connected();
  return caches;
}

async function main(): Promise<void> {
  const settings = backendSettings(process.env);
  const backend = new Backend({
    settings,
    store: await openStore(settings, logger),
    sessions: await openSessions(settings, logger),
    caches: await openCaches(settings, logger),
    registry: register,
    logger,
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void backend.stop().then((complete) => process.exit(complete ? 0 : 1));
    });
  }
  await backend.start();
}

main().catch((error: unknown) => {
  if (error instanceof VariablesError) process.stderr.write(`cannot start: ${error.message}\n`);
  else logger.error("cannot start", describeError(error));
  process.exitCode = 1;
  // Pools that are open already would keep the process.
  process.exit();
});
