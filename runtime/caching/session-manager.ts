import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CacheCore, type CacheCoreOptions, refuse } from "./cache-core";
import { type Condition, type Found, LONGEST_LIFETIME_MS, type Lifetime } from "./entry-store";
import { SessionConflict } from "./session-conflict";
import { type EncodedValue, decodeValue, encodeValue } from "./values";

const HOUR_MS = 3_600_000;

/** Share of its time by which a session may end before it would if every use were written down: a write in 14 minutes of 24 hours. */
const PRECISION = 0.01;

/** Tries of a change that others come before. Each time one of them has made it. */
const MOST_TRIES = 20;

/** Sessions that are looked at by whoever asks for all. */
const MOST_LISTED = 10_000;

export interface SessionCacheManagerOptions extends CacheCoreOptions {
  /** From its creation, however much it is used, milliseconds, 1 to 30 days. @default 7 days */
  readonly longestMs?: number;
}

export interface SessionOptions {
  /** Whose it is, the id of a user: `destroyAll` ends every session of one. @default nobody's */
  readonly owner?: string;
}

export interface SavedSessionOptions extends SessionOptions {
  /** Without a use it ends so long from now, milliseconds, within `longestMs` from its creation. @default `ttlMs` */
  readonly idleMs?: number;
}

/** What is stored: the session, since when there is one, and whose it is. */
interface Stored {
  readonly createdAt: number;
  readonly session: unknown;
  /** Tag of the owner. */
  readonly owner?: string;
}

interface Read extends Stored {
  readonly found: Found;
}

/**
 * Sessions, by a token that nobody can guess. Each ends 24 hours (`ttlMs`) after its last use, or up to 1 % before. Redis
 * has no token, only its SHA-256: who reads the memory of the server can sign in as nobody.
 *
 * Unlike a cache it throws {@link CacheUnavailable} when Redis gives no answer: a session that cannot be read is not one
 * that has ended, and a sign-out that was not stored has not happened. Answer 503.
 */
export class SessionCacheManager extends CacheCore {
  private readonly longestMs: number;

  constructor(options: SessionCacheManagerOptions) {
    const { name = "session", longestMs = 7 * 24 * HOUR_MS } = options;
    refuse(name, "longestMs", longestMs, 1, LONGEST_LIFETIME_MS);
    super(options, { name, ttlMs: 24 * HOUR_MS });
    this.longestMs = longestMs;
  }

  /** @returns the token of a new session @throws CacheUnavailable */
  async create(session: unknown, options: SessionOptions = {}): Promise<string> {
    const token = randomBytes(32).toString("base64url");
    await this.write(token, { createdAt: Date.now(), session, ...owned(options) }, this.ttlMs);
    return token;
  }

  /**
   * The session, which this is a use of; undefined when there is none, or no longer, or no token.
   *
   * @throws CacheUnavailable
   */
  async get<T>(token: string | undefined): Promise<T | undefined> {
    const read = await this.counted(token);
    if (token === undefined || read === undefined) return undefined;
    // In the background: failures are counted, and the next use tries again.
    this.prolong(token, read, this.ttlMs).catch(() => undefined);
    return read.session as T;
  }

  /** As {@link SessionCacheManager.get}, without being a use. @throws CacheUnavailable */
  async peek<T>(token: string | undefined): Promise<T | undefined> {
    return (await this.counted(token))?.session as T | undefined;
  }

  /**
   * Replaces what is in a session that is there. Of two who replace it at the same time the later one stays; with a
   * function, which gets what is in it and returns what is to be, both changes are made one after the other.
   *
   * @returns whether it is
   * @throws CacheUnavailable, and SessionConflict when others came before twenty times
   */
  async update<T>(token: string | undefined, session: T | ((current: T) => T)): Promise<boolean> {
    if (token === undefined) return false;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const read = await this.read(token);
      if (read === undefined) return false;
      const { createdAt, owner, found } = read;
      const change = typeof session === "function" ? (session as (current: T) => T) : undefined;
      const next = change === undefined ? session : change(read.session as T);
      const stored = { createdAt, session: next, ...(owner === undefined ? {} : { owner }) };
      const same = { instead: found.entry.bytes };
      if (await this.write(token, stored, this.ttlMs, same, found)) return true;
      // Those who came at the same time do not come back at the same time.
      await sleep(Math.random() * 5 * tries);
    }
    throw new SessionConflict(this.name, MOST_TRIES);
  }

  /**
   * Stores a session under a token of the caller's, whether it is there or not. When it began is kept.
   *
   * @returns false when it has ended in the last five minutes: a request that read it before does not bring it back
   * @throws CacheUnavailable
   */
  async set(token: string, session: unknown, options: SavedSessionOptions = {}): Promise<boolean> {
    const idleMs = this.idle(options);
    const { found, bytes } = await this.store.read(keyOf(token));
    const before = found === undefined ? undefined : storedOf(found);
    // One that was there and has ended: its time was up, or that of all of its owner.
    if (before === undefined && bytes !== undefined) return false;
    const stored = { createdAt: before?.createdAt ?? Date.now(), session, ...owned(options) };
    return this.write(token, stored, idleMs, "unless ended", found);
  }

  /** A use of a session, without reading it. @returns whether it is there @throws CacheUnavailable */
  async touch(
    token: string | undefined,
    options: Pick<SavedSessionOptions, "idleMs"> = {},
  ): Promise<boolean> {
    const idleMs = this.idle(options);
    const read = token === undefined ? undefined : await this.read(token);
    if (token === undefined || read === undefined) return false;
    await this.prolong(token, read, idleMs);
    return true;
  }

  /** Ends a session. @throws CacheUnavailable, and then it has perhaps not ended */
  async destroy(token: string | undefined): Promise<void> {
    if (token !== undefined) await this.store.end(keyOf(token));
  }

  /** Ends every session of an owner, in one command however many they are. @throws CacheUnavailable, and then they have perhaps not ended */
  async destroyAll(owner: string): Promise<void> {
    await this.store.deleteTag(tagOf(owner));
  }

  /**
   * What is in each session, in no order, with SCAN: for operators. Without tokens, which are nowhere.
   *
   * @param most @default 10,000
   * @throws CacheUnavailable, and RangeError when there are more
   */
  async all<T>({ most = MOST_LISTED }: { readonly most?: number } = {}): Promise<T[]> {
    this.refuse("most", most, 1, Infinity);
    const sessions: T[] = [];
    for await (const found of this.store.all()) {
      const stored = storedOf(found);
      if (stored === undefined || this.leftMs(stored) <= 0) continue;
      if (sessions.length >= most) {
        throw new RangeError(
          `cache ${this.name}: there are more than ${most} sessions; allowed is at most ${most}`,
        );
      }
      sessions.push(stored.session as T);
    }
    return sessions;
  }

  /** How many there are, with SCAN: for operators. @throws CacheUnavailable */
  async count(): Promise<number> {
    let count = 0;
    for await (const found of this.store.all()) {
      const stored = storedOf(found);
      if (stored !== undefined && this.leftMs(stored) > 0) count++;
    }
    return count;
  }

  /** Ends all sessions, with SCAN: for operators. @throws CacheUnavailable, and then some have perhaps not ended */
  async clear(): Promise<void> {
    await this.store.deleteMatching("*", { most: Infinity });
  }

  private async counted(token: string | undefined): Promise<Read | undefined> {
    const read = token === undefined ? undefined : await this.read(token);
    if (read === undefined) this.metrics.miss();
    else this.metrics.hit();
    return read;
  }

  private async read(token: string): Promise<Read | undefined> {
    const { found } = await this.store.read(keyOf(token));
    if (found === undefined || found.encoding === "absent") return undefined;
    const stored = storedOf(found);
    if (stored === undefined) this.store.discard(keyOf(token));
    return stored === undefined || this.leftMs(stored) <= 0 ? undefined : { ...stored, found };
  }

  private async prolong(token: string, read: Read, idleMs: number): Promise<void> {
    const lifetime = this.lifetimeOf(read, idleMs);
    if (Math.abs(lifetime.freshMs - read.found.freshForMs) <= idleMs * PRECISION) return;
    // One that has changed meanwhile was used by whoever changed it; one that has ended stays so.
    await this.store.prolong(keyOf(token), read.found, lifetime);
  }

  private async write(
    token: string,
    stored: Stored,
    idleMs: number,
    condition?: Condition,
    before?: Found,
  ): Promise<boolean> {
    const lifetime = this.lifetimeOf(stored, idleMs);
    const value = this.encoded(stored);
    const versions = await this.versionsOf(stored, before);
    return this.store.write(keyOf(token), value, lifetime, versions, condition);
  }

  /**
   * The owner's number: the one that the session had before, so that it ends with all others also when that happens
   * while it is stored. A new one lives as long as the longest session that carries it.
   */
  private async versionsOf(
    { owner }: Stored,
    before?: Found,
  ): Promise<ReadonlyMap<string, Buffer> | undefined> {
    if (owner === undefined) return undefined;
    const same = before?.entry.tags.find(({ tag }) => tag === owner);
    if (same !== undefined) return new Map([[owner, same.version]]);
    const longest = { freshMs: this.longestMs, staleMs: 0 };
    const versions = await this.store.prepare([owner], new Map(), longest);
    await this.store.prolongTag(owner, longest);
    return versions;
  }

  private encoded(stored: Stored): EncodedValue {
    const value = encodeValue(stored);
    const { maxValueBytes } = this.store;
    if (value.payload.length <= maxValueBytes) return value;
    throw new RangeError(`a session of ${value.payload.length} bytes; allowed is at most ${maxValueBytes}`);
  }

  private idle({ idleMs = this.ttlMs }: SavedSessionOptions): number {
    this.refuse("idleMs", idleMs, 1, LONGEST_LIFETIME_MS);
    return idleMs;
  }

  private lifetimeOf(stored: Stored, idleMs: number): Lifetime {
    return { freshMs: Math.max(1, Math.round(Math.min(idleMs, this.leftMs(stored)))), staleMs: 0 };
  }

  private leftMs({ createdAt }: Stored): number {
    return createdAt + this.longestMs - Date.now();
  }
}

function storedOf(found: Found): Stored | undefined {
  try {
    const value = decodeValue(found) as Partial<Stored> | null | undefined;
    if (typeof value?.createdAt !== "number") return undefined;
    const { createdAt, session, owner } = value;
    return { createdAt, session, ...(owner === undefined ? {} : { owner }) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function owned({ owner }: SessionOptions): Pick<Stored, "owner"> {
  return owner === undefined ? {} : { owner: tagOf(owner) };
}

/** Of any length and any characters. */
function tagOf(owner: string): string {
  return `owner:${keyOf(owner)}`;
}

function keyOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
