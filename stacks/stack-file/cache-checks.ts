/** Rules of caches that only their plan knows: what their components would refuse, with the line of the file. */
import { cacheIssues } from "../../budget/caching/rules";
import type { Issue } from "../../budget/core/issues";
import { cacheUsers, planServices, type ServicesInputs } from "../../plan/plan-stack";

/**
 * @param stack its caches are sound by themselves
 * @param planned its services can be planned; else the caches are judged as if nobody connected
 */
export function cachePlanIssues(stack: ServicesInputs, planned: boolean): Issue[] {
  const services = planned ? planServices(stack) : {};
  return Object.entries(stack.caches ?? {}).flatMap(([name, cache]) => {
    const users = cacheUsers(stack, services, name);
    const { zones } = stack.cluster;
    return cacheIssues({ ...cache, cache: name, zones, users }).map((issue) => ({
      ...issue,
      // Who connects is no key of the cache.
      path: ["caches", name, ...(issue.path[0] === "users" ? [] : issue.path)],
    }));
  });
}
