/** What a database is asked while the caches in front of it miss, and what it answers then. Queries/s. */
import { number, rate } from "../core/format";
import type { PerformanceBudget } from "../core/performance-budget";
import type { Proof } from "../core/proof";
import { withoutNoise } from "../core/rounding";

/** A service whose caches answer for the database. */
export interface MissingUser {
  readonly service: string;
  /** Queries/s at its peak: as planned, at the hit ratio that pages, and with empty caches. */
  readonly planned: number;
  readonly paging: number;
  readonly empty: number;
  /** For how long it is out of its budget after the loss of a cache, and how long that is accepted, seconds. */
  readonly seconds: number;
  readonly accepted: number;
}

/** One thing that limits the queries of all services together. */
export interface QueryLimit {
  /** As in `the routers pass on`. */
  readonly what: string;
  readonly most: number;
  readonly mend: readonly string[];
}

/** What limits a database in the cluster, with one router missing. */
export function clusterLimits(parts: {
  readonly routers: number;
  readonly routerRate: number;
  readonly routerPool: number;
  /** Queries/s of all services at peak, of the largest shard, and the mean time of one. */
  readonly peakQueries: number;
  readonly shardQueries: number;
  readonly querySeconds: number;
  readonly memberRate: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
}): QueryLimit[] {
  const left = Math.max(1, parts.routers - 1);
  return [
    {
      what: "routers, one of them missing, pass on",
      most: withoutNoise(left * parts.routerRate),
      mend: ["routers.cpuCores", "routers.queriesPerCore"],
    },
    {
      what: "pools of the routers have connections for",
      most: parts.querySeconds === 0 ? Infinity : (left * parts.routerPool) / parts.querySeconds,
      mend: ["retrofitlink:services"],
    },
    primaryLimit(parts),
  ];
}

/** Primaries answer with the CPU at which somebody is paged. */
export function primaryLimit({
  peakQueries,
  shardQueries,
  memberRate,
  budget,
}: {
  readonly peakQueries: number;
  readonly shardQueries: number;
  readonly memberRate: number;
  readonly budget: Pick<PerformanceBudget, "cpuUtilization">;
}): QueryLimit {
  const share = peakQueries === 0 ? 1 : shardQueries / peakQueries;
  return {
    what: `primaries answer below ${number(budget.cpuUtilization.critical * 100)} % CPU`,
    most: withoutNoise((memberRate * budget.cpuUtilization.critical) / share),
    mend: ["cpuCores", "queriesPerCore", "shards"],
  };
}

/** The least of all limits, queries/s. */
export function mostQueries(limits: readonly QueryLimit[]): number {
  return Math.min(...limits.map(({ most }) => most));
}

/**
 * Promises for the hit ratio that pages, one for each limit, and one for empty caches.
 *
 * @param others queries/s of services without a cache in front
 */
export function coldDatabaseProofs(
  database: string,
  limits: readonly QueryLimit[],
  users: readonly MissingUser[],
  others: number,
): Proof[] {
  if (users.length === 0) return [];
  const sum = (of: (user: MissingUser) => number): number =>
    others + users.reduce((all, user) => all + of(user), 0);
  const [paging, empty, planned] = [
    sum((user) => user.paging),
    sum((user) => user.empty),
    sum((user) => user.planned),
  ];
  const most = mostQueries(limits);
  const narrowest = limits.find((limit) => limit.most === most);
  const services = users.map(
    ({ service }) => `retrofitlink:services.${service}.database.uncachedQueriesPerRequest`,
  );
  const mends = users.map(({ service }) => `retrofitlink:services.${service}.resilience.cacheLossSeconds`);
  const waits = users.map(
    ({ service, seconds, accepted }) =>
      `${service} ${Number.isFinite(seconds) ? `${number(seconds, 0)} s` : "without end"} ≤ ${number(accepted)} s accepted`,
  );
  const assumes = ["misses of all services at the same time, at their peaks", "queries of the working set"];
  return [
    ...limits.map((limit): Proof => ({
      policy: "lost-caches-are-carried",
      statement: `"${database}" answers the peak when caches hit so little that it pages: ${limit.what}`,
      inequality: `${rate(paging)} ≤ ${rate(limit.most)}; ${rate(planned)} as planned`,
      holds: paging <= limit.most,
      mend: [...limit.mend, ...services],
      assumes,
    })),
    {
      policy: "lost-caches-are-carried",
      statement: `"${database}" answers the peak with empty caches, or holds it back no longer than its services accept`,
      inequality:
        empty <= most
          ? `${rate(empty)} ≤ ${rate(most)}`
          : `${rate(empty)} > ${rate(most)}, what the ${narrowest?.what ?? ""}; ${waits.join(", ")}`,
      holds: empty <= most || users.every(({ seconds, accepted }) => seconds <= accepted),
      mend: [...mends, ...(narrowest?.mend ?? []), ...services],
      assumes: [...assumes, "pools of the services that bound what is under way"],
    },
  ];
}
