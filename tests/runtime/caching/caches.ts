import { Registry } from "prom-client";
import {
  type CacheSettings,
  ApiCacheManager,
  DataCacheManager,
  SessionCacheManager,
} from "../../../runtime/caching";
import type { CacheManagerOptions } from "../../../runtime/caching/cache-manager";
import type { SessionCacheManagerOptions } from "../../../runtime/caching/session-manager";
import { REDIS_PASSWORD, type RunningRedis, startRedis } from "../../helpers/redis-server";
import { recordingLogger } from "../database/recording-logger";

/** A real server, small, as the platform renders it. */
export function startTestRedis(
  purpose: "cache" | "session" = "cache",
  maxMemoryMiB = 64,
): Promise<RunningRedis> {
  return startRedis({ purpose, maxMemoryMiB, clientBuffersMiB: 16, maxClients: 200, ioThreads: 1 });
}

/** Settings for a server on this port, with a deadline that a busy machine keeps. */
export function settingsFor(port: number, more: Partial<CacheSettings> = {}): CacheSettings {
  return {
    name: "redis-cache",
    address: { host: "127.0.0.1", port },
    password: REDIS_PASSWORD,
    poolSize: 4,
    tls: false,
    timeoutMs: 1500,
    ...more,
  };
}

interface Closable {
  close(): Promise<void>;
}

/** Makes caches with a registry and a log of their own, and closes them. */
export class Caches {
  registry = new Registry();
  logger = recordingLogger();
  private readonly open: Closable[] = [];

  data(port: number, options: Partial<CacheManagerOptions> = {}): DataCacheManager {
    return this.kept(new DataCacheManager(this.options(port, options)));
  }

  api(port: number, options: Partial<CacheManagerOptions> = {}): ApiCacheManager {
    return this.kept(new ApiCacheManager(this.options(port, options)));
  }

  session(port: number, options: Partial<SessionCacheManagerOptions> = {}): SessionCacheManager {
    return this.kept(new SessionCacheManager({ ...this.options(port, {}), ...options }));
  }

  /** Closes all, and begins with new numbers and a new log. */
  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((one) => one.close()));
    this.registry = new Registry();
    this.logger = recordingLogger();
  }

  /** The value of a counter or gauge, by its labels' text as in `cache="data"`. */
  async count(name: string, labels = ""): Promise<number> {
    const text = await this.registry.metrics();
    const lines = text
      .split("\n")
      .filter(
        (line) => line.startsWith(`${name}{`) && labels.split(",").every((label) => line.includes(label)),
      );
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  private options(port: number, options: Partial<CacheManagerOptions>): CacheManagerOptions {
    return {
      settings: settingsFor(port),
      registry: this.registry,
      logger: this.logger,
      jitter: 0,
      ...options,
    };
  }

  private kept<T extends Closable>(one: T): T {
    this.open.push(one);
    return one;
  }
}
