/** Numbers that several parts of a stack derive from the same keys of its file. */
import { servicePoolSize } from "../../budget/service/connections";
import { timeoutLadder, type LadderCdn, type TimeoutLadder } from "../../budget/timeouts/timeouts";
import { servicePlan } from "../../components/workload/elastic-service";
import { serviceBudget, type ServiceConfig, type StackConfig } from "../stack-file/config";

/** Replicas of a service. */
export function planOf(config: StackConfig, service: ServiceConfig): ReturnType<typeof servicePlan> {
  const { demand, profile } = service;
  return servicePlan({
    demand,
    profile,
    budget: serviceBudget(config, service),
    zones: config.cluster.zones,
  });
}

/** Connections one process keeps to a cache. */
export function poolSizeOf(service: ServiceConfig, cache: string): number {
  // A cache may be called like something that every object has: constructor.
  const used = Object.hasOwn(service.caches, cache) ? service.caches[cache] : undefined;
  const calls = used ?? { callsPerRequest: 0, callSeconds: 0 };
  return servicePoolSize(service.profile, service.processesPerPod, calls);
}

/** What stands in front of the load balancer. */
export function cdnOf({ cdn }: Pick<StackConfig, "cdn">): LadderCdn {
  return cdn?.provider ?? "none";
}

/** Timeouts of the way to a service. */
export function ladderOf(config: StackConfig, service: ServiceConfig): TimeoutLadder {
  return timeoutLadder({
    maxRequestSeconds: service.maxRequestSeconds,
    cloud: config.cluster.cloud,
    cdn: cdnOf(config),
  });
}

/** Connections one process keeps to one router: queries in flight at most, as if all of them met the same router. */
export function databasePoolSize(
  service: ServiceConfig,
  { queriesPerRequest, querySeconds }: NonNullable<ServiceConfig["database"]>,
): number {
  return servicePoolSize(service.profile, service.processesPerPod, {
    callsPerRequest: queriesPerRequest,
    callSeconds: querySeconds,
  });
}
