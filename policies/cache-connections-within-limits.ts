import type { PolicyResource, ReportViolation, StackValidationPolicy } from "@pulumi/policy";

import { expectedClients, maxClients } from "../budget/connections";
import { COMPONENT_TYPES, type RedisSummary, type ServiceSummary } from "../budget/summaries";
import { currentReview, type Finding, type Review } from "./review";

const NAME = "cache-connections-within-limits";

function summaries<Summary>(resources: readonly PolicyResource[], type: string): Summary[] {
  return resources
    .filter((resource) => resource.type === type)
    .map(({ props }) => props as unknown as Summary);
}

/** Caches that cannot take what the services of the whole stack open at worst. */
export function overbooked(services: readonly ServiceSummary[], caches: readonly RedisSummary[]): Finding[] {
  const found: Finding[] = [];
  for (const cache of caches) {
    const users = services.flatMap((service) => {
      const poolSize = service.cachePools[cache.workload];
      if (poolSize === undefined) return [];
      const { maxSurge, processesPerPod, replicas, workload } = service;
      return [{ workload, maxReplicas: replicas.max, maxSurge, processesPerPod, poolSize }];
    });
    const needed = maxClients(users);
    if (cache.maxClients >= needed) continue;
    const terms = users.map(
      ({ workload, maxReplicas, maxSurge, processesPerPod, poolSize }) =>
        `${workload}: ${maxReplicas} pods + ${maxSurge * 100} % * ${processesPerPod} processes * ${poolSize}`,
    );
    found.push({
      workload: cache.workload,
      message:
        `"${cache.workload}" refuses connections when every service is at its maximum and rolls out\n` +
        `maxclients ${cache.maxClients} >= ${needed} does not hold: 1.2 * ${expectedClients(users)} + reserve (${terms.join("; ")})`,
      change: cache.configKey,
    });
  }
  return found;
}

/** Caches that services name and nobody provides. */
export function missingCaches(
  services: readonly ServiceSummary[],
  caches: readonly RedisSummary[],
): Finding[] {
  const there = new Set(caches.map(({ workload }) => workload));
  return services.flatMap(({ workload, configKey, cachePools }) =>
    Object.keys(cachePools)
      .filter((cache) => !there.has(cache))
      .map((cache) => ({
        workload,
        message: `"${workload}" connects to "${cache}", which is not in the stack`,
        change: `${configKey}.caches.${cache}`,
      })),
  );
}

export function checkConnections(
  resources: readonly PolicyResource[],
  report: ReportViolation,
  review: Review,
): void {
  review.prove(NAME, resources[0]?.urn ?? "", () => {
    const services = summaries<ServiceSummary>(resources, COMPONENT_TYPES.elasticService);
    const caches = summaries<RedisSummary>(resources, COMPONENT_TYPES.redis);
    const urns = new Map(
      resources
        .filter(({ type }) => type.startsWith("retrofitlink:") && type !== COMPONENT_TYPES.platform)
        .map(({ props, urn }) => [(props as { workload: string }).workload, urn]),
    );
    for (const finding of [...overbooked(services, caches), ...missingCaches(services, caches)]) {
      const urn = urns.get(finding.workload);
      review.judge(NAME, urn === undefined ? finding : { ...finding, urn }, report);
    }
  });
}

/** A stack policy: only all resources together show whether it holds. */
export const cacheConnectionsWithinLimits: StackValidationPolicy = {
  name: NAME,
  description: "Every cache admits what all services of the stack open at their maximum, during a rollout.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, report) => checkConnections(resources, report, currentReview),
};
