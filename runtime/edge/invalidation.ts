import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Registry, register } from "prom-client";
import { type Logger, defaultLogger } from "../shared/logger";
import { counter } from "../metrics/metric";
import {
  everythingRefused,
  isEverything,
  purgeBatches,
  purgeProblems,
  type OriginGuard,
  type Purge,
} from "./purge-plan";
import { PurgeBusy, type Purger } from "./purger";

export interface InvalidationOptions {
  readonly purger: Purger;
  /** Decides whether everything may be purged. @default it may not */
  readonly guard?: OriginGuard;
  /** Calls that are tried for one batch, whole number >= 1. @default 6 */
  readonly attempts?: number;
  /** Wait after the first refusal, milliseconds; each later one is twice as long. @default 1000 */
  readonly firstWaitMs?: number;
  /** Longest wait, milliseconds. @default 60,000 */
  readonly longestWaitMs?: number;
  /** @default prom-client's default registry */
  readonly registry?: Registry;
  readonly logger?: Logger;
}

/** What a purge did. */
export interface Invalidated {
  readonly paths: number;
  readonly tags: number;
  /** Calls to the CDN, repeated ones included. */
  readonly calls: number;
}

/** A purge that was not carried out, or only in part. */
export class InvalidationError extends Error {
  override readonly name = "InvalidationError";

  constructor(
    message: string,
    /** What was done before it. */
    readonly done: Invalidated,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const NOTHING: Invalidated = { paths: 0, tags: 0, calls: 0 };

/**
 * Tells a CDN what to forget: each thing once, in as few calls as allowed, one call at a time, with patience when it is
 * busy.
 *
 * - `cdn_invalidations_total{result}`, calls: `done`, `busy`, `failed`
 * - `cdn_invalidated_items_total{kind}`: `path`, `tag`
 */
export class CdnInvalidation {
  constructor(private readonly options: InvalidationOptions) {}

  /** @throws InvalidationError when it is refused, wrong, or the CDN does not take it */
  async purge(what: Purge): Promise<Invalidated> {
    const problems = purgeProblems(what);
    if (problems.length > 0) throw new InvalidationError(problems.join("; "), NOTHING);
    if (isEverything(what)) this.guardOrigin();
    const { calls, items } = this.counters();
    let done = NOTHING;
    for (const batch of purgeBatches(what, this.options.purger.limits)) {
      const tried = await this.patiently(
        async (reference) => this.options.purger.purge(batch, reference),
        done,
      );
      done = {
        paths: done.paths + batch.paths.length,
        tags: done.tags + batch.tags.length,
        calls: done.calls + tried,
      };
      calls.inc({ result: "done" });
      items.inc({ kind: "path" }, batch.paths.length);
      items.inc({ kind: "tag" }, batch.tags.length);
    }
    return done;
  }

  private guardOrigin(): void {
    const { guard } = this.options;
    const refusal =
      guard === undefined
        ? '"/*" is refused: nobody said what the origin serves; purge the paths or tags that changed'
        : everythingRefused(guard);
    if (refusal !== undefined) throw new InvalidationError(refusal, NOTHING);
  }

  /** @returns how often it was tried */
  private async patiently(call: (reference: string) => Promise<void>, done: Invalidated): Promise<number> {
    const { attempts = 6, firstWaitMs = 1000, longestWaitMs = 60_000, logger = defaultLogger } = this.options;
    const { calls } = this.counters();
    const reference = randomUUID();
    for (let attempt = 1; ; attempt++) {
      try {
        await call(reference);
        return attempt;
      } catch (error) {
        const passes = error instanceof PurgeBusy;
        calls.inc({ result: passes ? "busy" : "failed" });
        if (!passes || attempt >= attempts) {
          const reason = error instanceof Error ? error.message : "unknown";
          const tried = attempt === 1 ? "" : ` (tried ${attempt} times)`;
          throw new InvalidationError(`the CDN did not take it: ${reason}${tried}`, done, { cause: error });
        }
        const asked = (error.retryAfterSeconds ?? 0) * 1000;
        const waitMs = Math.min(longestWaitMs, Math.max(asked, firstWaitMs * 2 ** (attempt - 1)));
        logger.warn("CDN busy, waiting", { attempt, waitMs });
        await sleep(waitMs);
      }
    }
  }

  private counters(): {
    calls: ReturnType<typeof counter<"result">>;
    items: ReturnType<typeof counter<"kind">>;
  } {
    const { registry = register } = this.options;
    return {
      calls: counter(registry, {
        name: "cdn_invalidations_total",
        help: "Calls that told the CDN to forget something, by what became of them",
        labelNames: ["result"],
      }),
      items: counter(registry, {
        name: "cdn_invalidated_items_total",
        help: "Paths and tags that the CDN was told to forget",
        labelNames: ["kind"],
      }),
    };
  }
}
