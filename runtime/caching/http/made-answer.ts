import type { Request, Response } from "express";
import type { CacheManager } from "../cache-manager";
import { CacheUnavailable } from "../errors";
import type { Flight } from "../single-flight";
import { type AnswerHead, headOf } from "./answer-head";
import type { AnswerWatch } from "./answer-watch";
import { notModified } from "./conditional";
import { type VariedHeaders, parseVary } from "./request-key";
import { type ResponseLifetimes, type Verdict, cacheControlFor, verdictOf } from "./storable";
import { type StoredResponse, encodeResponse, storedResponse } from "./stored-response";

/** What became of a request that others wait for. */
export type Outcome =
  | { readonly kind: "answer"; readonly stored: StoredResponse; readonly at: number }
  /** Theirs is to be made apart. */
  | { readonly kind: "private" }
  /** Nothing: the client left, and with it perhaps the handler, or the answer turned out to vary with more. */
  | { readonly kind: "gone" };

/** What an answer is kept under, and the versions of its tags where they have been read. */
export interface Work {
  readonly key: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly versions?: ReadonlyMap<string, Buffer>;
}

/** What all answers of one middleware have in common. */
export interface Making {
  readonly cache: CacheManager;
  readonly lifetimes: ResponseLifetimes;
  readonly browserMaxAgeSeconds: number | undefined;
  readonly varied: VariedHeaders;
  readonly keyOf: (request: Request, varied: readonly string[]) => string;
  /** Answers of this key are not for everybody: for a while nobody is to wait for another. */
  readonly pass: (key: string) => void;
  readonly statuses: { readonly miss: string; readonly passed: string };
}

/** One that is being made. */
export interface MadeAnswerOptions {
  readonly request: Request;
  readonly response: Response;
  readonly work: Work;
  /** Headers that were set before the handlers, by names in lower case. */
  readonly already: ReadonlyMap<string, string>;
  /** Of the tags, as they were before the handlers; undefined when nothing can be kept. */
  readonly versions: ReadonlyMap<string, Buffer> | undefined;
  readonly flight: Flight<Outcome>;
  readonly settle: (outcome: Outcome) => void;
  /** Conditions of the client, which the handlers did not see: whether it has the answer is decided when there is one. */
  readonly conditions: Readonly<Record<string, string>>;
  /** Whether the one who asked is still there. */
  readonly wanted: () => boolean;
}

/** What the head says about the answer. */
interface Plan {
  readonly head: AnswerHead;
  verdict: Verdict;
  /** Our own Cache-Control. */
  readonly cacheControl: string | undefined;
  readonly whole: boolean;
  readonly varied: readonly string[];
  readonly vary: string;
  /** Whether those who wait asked for the same key, which may not have held all that the answer varies with. */
  readonly same: boolean;
  readonly madeAt: number;
}

/** Room for the headers of an answer beside its body, bytes. */
const HEAD_ROOM_BYTES = 16 * 1024;

/** Headers that are about a body, which a 304 has not. */
const OF_BODY = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "transfer-encoding",
];

export function mostBodyBytes(cache: CacheManager): number {
  return cache.parts.store.maxValueBytes - HEAD_ROOM_BYTES;
}

/**
 * One answer on its way from the handlers to the client: judged when its head is complete, judged again by what is sent,
 * and kept when all of it is there.
 */
export class MadeAnswer implements AnswerWatch {
  private plan: Plan | undefined;
  private completed = false;

  constructor(
    private readonly making: Making,
    private readonly options: MadeAnswerOptions,
  ) {}

  head(body: Buffer | undefined): void {
    const { request, response, conditions } = this.options;
    const { statuses } = this.making;
    Object.assign(request.headers, conditions);
    const head = headOf(response);
    const plan = this.planOf(head, body);
    this.plan = plan;
    if (plan.verdict.kind !== "private") {
      if (plan.vary !== "") response.setHeader("Vary", plan.vary);
      if (plan.cacheControl !== undefined) response.setHeader("Cache-Control", plan.cacheControl);
      const keeps = plan.whole && plan.verdict.kind === "store" && this.mayKeep();
      response.setHeader("Cache-Status", keeps ? statuses.miss : statuses.passed);
    }
    if (head.status !== 200) return;
    if (notModified(request.headers, head.get("etag"), head.get("last-modified"))) {
      response.statusCode = 304;
      response.statusMessage = "";
      for (const name of OF_BODY) response.removeHeader(name);
    }
  }

  sealed(): void {
    const { settle, work } = this.options;
    const { plan } = this;
    if (plan === undefined) return settle({ kind: "private" });
    if (plan.verdict.kind !== "private") this.judgeWhatIsSent(plan);
    if (plan.verdict.kind === "private") {
      this.making.pass(work.key);
      settle({ kind: "private" });
    } else if (!plan.whole) settle({ kind: "private" });
  }

  /** The connection is gone: those who wait are told, unless they will be when the answer is kept. */
  closed(): void {
    if (!this.completed) this.options.settle({ kind: "gone" });
  }

  complete(body: Buffer | undefined): void {
    this.completed = true;
    const { cache, keyOf, pass } = this.making;
    const { request, work, versions, settle, wanted } = this.options;
    const { plan } = this;
    if (plan === undefined || plan.verdict.kind === "private") return;
    if (body === undefined || body.length > mostBodyBytes(cache)) {
      cache.parts.metrics.tooLarge();
      pass(work.key);
      return settle({ kind: "private" });
    }
    const { head, verdict } = plan;
    // Who ends an answer because nobody is there any more has not made all of it.
    if (!wanted() || !isAllOf(head, body)) return settle({ kind: "gone" });
    const ageMs = verdict.kind === "store" ? verdict.ageMs : 0;
    const { already } = this.options;
    const stored = storedResponse({ ...plan, already, ageMs }, body);
    const outcome: Outcome = plan.same ? { kind: "answer", stored, at: Date.now() } : { kind: "gone" };
    const done = (): void => settle(outcome);
    if (verdict.kind === "store" && versions !== undefined && this.mayKeep()) {
      const lifetime = cache.lifetime(1, { ttlMs: verdict.ttlMs, staleMs: verdict.staleMs });
      const value = { encoding: "binary" as const, payload: encodeResponse(stored) };
      const target = plan.same ? work.key : keyOf(request, plan.varied);
      const current = new Map(work.tags.flatMap((tag) => pair(tag, versions.get(tag))));
      // Who asks until it can be found is one of those who wait.
      cache.parts.store.write(target, value, lifetime, current).catch(ignoreUnavailable).finally(done);
    } else done();
  }

  private planOf(head: AnswerHead, body: Buffer | undefined): Plan {
    const { cache, lifetimes, browserMaxAgeSeconds, varied } = this.making;
    const { path } = this.options.work;
    const tooLarge = body !== undefined && body.length > mostBodyBytes(cache);
    if (tooLarge) cache.parts.metrics.tooLarge();
    const verdict: Verdict = tooLarge ? { kind: "private" } : verdictOf(head.status, head.get, lifetimes);
    const plan = { head, verdict, whole: body !== undefined, madeAt: Date.now() };
    if (verdict.kind === "private") {
      return { ...plan, cacheControl: undefined, varied: [], vary: "", same: true };
    }
    const names = parseVary(head.get("vary")) ?? [];
    const before = varied.of(path);
    const all = varied.learn(path, names);
    const ours = verdict.kind === "store" && !verdict.stated && head.get("cache-control") === undefined;
    return {
      ...plan,
      cacheControl: ours ? cacheControlFor(verdict.ttlMs, verdict.staleMs, browserMaxAgeSeconds) : undefined,
      varied: all,
      vary: withNames(names, all),
      same: all.length === before.length,
    };
  }

  /** Middleware in front may have added a cookie, or another word on who may keep the answer. */
  private judgeWhatIsSent(plan: Plan): void {
    const { response } = this.options;
    const { lifetimes, statuses } = this.making;
    const sent = headOf(response);
    const ours = plan.cacheControl !== undefined && sent.get("cache-control") === plan.cacheControl;
    const get = (name: string): string | undefined =>
      ours && name === "cache-control" ? undefined : sent.get(name);
    const { kind } = verdictOf(plan.head.status, get, lifetimes);
    const other = sent.status !== plan.head.status && sent.status !== 304;
    if (kind !== "private" && !other) return;
    plan.verdict = { kind: "private" };
    if (ours) response.removeHeader("Cache-Control");
    response.setHeader("Cache-Status", statuses.passed);
  }

  private mayKeep(): boolean {
    return this.options.versions !== undefined && !this.options.flight.superseded;
  }
}

/** Whether a body is as long as its head says. */
function isAllOf(head: AnswerHead, body: Buffer): boolean {
  const length = head.get("content-length");
  return length === undefined || Number(length) === body.length;
}

/** A Vary header: the names that an answer has, as it has them, and others that are known. */
function withNames(own: readonly string[], all: readonly string[]): string {
  const lower = new Set(own.map((name) => name.toLowerCase()));
  const others = all.filter((name) => !lower.has(name));
  return [...own, ...others.map((name) => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()))].join(
    ", ",
  );
}

function pair(tag: string, version: Buffer | undefined): [string, Buffer][] {
  return version === undefined ? [] : [[tag, version]];
}

/** Counted and logged where it happened. */
export function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof CacheUnavailable)) throw error;
}
