import { createHash, randomBytes } from "node:crypto";
import { CacheCore, type CacheCoreOptions } from "./cache-core";
import { LONGEST_LIFETIME_MS, type Found } from "./entry-store";
import { decodeValue, encodeValue } from "./values";

const HOUR_MS = 3_600_000;

export interface SessionCacheManagerOptions extends CacheCoreOptions {
  /** From its creation, however much it is used, milliseconds, 1 to 30 days. @default 7 days */
  readonly longestMs?: number;
}

/** What is stored: the session, and since when there is one. */
interface Stored {
  readonly createdAt: number;
  readonly session: unknown;
}

/**
 * Sessions, by a token that nobody can guess. Each ends 24 hours after its last use. Redis has no token, only its
 * SHA-256: who reads the memory of the server can sign in as nobody.
 *
 * Unlike a cache it throws {@link CacheUnavailable} when Redis gives no answer: a session that cannot be read is not one
 * that has ended, and a sign-out that was not stored has not happened. Answer 503.
 */
export class SessionCacheManager extends CacheCore {
  private readonly longestMs: number;

  constructor(options: SessionCacheManagerOptions) {
    super(options, { name: "session", ttlMs: 24 * HOUR_MS });
    this.longestMs = options.longestMs ?? 7 * 24 * HOUR_MS;
    this.refuse("longestMs", this.longestMs, 1, LONGEST_LIFETIME_MS);
  }

  /** @returns the token of a new session @throws CacheUnavailable */
  async create(session: unknown): Promise<string> {
    const token = randomBytes(32).toString("base64url");
    await this.write(token, { createdAt: Date.now(), session });
    return token;
  }

  /**
   * The session; undefined when there is none, or no longer. One that is used in the second half of its time gets a new
   * one: a write in 12 hours instead of one with every request.
   *
   * @throws CacheUnavailable
   */
  async get<T>(token: string): Promise<T | undefined> {
    const stored = await this.read(token);
    if (stored === undefined) return undefined;
    const { createdAt, session, freshForMs } = stored;
    if (freshForMs < this.ttlMs / 2) {
      // Only if it is still there: a sign-out in between stays one. Failures are counted; there is half a day to repeat it.
      this.write(token, { createdAt, session }, true).catch(() => undefined);
    }
    return session as T;
  }

  /** Replaces what is in a session that is there. @returns whether it is @throws CacheUnavailable */
  async update(token: string, session: unknown): Promise<boolean> {
    const stored = await this.read(token);
    if (stored === undefined) return false;
    return this.write(token, { createdAt: stored.createdAt, session }, true);
  }

  /** Ends a session. @throws CacheUnavailable, and then it has perhaps not ended */
  async destroy(token: string): Promise<void> {
    await this.store.delete([keyOf(token)]);
  }

  private async read(token: string): Promise<(Stored & { readonly freshForMs: number }) | undefined> {
    const { found } = await this.store.read(keyOf(token));
    const stored = found === undefined ? undefined : this.storedOf(token, found);
    if (found === undefined || stored === undefined || stored.createdAt + this.longestMs <= Date.now()) {
      this.metrics.miss();
      return undefined;
    }
    this.metrics.hit();
    return { ...stored, freshForMs: found.freshForMs };
  }

  private storedOf(token: string, found: Found): Stored | undefined {
    try {
      const value = decodeValue(found) as Partial<Stored> | null | undefined;
      if (typeof value?.createdAt === "number") return { createdAt: value.createdAt, session: value.session };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.store.discard(keyOf(token));
    return undefined;
  }

  private async write(token: string, stored: Stored, onlyIfThere = false): Promise<boolean> {
    const leftMs = stored.createdAt + this.longestMs - Date.now();
    const lifetime = { freshMs: Math.max(1, Math.min(this.ttlMs, leftMs)), staleMs: 0 };
    const value = encodeValue(stored);
    const { maxValueBytes } = this.store;
    if (value.payload.length > maxValueBytes) {
      throw new RangeError(`a session of ${value.payload.length} bytes; allowed is at most ${maxValueBytes}`);
    }
    return this.store.write(keyOf(token), value, lifetime, undefined, onlyIfThere);
  }
}

function keyOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
