import type { ReportViolation, StackValidationPolicy } from "@pulumi/policy";

import {
  RESERVED_CLIENTS,
  expectedClients,
  maxClients,
  replicationClients,
} from "../budget/service/connections";
import { cacheUsersOf } from "../budget/service/pool-users";
import { CACHE_TYPES, type CacheSummary } from "../budget/caching/summary";
import { COMPONENT_TYPES } from "../budget/core/component-types";
import type { ServiceSummary } from "../budget/service/summary";
import { OBJECT_POLICIES, type ObjectPolicy } from "../budget/core/policies";
import { currentReview, type Finding, type Review } from "./review";

const NAME: ObjectPolicy = "cache-connections-within-limits";

/** Caches that cannot take what the services of the whole stack open at worst. */
export function overbooked(services: readonly ServiceSummary[], caches: readonly CacheSummary[]): Finding[] {
  const found: Finding[] = [];
  for (const cache of caches) {
    const users = cacheUsersOf(cache.workload, services);
    const needed = maxClients(users, reserveOf(cache));
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

/** Connections beside those of the services. The members of a managed cache are the provider's business. */
function reserveOf({ kind, replicas }: CacheSummary): number {
  const own = kind === "in-cluster" && replicas > 0 ? replicationClients(replicas + 1) : 0;
  return RESERVED_CLIENTS + own;
}

/** Caches that services name and nobody provides. */
export function missingCaches(
  services: readonly ServiceSummary[],
  caches: readonly CacheSummary[],
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

export function checkConnections(report: ReportViolation, review: Review): void {
  const services = review.summaries<ServiceSummary>(COMPONENT_TYPES.elasticService);
  const caches = CACHE_TYPES.flatMap((type) => review.summaries<CacheSummary>(type));
  review.prove(NAME, services[0]?.urn ?? "", () => {
    const urns = new Map([...services, ...caches].map(({ urn, summary }) => [summary.workload, urn]));
    const judged = [services.map(({ summary }) => summary), caches.map(({ summary }) => summary)] as const;
    for (const finding of [...overbooked(...judged), ...missingCaches(...judged)]) {
      const urn = urns.get(finding.workload);
      review.judge(NAME, urn === undefined ? finding : { ...finding, urn }, report);
    }
  });
}

/** A stack policy: only all resources together show whether it holds. */
export const cacheConnectionsWithinLimits: StackValidationPolicy = {
  name: NAME,
  description: OBJECT_POLICIES[NAME],
  enforcementLevel: "mandatory",
  validateStack: (_args, report) => checkConnections(report, currentReview),
};
