import type { Request, RequestHandler, Response } from "express";
import type { CacheManager } from "../cache-manager";
import type { Found } from "../entry-store";
import { SingleFlight } from "../single-flight";
import { headersOf } from "./answer-head";
import type { AnswerWatch, LastPiece } from "./answer-watch";
import { parseCacheControl } from "./cache-control";
import { detachResponse } from "./detached-response";
import { invalidateAfterWrite } from "./invalidate-after-write";
import {
  MadeAnswer,
  type MadeAnswerOptions,
  type Making,
  type Outcome,
  type Work,
  ignoreUnavailable,
  mostBodyBytes,
} from "./made-answer";
import { namePattern } from "./name-pattern";
import { pathTag } from "./path-tag";
import { bypassOf } from "./personal";
import { VariedHeaders, pathOf, requestKey } from "./request-key";
import { headIsWatched, headStored, sendStored } from "./send-stored";
import { type StoredResponse, decodeResponse } from "./stored-response";
import { watchResponse } from "./watch-response";

export interface ResponseCacheOptions {
  /** Where answers are kept. */
  readonly cache: CacheManager;
  /** How long an answer is fresh that does not say so in its Cache-Control or Expires, milliseconds. @default the cache's */
  readonly ttlMs?: number;
  /**
   * After it, how long a stale one is sent while a new one is made, milliseconds. An answer that says itself how long it
   * is fresh is stale for its own `stale-while-revalidate` only, and with `s-maxage` never. @default the cache's; 0 beside a
   * `ttlMs` of one's own
   */
  readonly staleMs?: number;
  /** How long 404 and 410 are kept, milliseconds. @default 0, not at all */
  readonly notFoundTtlMs?: number;
  /** What browsers are told, seconds, where no invalidation reaches. @default the same as `ttlMs` */
  readonly browserMaxAgeSeconds?: number;
  /** Request headers that answers vary with; others are learned from `Vary`. @default none */
  readonly vary?: readonly string[];
  /** Parameters of the query that make no difference to an answer; `*` at the end for any rest: `utm_*`. @default none */
  readonly ignoreQuery?: readonly string[];
  /** What an answer depends on, by its request: `property:42`. Its path is a tag by itself. A write invalidates them. @default none */
  readonly tags?: (request: Request) => readonly string[];
  /** What a successful write invalidates besides its own path and tags. @default nothing */
  readonly invalidates?: (request: Request) => {
    readonly tags?: readonly string[];
    readonly paths?: readonly string[];
  };
  /** Requests that are neither answered from the cache nor kept. @default those with Authorization or a cookie */
  readonly bypass?: (request: Request) => boolean;
  /**
   * Request headers that say who asks: with one of them a request is neither answered from the cache nor kept, whatever
   * `bypass` says, unless it is in `vary`. @default `CREDENTIAL_HEADERS`: X-API-Key, X-Auth-Token and their like
   */
  readonly credentialHeaders?: readonly string[];
  /** Cookies that say nothing about who asks; `*` at the end for any rest: `_ga*`. Not with `bypass`. @default none */
  readonly ignoreCookies?: readonly string[];
  /** Whether a client may ask for a new answer with `Cache-Control: no-cache`. @default true */
  readonly clientMayReload?: boolean;
}

/** How long it is remembered that a key's answers are not for everybody, milliseconds: then nobody waits for another. */
const PASS_MS = 10_000;

/** Keys that this is remembered of. */
const MOST_PASSES = 10_000;

/** Longest time that a refresh may keep others from trying, milliseconds. */
const REFRESH_MS = 30_000;

/**
 * Middleware that keeps the answers of GET, answers HEAD from them, and invalidates them on writes. It belongs behind what
 * judges a request (metrics, limits, authentication) and at the routes, writes too: so their parameters are there for
 * `tags`, and their patterns in the metrics.
 *
 * @example
 * const cached = responseCache({
 *   cache: new ApiCacheManager({ settings }),
 *   tags: ({ params }) => [`property:${params.id}`],
 * });
 * app.get("/api/properties/:id", cached, showProperty);
 * app.put("/api/properties/:id", cached, changeProperty);
 * @throws RangeError for a pattern that is none
 */
export function responseCache(options: ResponseCacheOptions): RequestHandler {
  const cache = new ResponseCache(options);
  return (request, response, next) => cache.handle(request, response, next);
}

class ResponseCache {
  private readonly flights = new SingleFlight<Outcome>();
  private readonly passes = new Map<string, number>();
  private readonly bypass: (request: Request) => boolean;
  private readonly keyOf: Making["keyOf"];
  private readonly making: Making;
  private readonly statuses;

  constructor(private readonly options: ResponseCacheOptions) {
    const { cache, ttlMs = cache.ttlMs, notFoundTtlMs = 0 } = options;
    // As with the cache itself: whoever says when an answer ends gets no stale ones unasked.
    const { staleMs = options.ttlMs === undefined ? cache.staleMs : 0 } = options;
    const ignored = namePattern("ignoreQuery", options.ignoreQuery);
    this.bypass = bypassOf(options);
    this.keyOf = (request, varied) => requestKey(request, varied, ignored);
    this.statuses = {
      hit: `${cache.name}; hit`,
      stale: `${cache.name}; hit; detail=stale`,
      miss: `${cache.name}; fwd=miss; stored`,
      shared: `${cache.name}; fwd=miss; collapsed`,
      passed: `${cache.name}; fwd=miss`,
    };
    this.making = {
      cache,
      lifetimes: { ttlMs, staleMs, notFoundTtlMs },
      browserMaxAgeSeconds: options.browserMaxAgeSeconds,
      varied: new VariedHeaders((options.vary ?? []).map((name) => name.toLowerCase()).sort()),
      keyOf: this.keyOf,
      pass: (key) => this.pass(key),
      statuses: this.statuses,
    };
  }

  handle(request: Request, response: Response, next: () => void): void | Promise<void> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      if (method !== "OPTIONS" && method !== "TRACE") this.watchWrite(request, response);
      next();
      return;
    }
    if (this.bypass(request)) {
      next();
      return;
    }
    return this.answer(request, response, next);
  }

  private watchWrite(request: Request, response: Response): void {
    const { cache, invalidates } = this.options;
    const tags = this.tagsOf(request, pathOf(request));
    invalidateAfterWrite(request, response, { tags, invalidates }, async (all) => {
      this.flights.supersede((_key, of) => of.some((tag) => all.includes(tag)));
      await cache.invalidateTags(...all);
    });
  }

  private tagsOf(request: Request, path: string): readonly string[] {
    const { tags } = this.options;
    return tags === undefined ? [pathTag(path)] : [pathTag(path), ...tags(request)];
  }

  private async answer(request: Request, response: Response, next: () => void): Promise<void> {
    const { cache, clientMayReload = true } = this.options;
    const path = pathOf(request);
    const key = this.keyOf(request, this.making.varied.of(path));
    if (this.passes.size > 0 && (this.passes.get(key) ?? 0) > performance.now()) return next();
    const control = request.headers["cache-control"];
    const wishes = control === undefined ? undefined : parseCacheControl(control);
    if (wishes?.noStore === true) return next();
    const reload = clientMayReload && wishes !== undefined && (wishes.noCache || wishes.maxAge === 0);
    const tags = this.tagsOf(request, path);

    const running = this.flights.running(key);
    if (running !== undefined && !running.refresh)
      return this.follow(request, response, next, { key, path, tags });
    const { found, versions } = await cache.lookUp(key, tags);
    // A deadline has answered, or the client has left: nothing would tell those who wait for what is made here.
    if (isOver(response)) return;
    const stored = found === undefined || reload ? undefined : this.storedOf(key, found);
    if (stored === undefined || found === undefined) {
      if (wishes?.onlyIfCached === true) {
        response.status(504).end();
        return;
      }
      return this.follow(request, response, next, { key, path, tags, versions });
    }
    if (found.state === "stale" && request.method === "GET" && this.flights.running(key) === undefined) {
      const work = { key, path, tags, versions };
      // What stands in front has its say once for each request: its answer cannot be made twice.
      if (headIsWatched(response)) {
        const instead = (): LastPiece =>
          headStored(request, response, stored, found.ageMs, this.statuses.stale);
        return this.lead(request, response, next, work, instead);
      }
      this.refreshAfter(request, response, next, work);
    }
    const status = found.state === "fresh" ? this.statuses.hit : this.statuses.stale;
    sendStored(request, response, stored, found.ageMs, status);
  }

  /** Waits for who is making the answer already, or makes it. */
  private async follow(request: Request, response: Response, next: () => void, work: Work): Promise<void> {
    // A handler that answers HEAD makes no body to keep.
    if (request.method === "HEAD") return next();
    for (;;) {
      const flight = this.flights.running(work.key);
      if (flight === undefined) return this.lead(request, response, next, work);
      this.options.cache.parts.metrics.joined();
      const outcome = await flight.result;
      if (isOver(response)) return;
      if (outcome.kind === "private") return next();
      if (outcome.kind === "gone") continue;
      sendStored(request, response, outcome.stored, Date.now() - outcome.at, this.statuses.shared);
      return;
    }
  }

  /** @param stale sets the head of a stale answer, for when the handlers fail; others get it meanwhile */
  private async lead(
    request: Request,
    response: Response,
    next: () => void,
    work: Work,
    stale?: () => LastPiece,
  ): Promise<void> {
    const making = this.begin(work, stale !== undefined);
    let left = false;
    let closed = (): void => making.settle({ kind: "gone" });
    response.once("close", () => {
      left = true;
      closed();
    });
    const versions = await this.prepared(work);
    const already = headersOf(response);
    const conditions = takeConditions(request);
    const wanted = (): boolean => !left;
    const about = { request, response, work, already, versions, conditions, wanted, ...making };
    const answer = new MadeAnswer(this.making, about);
    closed = () => answer.closed();
    const instead = (): LastPiece | undefined => {
      if (stale === undefined || response.statusCode < 500) return undefined;
      making.settle({ kind: "gone" });
      Object.assign(request.headers, conditions);
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      for (const [name, value] of already) response.setHeader(name, value);
      response.statusMessage = "";
      return stale();
    };
    const { cache } = this.options;
    watchResponse(response, watched(answer, instead), mostBodyBytes(cache));
    next();
  }

  /** Once the client has the stale answer, the handlers run again with nobody listening. */
  private refreshAfter(request: Request, response: Response, next: () => void, work: Work): void {
    const making = this.begin(work, true);
    const gone = (): void => making.settle({ kind: "gone" });
    const timer = setTimeout(gone, REFRESH_MS);
    timer.unref();
    void making.flight.result.finally(() => clearTimeout(timer));
    const already = headersOf(response);
    response.once("close", () => {
      void this.prepared(work).then((versions) => {
        takeConditions(request);
        const about = { request, response, work, already, versions, conditions: {}, wanted: () => true };
        const answer = new MadeAnswer(this.making, { ...about, ...making });
        detachResponse(response, already, answer, gone, mostBodyBytes(this.options.cache));
        next();
      });
    });
  }

  private begin({ key, tags }: Work, refresh: boolean): Pick<MadeAnswerOptions, "flight" | "settle"> {
    let settle: (outcome: Outcome) => void = () => undefined;
    const result = new Promise<Outcome>((resolve) => (settle = resolve));
    return { flight: this.flights.begin(key, { tags, refresh }, () => result), settle };
  }

  private storedOf(key: string, found: Found): StoredResponse | undefined {
    const stored = decodeResponse(found.payload);
    if (stored === undefined) this.options.cache.parts.store.discard(key);
    return stored;
  }

  private async prepared({ key, tags, versions }: Work): Promise<ReadonlyMap<string, Buffer> | undefined> {
    const { store } = this.options.cache.parts;
    const { ttlMs: freshMs, staleMs } = this.making.lifetimes;
    try {
      return await store.prepare(tags, versions ?? (await store.read(key, tags)).versions, {
        freshMs,
        staleMs,
      });
    } catch (error) {
      ignoreUnavailable(error);
      return undefined;
    }
  }

  private pass(key: string): void {
    if (this.passes.size >= MOST_PASSES) this.passes.clear();
    this.passes.set(key, performance.now() + PASS_MS);
  }
}

function watched(answer: MadeAnswer, instead: () => LastPiece | undefined): AnswerWatch {
  return {
    instead,
    head: (body) => answer.head(body),
    sealed: () => answer.sealed(),
    complete: (body) => answer.complete(body),
  };
}

/** Nobody hears of this answer any more, not even of its end. */
function isOver(response: Response): boolean {
  return response.writableEnded || response.destroyed;
}

/** Handlers make whole answers; whether the client has it already is decided when there is one. */
function takeConditions(request: Request): Record<string, string> {
  const { headers } = request;
  const taken: Record<string, string> = {};
  for (const name of ["if-none-match", "if-modified-since"] as const) {
    const value = headers[name];
    if (value === undefined) continue;
    taken[name] = value;
    delete headers[name];
  }
  return taken;
}
