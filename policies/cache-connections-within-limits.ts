import type { ReportViolation, StackValidationPolicy } from "@pulumi/policy";

import { CACHE_TYPES, type CacheSummary } from "../budget/caching/summary";
import { COMPONENT_TYPES } from "../budget/core/component-types";
import { expectedClients } from "../budget/service/connections";
import { cacheUsersOf } from "../budget/service/pool-users";
import type { ServiceSummary } from "../budget/service/summary";
import { OBJECT_POLICIES, type ObjectPolicy } from "../budget/core/policies";
import { currentReview, type Finding, type Review } from "./review";

const NAME: ObjectPolicy = "cache-connections-within-limits";

/** Caches whose plan counts on fewer connections than the services of the whole stack open at worst. */
export function overbooked(services: readonly ServiceSummary[], caches: readonly CacheSummary[]): Finding[] {
  return caches.flatMap(({ workload, configKey, numbers }) => {
    const users = cacheUsersOf(workload, services);
    const opened = expectedClients(users);
    const counted = numbers.clients.value;
    if (opened <= counted) return [];
    const terms = users.map((user) => `${user.workload} ${expectedClients([user])}`);
    return {
      workload,
      message:
        `"${workload}" was planned for fewer connections than its services open at their most pods in a rollout\n` +
        `${counted} planned >= ${opened} = ${terms.join(" + ")} does not hold`,
      change: configKey,
    };
  });
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

/**
 * A stack policy: it compares services with caches. That a cache admits what its plan counts on is a promise of that plan,
 * connections-within-limits.
 */
export const cacheConnectionsWithinLimits: StackValidationPolicy = {
  name: NAME,
  description: OBJECT_POLICIES[NAME],
  enforcementLevel: "mandatory",
  validateStack: (_args, report) => checkConnections(report, currentReview),
};
