/** What a stack does while its caches miss: promises of services and of the database, for one decides how long the other waits. */
import { cacheLoss } from "../budget/caching/loss";
import { own } from "../budget/core/own";
import type { PerformanceBudget } from "../budget/core/performance-budget";
import { atlasTiers, type AtlasCloud } from "../budget/database/atlas-tiers";
import {
  clusterLimits,
  coldDatabaseProofs,
  mostQueries,
  primaryLimit,
  type MissingUser,
  type QueryLimit,
} from "../budget/database/cold-cache";
import { QUERIES_PER_CORE } from "../budget/database/load";
import { queriesInFlight, type DatabaseUser } from "../budget/database/mongodb";
import { coldCachePart, type ColdCachePart, type LossyCache } from "../budget/service/cold-cache";
import type { Balancing } from "../budget/service/demand";
import { queriesAt } from "../budget/service/misses";
import { DATABASE_NAME, type PlannedDatabase } from "./plan-database";
import type { PlannedService } from "./planned-service";
import type { ServiceInput, StackInputs } from "./stack-inputs";

const ATLAS_CLOUDS: readonly AtlasCloud[] = ["aws", "gcp"];

/** A service as it is planned with all caches full. */
export interface WarmService {
  readonly name: string;
  readonly input: ServiceInput;
  readonly planned: Pick<PlannedService, "budget" | "plan" | "databasePool" | "timeouts">;
  readonly balancing: Balancing;
}

interface Asked {
  readonly service: WarmService;
  /** Caches that answer for the database. */
  readonly caches: readonly LossyCache[];
  /** Queries/s at its peak at a hit ratio. */
  readonly queries: (hits: number) => number;
}

/** What is added to the plans of a stack. */
export interface ColdCachePlan {
  readonly services: Readonly<Record<string, ColdCachePart>>;
  readonly database: PlannedDatabase | undefined;
}

export function planColdCaches(
  inputs: StackInputs,
  services: readonly WarmService[],
  database: PlannedDatabase | undefined,
  users: readonly DatabaseUser[],
  budget: PerformanceBudget,
): ColdCachePlan {
  const all = services.flatMap((service) => askedBy(inputs, service));
  const missing = all.filter(({ caches }) => caches.length > 0);
  if (missing.length === 0) return { services: {}, database };
  const limits = limitsOf(inputs, database, users, budget);
  const databaseRate = mostQueries(limits);
  // Services look at the same few hit ratios, and there may be a thousand of them.
  const known = new Map<number, number>();
  const together = (hits: number): number => {
    const found = known.get(hits) ?? all.reduce((sum, { queries }) => sum + queries(hits), 0);
    known.set(hits, found);
    return found;
  };
  const parts = missing.flatMap((one) => {
    const { service, caches } = one;
    const { input, planned, balancing, name } = service;
    const part =
      input.database &&
      coldCachePart({
        service: name,
        ...input,
        budget: planned.budget,
        zones: inputs.cluster.zones,
        balancing,
        plan: planned.plan,
        queries: input.database,
        databasePool: planned.databasePool,
        databaseRate,
        othersAsk: (hits) => together(hits) - one.queries(hits),
        waitSeconds: planned.timeouts.request.proxy,
        caches,
      });
    return part === undefined ? [] : [{ ...one, name, part }];
  });
  const cold = parts.map(({ name, service, queries, part }): MissingUser => {
    const { target, critical } = service.planned.budget.cacheHitRatio;
    const { cacheLossSeconds: accepted = 0 } = service.input.resilience ?? {};
    return {
      service: name,
      planned: queries(target),
      paging: queries(critical),
      empty: queries(0),
      seconds: part.seconds,
      accepted,
    };
  });
  const planned = cold.reduce((sum, user) => sum + user.planned, 0);
  const asked = users.reduce((sum, { peakRps, queriesPerRequest }) => sum + peakRps * queriesPerRequest, 0);
  const others = Math.max(0, asked - planned);
  return {
    services: Object.fromEntries(parts.map(({ name, part }) => [name, part])),
    database: withProofs(database, (name) => coldDatabaseProofs(name, limits, cold, others)),
  };
}

/** @returns nothing for a service that asks no database: what misses cost it is not known */
function askedBy({ caches = {} }: StackInputs, service: WarmService): Asked[] {
  const { input, planned } = service;
  const { database, demand } = input;
  if (database === undefined) return [];
  const { target } = planned.budget.cacheHitRatio;
  const used = Object.entries(input.caches).flatMap(([name, { callsPerRequest }]): LossyCache[] => {
    const cache = own(caches, name);
    // A session store answers for nobody.
    if (cache?.purpose !== "cache") return [];
    return [{ cache: name, callsPerRequest, ...cacheLoss(cache) }];
  });
  const depends = used.length > 0 && target < 1;
  const queries = (hits: number): number =>
    demand.peakRps *
    (depends ? queriesAt(database, target, Math.min(hits, target)) : database.queriesPerRequest);
  return [{ service, caches: depends ? used : [], queries }];
}

function limitsOf(
  { database: given }: StackInputs,
  planned: PlannedDatabase | undefined,
  users: readonly DatabaseUser[],
  budget: PerformanceBudget,
): QueryLimit[] {
  if (planned === undefined || given === undefined) return [];
  const { peakQueries, shardQueries } = planned.plan.numbers;
  const { queriesPerCore = QUERIES_PER_CORE } = given;
  const common = { peakQueries: peakQueries.value, shardQueries: shardQueries.value, budget };
  if (planned.kind === "percona" && given.kind === "percona") {
    const { routers, routerPool } = planned.plan.numbers;
    return clusterLimits({
      ...common,
      routers: routers.value,
      routerRate: given.routers.cpuCores * given.routers.queriesPerCore,
      routerPool: routerPool.value,
      querySeconds: peakQueries.value === 0 ? 0 : queriesInFlight(users) / peakQueries.value,
      memberRate: given.cpuCores * queriesPerCore,
    });
  }
  return [primaryLimit({ ...common, memberRate: coresOf(planned) * queriesPerCore })];
}

/** Cores of the smallest tier: Atlas does not scale within minutes. */
function coresOf({ plan }: PlannedDatabase): number {
  const name = plan.numbers["smallestTier"]?.value;
  // In every region a tier has the same cores.
  return (
    ATLAS_CLOUDS.flatMap((cloud) => atlasTiers(cloud, "")).find((tier) => tier.name === name)?.cpuCores ?? 0
  );
}

function withProofs(
  database: PlannedDatabase | undefined,
  proofs: (name: string) => ReturnType<typeof coldDatabaseProofs>,
): PlannedDatabase | undefined {
  if (database === undefined) return undefined;
  const more = proofs(DATABASE_NAME);
  return database.kind === "percona"
    ? { ...database, plan: { ...database.plan, proofs: [...database.plan.proofs, ...more] } }
    : { ...database, plan: { ...database.plan, proofs: [...database.plan.proofs, ...more] } };
}
