/** Who keeps connections to what, read from the services' summaries. */
import { paceOf, type ConnectionUser } from "./connections";
import type { ServiceSummary } from "./summary";

/** A service that keeps a pool, at its largest. */
export interface PoolUser extends ConnectionUser {
  readonly workload: string;
}

/** The services that keep a pool to a cache. @param cache its workload's name */
export function cacheUsersOf(cache: string, services: readonly ServiceSummary[]): PoolUser[] {
  // A cache may be called like something that every object has: constructor.
  return services.flatMap((service) =>
    userOf(service, new Map(Object.entries(service.cachePools)).get(cache) ?? 0),
  );
}

/** The services that keep a pool to the database. A stack has one. */
export function databaseUsersOf(services: readonly ServiceSummary[]): PoolUser[] {
  return services.flatMap((service) => userOf(service, service.databasePool));
}

function userOf(service: ServiceSummary, poolSize: number): PoolUser[] {
  if (poolSize === 0) return [];
  const { workload, replicas, maxSurge, processesPerPod, timeouts, profile } = service;
  const pace = paceOf(timeouts.drain.terminationGrace, profile);
  return [{ workload, maxReplicas: replicas.max, maxSurge, processesPerPod, poolSize, pace }];
}
