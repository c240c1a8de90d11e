/** Rules between the numbers of a service that are sound by themselves. */
import { budgetIssues } from "../core/budget-settings";
import { issue, type Issue } from "../core/issues";
import type { PerformanceBudget } from "../core/performance-budget";
import {
  DEFAULT_REACTION,
  autoscalerTarget,
  concurrentRequests,
  longestServiceTimeSeconds,
} from "./capacity";
import { PEAK_MARGIN, type ServiceInputs } from "./plan";

/** Least memory of a Node.js process that does anything, MiB. */
const LEAST_PROCESS_MIB = 128;

/**
 * Pods of one service at most. A cluster is built for 150,000 pods and 5,000 nodes (Kubernetes documentation, "Considerations
 * for large clusters"); beyond this a number was mistyped.
 */
const MOST_PODS = 5000;

/** What the rules look at. */
export type RuledService = Pick<
  ServiceInputs,
  "demand" | "profile" | "resources" | "processesPerPod" | "margin" | "reaction"
> & {
  readonly budget: PerformanceBudget;
};

/**
 * What makes a service impossible to plan, though each of its numbers is sound by itself. An empty list means that there
 * is a plan, and that it is found quickly.
 */
export function serviceIssues(service: RuledService): Issue[] {
  const { demand, resources, processesPerPod = 1 } = service;
  const issues: Issue[] = [];
  if (demand.peakRps < demand.baseRps) {
    issues.push(
      issue(["demand", "peakRps"], demand.peakRps, {
        allowed: `at least demand.baseRps, ${demand.baseRps} (requests/s)`,
        fix: "Give the highest rate the platform must serve.",
      }),
    );
  }
  const leastMiB = LEAST_PROCESS_MIB * processesPerPod;
  if (resources.memoryMiB < leastMiB) {
    issues.push(
      issue(["resources", "memoryMiB"], resources.memoryMiB, {
        allowed: `at least ${leastMiB} (MiB), ${LEAST_PROCESS_MIB} for each process`,
        fix: "Give what a load test measured, with a fifth to spare.",
      }),
    );
  }
  // A budget that is wrong itself bounds nothing.
  return budgetIssues(service.budget).length > 0 ? issues : [...issues, ...capacityIssues(service)];
}

function capacityIssues(service: RuledService): Issue[] {
  const { demand, profile, budget } = service;
  const longest = longestServiceTimeSeconds(budget);
  if (profile.serviceTimeSeconds >= longest) {
    return [
      issue(["profile", "serviceTimeSeconds"], profile.serviceTimeSeconds, {
        allowed: `below ${longest.toFixed(4)} (seconds), or no number of pods keeps the response time`,
        fix: "Make the request cheaper, or loosen budget.responseTimeP95Seconds and budget.responseTimeP99Seconds.",
      }),
    ];
  }
  const pods = podsAtPeak(service);
  if (pods <= MOST_PODS) return [];
  const still = podsAtPeak({ ...service, demand: { ...demand, growthPerMinute: 0 } });
  const said = { allowed: `what at most ${MOST_PODS} pods serve; this takes ${Math.ceil(pods)}` };
  return still <= MOST_PODS
    ? [
        issue(["demand", "growthPerMinute"], demand.growthPerMinute, {
          ...said,
          fix: "0.2 means 20 % more within a minute; or raise profile.concurrencyPerPod.",
        }),
      ]
    : [
        issue(["demand", "peakRps"], demand.peakRps, {
          ...said,
          fix: "Check profile.serviceTimeSeconds and profile.concurrencyPerPod, or split the service.",
        }),
      ];
}

/** Pods that utilization alone asks for at peak, by Little: a lower bound of the plan, found at once. */
function podsAtPeak({
  demand,
  profile,
  budget,
  margin = PEAK_MARGIN,
  reaction = DEFAULT_REACTION,
}: RuledService): number {
  const offered = concurrentRequests(demand.peakRps * (1 + margin), profile.serviceTimeSeconds);
  return offered / (profile.concurrencyPerPod * autoscalerTarget(demand, profile, budget, reaction));
}
