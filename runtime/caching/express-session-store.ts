import type { SavedSessionOptions, SessionCacheManager } from "./session-manager";

/** What express-session keeps: what the application put in, and the cookie. */
export interface ExpressSession {
  readonly cookie?: {
    readonly expires?: Date | string | null | undefined;
    readonly originalMaxAge?: number | null;
  };
  readonly [key: string]: unknown;
}

export interface ExpressSessionStoreOptions {
  /** Whose a session is, by what is in it: then `destroyAll(owner)` of the manager ends it. @default nobody's */
  readonly owner?: (session: ExpressSession) => string | undefined;
  /** Sessions that `all` lists at most; when there are more it is refused. @default 10,000 */
  readonly mostListed?: number;
}

type Callback<T> = (error?: unknown, value?: T) => void;

/** Methods of a store. Without a callback they return a promise of the same. */
export interface ExpressSessionStore {
  get(id: string, callback?: Callback<ExpressSession | null>): Promise<ExpressSession | null> | undefined;
  set(id: string, session: ExpressSession, callback?: Callback<void>): Promise<void> | undefined;
  touch(id: string, session: ExpressSession, callback?: Callback<void>): Promise<void> | undefined;
  destroy(id: string, callback?: Callback<void>): Promise<void> | undefined;
  all(callback?: Callback<ExpressSession[]>): Promise<ExpressSession[]> | undefined;
  length(callback?: Callback<number>): Promise<number> | undefined;
  clear(callback?: Callback<void>): Promise<void> | undefined;
}

/**
 * A store for express-session on a {@link SessionCacheManager}. A session ends with its cookie; one whose cookie has no
 * end, 24 hours (`ttlMs` of the manager) after its last use; each at the latest 7 days (`longestMs`) after it began. Redis
 * has the SHA-256 of an id and never the id, so that sessions are listed without.
 *
 * When Redis gives no answer the middleware passes on CacheUnavailable, whose status is 503. Of two requests that save the
 * same session the later one stays. What was destroyed is not brought back by a request that was under way.
 *
 * @example
 * import session from "express-session";
 * app.use(session({ store: expressSessionStore(session, sessions), secret, resave: false, saveUninitialized: false }));
 *
 * @param session the package, in the version of the application
 */
export function expressSessionStore<Base extends object>(
  { Store }: { readonly Store: abstract new () => Base },
  sessions: SessionCacheManager,
  { owner, mostListed }: ExpressSessionStoreOptions = {},
): ExpressSessionStore & Base {
  class RetroFitLinkStore extends (Store as unknown as new () => object) implements ExpressSessionStore {
    get(id: string, callback?: Callback<ExpressSession | null>) {
      const reading = sessions.peek<ExpressSession>(id);
      return told(
        reading.then((session) => session ?? null),
        callback,
      );
    }

    set(id: string, session: ExpressSession, callback?: Callback<void>) {
      return told(this.save(id, session), callback);
    }

    touch(id: string, session: ExpressSession, callback?: Callback<void>) {
      return told(this.use(id, session), callback);
    }

    destroy(id: string, callback?: Callback<void>) {
      return told(sessions.destroy(id), callback);
    }

    all(callback?: Callback<ExpressSession[]>) {
      return told(
        sessions.all<ExpressSession>(mostListed === undefined ? {} : { most: mostListed }),
        callback,
      );
    }

    length(callback?: Callback<number>) {
      return told(sessions.count(), callback);
    }

    clear(callback?: Callback<void>) {
      return told(sessions.clear(), callback);
    }

    private async save(id: string, session: ExpressSession): Promise<void> {
      const times = timesOf(session);
      const whose = owner?.(session);
      if (times === undefined) await sessions.destroy(id);
      else await sessions.set(id, session, whose === undefined ? times : { ...times, owner: whose });
    }

    private async use(id: string, session: ExpressSession): Promise<void> {
      const times = timesOf(session);
      if (times === undefined) await sessions.destroy(id);
      else await sessions.touch(id, times);
    }
  }
  return new RetroFitLinkStore() as unknown as ExpressSessionStore & Base;
}

/** Longest time that may be said to a manager, milliseconds: a cookie of a year ends when the manager says. */
const LONGEST_IDLE_MS = 30 * 86_400_000;

/** @returns undefined for what has ended */
function timesOf({ cookie }: ExpressSession): Pick<SavedSessionOptions, "idleMs"> | undefined {
  const expires = cookie?.expires;
  if (expires === null || expires === undefined) return {};
  const idleMs = new Date(expires).getTime() - Date.now();
  // No date at all is no end.
  if (Number.isNaN(idleMs)) return {};
  return idleMs < 1 ? undefined : { idleMs: Math.min(idleMs, LONGEST_IDLE_MS) };
}

/** With a callback outside of the promise, so that what it throws is not taken for a failure of the work. */
function told<T>(work: Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
  if (callback === undefined) return work;
  work.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  );
  return undefined;
}
