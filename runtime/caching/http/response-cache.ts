import type { Request, RequestHandler, Response } from "express";
import type { CacheManager } from "../cache-manager";
import type { Found } from "../entry-store";
import { CacheUnavailable } from "../errors";
import { SingleFlight } from "../single-flight";
import { parseCacheControl } from "./cache-control";
import { type Capture, captureResponse, detachResponse } from "./captured-response";
import { invalidateAfterWrite, pathTag } from "./invalidate-after-write";
import { VariedHeaders, parseVary, pathOf, requestKey } from "./request-key";
import { sendStored } from "./send-stored";
import { cacheControlFor, headerOf, storedResponse, verdictOf } from "./storable";
import { type StoredResponse, decodeResponse, encodeResponse } from "./stored-response";

export interface ResponseCacheOptions {
  /** Where answers are kept. */
  readonly cache: CacheManager;
  /** How long an answer is fresh that does not say so in its Cache-Control, milliseconds. @default the cache's */
  readonly ttlMs?: number;
  /** After it, how long a stale one is sent while a new one is made, milliseconds. @default the cache's */
  readonly staleMs?: number;
  /** How long 404 and 410 are kept, milliseconds. @default 0, not at all */
  readonly notFoundTtlMs?: number;
  /** What browsers are told, seconds, where no invalidation reaches. @default the same as `ttlMs` */
  readonly browserMaxAgeSeconds?: number;
  /** Request headers that answers vary with; others are learned from `Vary`. @default none */
  readonly vary?: readonly string[];
  /** What an answer depends on, by its request: `property:42`. Its path is a tag by itself. @default none */
  readonly tags?: (request: Request) => readonly string[];
  /** What a successful write invalidates besides its own path. @default nothing */
  readonly invalidates?: (request: Request) => {
    readonly tags?: readonly string[];
    readonly paths?: readonly string[];
  };
  /** Requests that are neither answered from the cache nor kept. @default those with Authorization or a cookie */
  readonly bypass?: (request: Request) => boolean;
  /** Whether a client may ask for a new answer with `Cache-Control: no-cache`. @default true */
  readonly clientMayReload?: boolean;
}

/** What became of a request that others wait for. */
type Outcome =
  | { readonly kind: "answer"; readonly stored: StoredResponse; readonly at: number }
  | { readonly kind: "private" }
  /** Nothing: the client left, and with it perhaps the handler, or the answer turned out to vary with more. */
  | { readonly kind: "gone" };

interface Judgement {
  /** For those who wait. */
  readonly outcome: Outcome;
  /** For the one who asked; undefined when the answer goes out as the handler made it. */
  readonly answer?: StoredResponse;
  readonly stored: boolean;
}

/** How long it is remembered that a key's answers are not for everybody, milliseconds: then nobody waits for another. */
const PASS_MS = 10_000;

/** Keys that this is remembered of. */
const MOST_PASSES = 10_000;

/** Longest time that a refresh may keep others from trying, milliseconds. */
const REFRESH_MS = 30_000;

/** Requests with these are about one person until the route says otherwise. */
const isPersonal = (request: Request): boolean =>
  request.headers.authorization !== undefined || request.headers.cookie !== undefined;

/**
 * Middleware that keeps the answers of GET and HEAD, and invalidates them on writes. It belongs behind what judges a
 * request (metrics, limits, authentication) and before the routes.
 *
 * @example
 * app.use(responseCache({ cache: new ApiCacheManager({ settings }) }));
 */
export function responseCache(options: ResponseCacheOptions): RequestHandler {
  const cache = new ResponseCache(options);
  return (request, response, next) => cache.handle(request, response, next);
}

class ResponseCache {
  private readonly flights = new SingleFlight<Outcome>();
  private readonly passes = new Map<string, number>();
  private readonly varied: VariedHeaders;
  private readonly bypass: (request: Request) => boolean;
  private readonly lifetimes;
  private readonly statuses;

  constructor(private readonly options: ResponseCacheOptions) {
    const { cache, ttlMs = cache.ttlMs, staleMs = cache.staleMs, notFoundTtlMs = 0 } = options;
    this.lifetimes = { ttlMs, staleMs, notFoundTtlMs };
    this.bypass = options.bypass ?? isPersonal;
    this.varied = new VariedHeaders((options.vary ?? []).map((name) => name.toLowerCase()).sort());
    this.statuses = {
      hit: `${cache.name}; hit`,
      stale: `${cache.name}; hit; detail=stale`,
      miss: `${cache.name}; fwd=miss; stored`,
      shared: `${cache.name}; fwd=miss; collapsed`,
      passed: `${cache.name}; fwd=miss`,
    };
  }

  handle(request: Request, response: Response, next: () => void): void | Promise<void> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      if (method !== "OPTIONS" && method !== "TRACE") this.watchWrite(request, response);
      next();
      return;
    }
    if (this.bypass(request) || request.headers.range !== undefined) {
      next();
      return;
    }
    return this.answer(request, response, next);
  }

  private watchWrite(request: Request, response: Response): void {
    const { cache, invalidates } = this.options;
    invalidateAfterWrite(request, response, invalidates, async (tags) => {
      this.flights.supersede((_key, of) => of.some((tag) => tags.includes(tag)));
      await cache.invalidateTags(...tags);
    });
  }

  private async answer(request: Request, response: Response, next: () => void): Promise<void> {
    const { cache, tags: tagsOf, clientMayReload = true } = this.options;
    const path = pathOf(request);
    const key = requestKey(request, this.varied.of(path));
    if (this.passes.size > 0 && (this.passes.get(key) ?? 0) > performance.now()) return next();
    const control = request.headers["cache-control"];
    const wishes = control === undefined ? undefined : parseCacheControl(control);
    if (wishes?.noStore === true) return next();
    const reload = clientMayReload && wishes !== undefined && (wishes.noCache || wishes.maxAge === 0);
    const tags = tagsOf === undefined ? [pathTag(path)] : [pathTag(path), ...tagsOf(request)];

    const running = this.flights.running(key);
    if (running !== undefined && !running.refresh)
      return this.follow(request, response, next, { key, path, tags });
    const { found, versions } = await cache.lookUp(key, tags);
    const stored = found === undefined || reload ? undefined : this.storedOf(key, found);
    if (stored === undefined || found === undefined) {
      if (wishes?.onlyIfCached === true) {
        response.status(504).end();
        return;
      }
      return this.follow(request, response, next, { key, path, tags, versions });
    }
    if (found.state === "stale" && request.method === "GET" && this.flights.running(key) === undefined) {
      this.refreshAfter(request, response, next, { key, path, tags, versions });
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
      if (response.writableEnded || response.destroyed) return;
      if (outcome.kind === "private") return next();
      if (outcome.kind === "gone") continue;
      sendStored(request, response, outcome.stored, Date.now() - outcome.at, this.statuses.shared);
      return;
    }
  }

  private async lead(request: Request, response: Response, next: () => void, work: Work): Promise<void> {
    const { key, tags } = work;
    let settle: (outcome: Outcome) => void = () => undefined;
    const result = new Promise<Outcome>((resolve) => (settle = resolve));
    const flight = this.flights.begin(key, { tags, refresh: false }, () => result);
    const gone = (): void => settle({ kind: "gone" });
    response.once("close", gone);
    const versions = await this.prepared(work);
    const conditions = takeConditions(request);
    const already = headersBefore(response);
    captureResponse(response, (capture) => {
      Object.assign(request.headers, conditions);
      const { outcome, answer, stored } = this.judge(
        request,
        capture,
        work,
        already,
        versions,
        () => flight.superseded,
      );
      settle(outcome);
      if (capture.kind !== "whole") return;
      // What is for one goes out as it is; the rest as it will from the cache.
      if (answer === undefined) return capture.send();
      for (const name of response.getHeaderNames()) if (!already.has(name)) response.removeHeader(name);
      sendStored(request, response, answer, 0, stored ? this.statuses.miss : this.statuses.passed);
    });
    next();
  }

  /** Once the client has the stale answer, the handlers run again with nobody listening. */
  private refreshAfter(request: Request, response: Response, next: () => void, work: Work): void {
    const { key, tags } = work;
    let settle: (outcome: Outcome) => void = () => undefined;
    const result = new Promise<Outcome>((resolve) => (settle = resolve));
    const flight = this.flights.begin(key, { tags, refresh: true }, () => result);
    const timer = setTimeout(() => settle({ kind: "gone" }), REFRESH_MS);
    timer.unref();
    void result.finally(() => clearTimeout(timer));
    const already = headersBefore(response);
    response.once("close", () => {
      void this.prepared(work).then((versions) => {
        takeConditions(request);
        detachResponse(response, (capture) => {
          settle(this.judge(request, capture, work, already, versions, () => flight.superseded).outcome);
        });
        next();
      });
    });
  }

  /** Tells those who wait what there is for them, and keeps what may be kept. */
  private judge(
    request: Request,
    capture: Capture,
    { key, path, tags }: Work,
    already: ReadonlyMap<string, string>,
    versions: ReadonlyMap<string, Buffer> | undefined,
    superseded: () => boolean,
  ): Judgement {
    const { cache, browserMaxAgeSeconds } = this.options;
    const forOne = (): Judgement => {
      this.pass(key);
      return { outcome: { kind: "private" }, stored: false };
    };
    if (capture.kind === "streamed") return forOne();
    const { response } = capture;
    const verdict = verdictOf(response, this.lifetimes);
    const names = parseVary(headerOf(response, "vary"));
    const tooLarge = response.body.length > cache.parts.store.maxValueBytes - HEAD_ROOM_BYTES;
    if (verdict.kind === "private" || names === undefined || tooLarge) {
      if (tooLarge) cache.parts.metrics.tooLarge();
      return forOne();
    }
    const before = this.varied.of(path);
    const varied = this.varied.learn(path, names);
    // Those who wait asked for the same key, which did not hold all that the answer varies with.
    const same = varied.length === before.length;
    const stale = verdict.kind === "store" ? verdict : undefined;
    const more: Record<string, string> =
      stale === undefined
        ? {}
        : { "Cache-Control": cacheControlFor(stale.ttlMs, stale.staleMs, browserMaxAgeSeconds) };
    const answer = storedResponse(response, already, varied, more);
    const keep = stale !== undefined && versions !== undefined && !superseded();
    if (keep) {
      const lifetime = cache.lifetime(1, { ttlMs: stale.ttlMs, staleMs: stale.staleMs });
      const value = { encoding: "binary" as const, payload: encodeResponse(answer) };
      const target = same ? key : requestKey(request, varied);
      const current = new Map(tags.flatMap((tag) => pair(tag, versions.get(tag))));
      cache.parts.store.write(target, value, lifetime, current).catch(ignoreUnavailable);
    }
    const outcome: Outcome = same ? { kind: "answer", stored: answer, at: Date.now() } : { kind: "gone" };
    return { outcome, answer, stored: keep };
  }

  private storedOf(key: string, found: Found): StoredResponse | undefined {
    const stored = decodeResponse(found.payload);
    if (stored === undefined) this.options.cache.parts.store.discard(key);
    return stored;
  }

  private async prepared({ key, tags, versions }: Work): Promise<ReadonlyMap<string, Buffer> | undefined> {
    const { store } = this.options.cache.parts;
    const { ttlMs: freshMs, staleMs } = this.lifetimes;
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

/** What an answer is kept under, and the versions of its tags where they have been read. */
interface Work {
  readonly key: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly versions?: ReadonlyMap<string, Buffer>;
}

/** Room for the headers of an answer beside its body, bytes. */
const HEAD_ROOM_BYTES = 16 * 1024;

function pair(tag: string, version: Buffer | undefined): [string, Buffer][] {
  return version === undefined ? [] : [[tag, version]];
}

function headersBefore(response: Response): ReadonlyMap<string, string> {
  return new Map(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
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

/** Counted and logged where it happened. */
function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof CacheUnavailable)) throw error;
}
