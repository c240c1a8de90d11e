/** A cache that lost a server, and the database that answers in its place. Seconds, queries, entries. */
import type { Random } from "../traffic/random";

/** How requests use a cache and the database behind it. */
export interface CacheModel {
  /** Lookups of one request, on average. */
  readonly lookups: number;
  /** Share of them that is found when nothing is wrong; what is not found is in the service time already. */
  readonly hitRatio: number;
  /** Queries that a miss costs, and queries of one request with all that is found, on average. */
  readonly queriesPerMiss: number;
  readonly queriesPerRequest: number;
  /** Mean time of one query while the database keeps up, seconds. */
  readonly querySeconds: number;
  /** Queries/s that keep the database busy all the time. */
  readonly databaseRate: number;
}

/** What is lost. */
export interface CacheLossModel {
  /** It answers nothing for so long, seconds. */
  readonly awaySeconds: number;
  /** Entries that it has to be given again, asked for equally often; 0 where another server has them. */
  readonly entries: number;
}

/** Share of the entries from which on a cache counts as full. */
const FULL = 0.999;

export class ColdCache {
  private readonly there: Uint8Array;
  private filled = 0;
  private readonly backAt: number;
  /** Moment at which the database has answered everything that it was asked. */
  private answeredAt = 0;

  constructor(
    private readonly model: CacheModel,
    private readonly loss: CacheLossModel,
    now: number,
    private readonly random: Random,
  ) {
    this.there = new Uint8Array(loss.entries);
    this.backAt = now + loss.awaySeconds;
  }

  /** Everything is as before. */
  isOver(now: number): boolean {
    return now >= this.backAt && now >= this.answeredAt && this.filled >= FULL * this.loss.entries;
  }

  /**
   * Queries of a request that begins now: those it makes anyway, and those it makes because something is missing. What was
   * missing is there for the next one.
   */
  queries(now: number): { readonly usual: number; readonly more: number } {
    const { lookups, hitRatio, queriesPerMiss, queriesPerRequest } = this.model;
    let misses = 0;
    for (let lookup = this.whole(lookups); lookup > 0; lookup--) {
      if (this.random.next() < hitRatio && this.isMissing(now)) misses++;
    }
    return { usual: this.whole(queriesPerRequest), more: this.whole(misses * queriesPerMiss) };
  }

  /** A query that is sent now. @returns how long it waits for its turn, seconds */
  query(now: number): number {
    const turn = Math.max(now, this.answeredAt);
    this.answeredAt = turn + 1 / this.model.databaseRate;
    return turn - now;
  }

  private isMissing(now: number): boolean {
    if (now < this.backAt) return true;
    if (this.loss.entries === 0) return false;
    const entry = this.random.below(this.loss.entries);
    if (this.there[entry] === 1) return false;
    this.there[entry] = 1;
    this.filled++;
    return true;
  }

  /** A whole number with that mean. */
  private whole(mean: number): number {
    const least = Math.floor(mean);
    return least + (this.random.next() < mean - least ? 1 : 0);
  }
}
