/** How a service of a stack uses the cache whose loss hurts most, as it is simulated. */
import { cacheLoss } from "../../budget/caching/loss";
import { own } from "../../budget/core/own";
import { QUERIES_PER_CORE } from "../../budget/database/load";
import type { ServiceInput, StackInputs, StackPlan } from "../../plan/plan-stack";
import type { CacheLossModel, CacheModel } from "../caching/cold-cache";

export interface CachedUse {
  readonly model: CacheModel;
  readonly loss: CacheLossModel;
}

/** @param hitRatio at which the service was measured. @returns undefined where the database makes up for no cache */
export function cachedUse(
  inputs: StackInputs,
  name: string,
  { caches, database }: ServiceInput,
  hitRatio: number,
  planned: StackPlan["database"],
): CachedUse | undefined {
  if (database === undefined) return undefined;
  const used = Object.entries(caches).flatMap(([cacheName, { callsPerRequest }]) => {
    const cache = own(inputs.caches ?? {}, cacheName);
    return cache?.purpose === "cache" ? [{ callsPerRequest, ...cacheLoss(cache) }] : [];
  });
  const [first] = used;
  const cached = database.queriesPerRequest - (database.uncachedQueriesPerRequest ?? 0);
  if (first === undefined || cached <= 0 || hitRatio >= 1) return undefined;
  const worst = used.reduce(
    (a, b) => (b.entries > a.entries || b.awaySeconds > a.awaySeconds ? b : a),
    first,
  );
  return {
    model: {
      lookups: worst.callsPerRequest,
      hitRatio,
      queriesPerMiss: cached / (worst.callsPerRequest * (1 - hitRatio)),
      queriesPerRequest: database.queriesPerRequest,
      querySeconds: database.querySeconds,
      databaseRate: databaseRate(inputs, name, planned),
    },
    loss: { awaySeconds: worst.awaySeconds, entries: worst.entries },
  };
}

/** What the primaries answer when they do nothing else, less what other services ask. */
function databaseRate(
  { database, services }: StackInputs,
  name: string,
  planned: StackPlan["database"],
): number {
  if (database === undefined || planned === undefined) return Infinity;
  const { peakQueries, shardQueries } = planned.plan.numbers;
  const { queriesPerCore = QUERIES_PER_CORE } = database;
  const others = Object.entries(services).reduce(
    (sum, [other, { demand, database: use }]) =>
      other === name ? sum : sum + demand.peakRps * (use?.queriesPerRequest ?? 0),
    0,
  );
  // Of Atlas the smallest cores there are.
  const cores = database.kind === "percona" ? database.cpuCores : 2;
  const largestShare = shardQueries.value / peakQueries.value;
  return Math.max(1, (cores * queriesPerCore) / largestShare - others);
}
