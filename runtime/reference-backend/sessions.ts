import { randomBytes } from "node:crypto";
import type { SessionCacheManager } from "../caching";

/** Who is signed in, by a token that nobody can guess. */
export interface Sessions {
  /** For `/ready`: where they are kept. */
  readonly kind: "redis" | "in memory";
  /** @returns the token of a new session */
  create(userId: string): Promise<string>;
  /** @returns the user's id; undefined for a session that is not there, or no longer */
  userOf(token: string): Promise<string | undefined>;
  remove(token: string): Promise<void>;
  /** Rejects when they cannot be read. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Sessions that a process without a session store keeps before it forgets the oldest. */
const MOST_SESSIONS = 10_000;

/** Sessions inside the process: of one replica, and gone at its end. For load tests and development. */
export class MemorySessions implements Sessions {
  readonly kind = "in memory";
  private readonly users = new Map<string, string>();

  create(userId: string): Promise<string> {
    const [oldest] = this.users.keys();
    if (this.users.size >= MOST_SESSIONS && oldest !== undefined) this.users.delete(oldest);
    const token = randomBytes(32).toString("base64url");
    this.users.set(token, userId);
    return Promise.resolve(token);
  }

  userOf(token: string): Promise<string | undefined> {
    return Promise.resolve(this.users.get(token));
  }

  remove(token: string): Promise<void> {
    this.users.delete(token);
    return Promise.resolve();
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Sessions that all replicas know, and that outlive each of them. */
export class RedisSessions implements Sessions {
  readonly kind = "redis";

  constructor(private readonly sessions: SessionCacheManager) {}

  create(userId: string): Promise<string> {
    return this.sessions.create({ userId });
  }

  async userOf(token: string): Promise<string | undefined> {
    return (await this.sessions.get<{ readonly userId: string }>(token))?.userId;
  }

  remove(token: string): Promise<void> {
    return this.sessions.destroy(token);
  }

  ping(): Promise<void> {
    return this.sessions.ping();
  }

  close(): Promise<void> {
    return this.sessions.close();
  }
}
