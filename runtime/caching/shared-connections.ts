import { type ConnectionEvents, RedisConnection } from "./redis-connection";
import { Sentinels } from "./sentinels";
import type { CacheSettings } from "./settings";

/**
 * Connections at most. The driver writes the commands of one turn of the event loop together. Measured with 64 callers
 * and values of 5 KB: 7 µs of CPU for a command on one connection, 10 µs spread over ten, 32 µs in the driver's pool.
 * The second is there for when a large value is under way on the first.
 */
const MOST_CONNECTIONS = 2;

const OPEN = new WeakMap<CacheSettings, SharedConnections>();

/**
 * The connections of a process to one Redis. All managers with the same settings object use the same ones, so that a
 * process opens what `<NAME>_POOL_SIZE` allows it, however many managers it has.
 */
export class SharedConnections {
  readonly all: readonly RedisConnection[];
  private readonly sentinels: Sentinels | undefined;
  private readonly users = new Set<ConnectionEvents>();

  /** Those that are open for the settings, or new ones, which open at once and in the background. */
  static of(settings: CacheSettings, user: ConnectionEvents): SharedConnections {
    let shared = OPEN.get(settings);
    if (shared === undefined) {
      shared = new SharedConnections(settings);
      OPEN.set(settings, shared);
    }
    shared.users.add(user);
    return shared;
  }

  private constructor(private readonly settings: CacheSettings) {
    this.sentinels =
      settings.sentinels &&
      new Sentinels(settings, settings.sentinels, (primary) => {
        for (const connection of this.all) connection.moved(primary);
      });
    const events: ConnectionEvents = {
      ready: () => {
        for (const { ready } of this.users) ready();
      },
      failed: (error) => {
        for (const { failed } of this.users) failed(error);
      },
    };
    const length = Math.min(settings.poolSize, MOST_CONNECTIONS);
    this.all = Array.from({ length }, () => new RedisConnection(settings, events, this.sentinels));
  }

  /** Lets go of them; the last one to do so closes them, after so many milliseconds at most. Safe to repeat. */
  async release(user: ConnectionEvents, timeoutMs: number): Promise<void> {
    this.users.delete(user);
    if (this.users.size > 0) return;
    if (OPEN.get(this.settings) === this) OPEN.delete(this.settings);
    this.sentinels?.close();
    await Promise.all(this.all.map((connection) => connection.close(timeoutMs)));
  }
}
