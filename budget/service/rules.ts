/** Rules between the numbers of a service that are sound by themselves. */
import { issue, type Issue } from "../core/issues";
import { budgetIssues } from "../core/budget-settings";
import { planService, type ServiceInputs } from "./plan";
import { profileIssues, type ProfileParts } from "./profile-issues";

/** Least memory of a Node.js process that does anything, MiB. */
export const LEAST_PROCESS_MIB = 128;

/** What the rules look at. */
export type RuledService = ServiceInputs & Pick<ProfileParts, "waits">;

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
        fix: "The peak is the highest rate of the day, and the base the lowest.",
      }),
    );
  }
  const leastMiB = LEAST_PROCESS_MIB * processesPerPod;
  if (resources.memoryMiB < leastMiB) {
    issues.push(
      issue(["resources", "memoryMiB"], resources.memoryMiB, {
        allowed: `at least ${leastMiB} (MiB), ${LEAST_PROCESS_MIB} for each process`,
        fix: "Give the pod more memory, or let it run fewer processes.",
      }),
    );
  }
  // A budget that is wrong itself bounds nothing.
  if (budgetIssues(service.budget).length > 0) return issues;
  const together = profileIssues(service);
  return issues.length + together.length > 0 ? [...issues, ...together] : unplannable(service);
}

/** What only the plan knows: no fleet within bounds keeps the promises. */
function unplannable(service: RuledService): Issue[] {
  const why = noPlan(service);
  if (why === undefined) return [];
  const { demand } = service;
  const isTooSteep = noPlan({ ...service, demand: { ...demand, growthPerMinute: 0 } }) === undefined;
  const [key, fix] = isTooSteep
    ? ([
        "growthPerMinute",
        "0.2 means 20 % more within a minute; or raise profile.concurrencyPerPod.",
      ] as const)
    : (["peakRps", "Raise profile.concurrencyPerPod to what was measured, or loosen the budget."] as const);
  return [issue(["demand", key], demand[key], { allowed: `what a fleet keeps up with: ${why}`, fix })];
}

/** Why there is no plan; undefined where there is one. */
function noPlan(service: RuledService): string | undefined {
  try {
    planService(service);
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
