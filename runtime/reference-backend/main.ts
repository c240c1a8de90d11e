/**
 * Starts the reference backend from its environment. Without MONGODB_URI it serves a built-in catalogue, so that a load
 * test needs nothing but this process.
 */
import { register } from "prom-client";
import { connectDatabase } from "../database";
import { type Logger, jsonLogger } from "../logger";
import { VariablesError } from "../variables";
import { Backend } from "./backend";
import { describeError } from "./errors";
import { MemoryStore } from "./memory-store";
import type { Store } from "./model";
import { MongoStore } from "./mongo-store";
import { MemorySessions } from "./sessions";
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

async function main(): Promise<void> {
  const settings = backendSettings(process.env);
  const backend = new Backend({
    settings,
    store: await openStore(settings, logger),
    sessions: new MemorySessions(),
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
