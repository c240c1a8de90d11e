import type { ReportViolation, StackValidationPolicy } from "@pulumi/policy";

import { MONITORS_PER_HOST, clientsPerRouter } from "../budget/database/mongodb";
import { livingPods } from "../budget/service/connections";
import { databaseUsersOf } from "../budget/service/pool-users";
import { COMPONENT_TYPES } from "../budget/core/component-types";
import type { DatabaseSummary } from "../budget/database/summary";
import type { ServiceSummary } from "../budget/service/summary";
import { currentReview, type Finding, type Review } from "./review";

const NAME = "database-connections-within-limits";

/** Databases of which a router turns clients away when every service is at its maximum and rolls out. */
export function overbookedRouters(
  services: readonly ServiceSummary[],
  databases: readonly DatabaseSummary[],
): Finding[] {
  const users = databaseUsersOf(services);
  const needed = clientsPerRouter(users);
  const terms = users.map(
    (user) =>
      `${user.workload}: ${livingPods(user)} pods * ${user.processesPerPod} processes * (${user.poolSize} + ${MONITORS_PER_HOST})`,
  );
  return databases
    .map(({ workload, configKey, numbers }) => ({
      workload,
      configKey,
      maxClients: numbers.maxClients.value,
    }))
    .filter(({ maxClients }) => maxClients < needed)
    .map(({ workload, maxClients, configKey }) => ({
      workload,
      message:
        `"${workload}" refuses connections when every service is at its maximum and rolls out\n` +
        `${maxClients} connections admitted >= ${needed} does not hold (${terms.join("; ")})`,
      change: configKey,
    }));
}

/** Services that query a database which nobody provides. */
export function missingDatabase(
  services: readonly ServiceSummary[],
  databases: readonly DatabaseSummary[],
): Finding[] {
  if (databases.length > 0) return [];
  return services
    .filter(({ databasePool }) => databasePool > 0)
    .map(({ workload, configKey }) => ({
      workload,
      message: `"${workload}" queries a database, and there is none in the stack`,
      change: `${configKey}.database`,
    }));
}

export function checkDatabaseConnections(report: ReportViolation, review: Review): void {
  const services = review.summaries<ServiceSummary>(COMPONENT_TYPES.elasticService);
  const databases = [
    ...review.summaries<DatabaseSummary>(COMPONENT_TYPES.mongoDbCluster),
    ...review.summaries<DatabaseSummary>(COMPONENT_TYPES.atlasCluster),
  ];
  review.prove(NAME, databases[0]?.urn ?? services[0]?.urn ?? "", () => {
    const urns = new Map([...services, ...databases].map(({ urn, summary }) => [summary.workload, urn]));
    const used = services.map(({ summary }) => summary);
    const there = databases.map(({ summary }) => summary);
    for (const finding of [...overbookedRouters(used, there), ...missingDatabase(used, there)]) {
      const urn = urns.get(finding.workload);
      review.judge(NAME, urn === undefined ? finding : { ...finding, urn }, report);
    }
  });
}

/** A stack policy: only all resources together show whether it holds. */
export const databaseConnectionsWithinLimits: StackValidationPolicy = {
  name: NAME,
  description: "Every router of the database admits what all services open at their maximum.",
  enforcementLevel: "mandatory",
  validateStack: (_args, report) => checkDatabaseConnections(report, currentReview),
};
