/**
 * The plan of a whole stack as one value: pure, in one pass, without an engine. Components take slices of it; policies,
 * pages, load tests and the simulation read it.
 */
import { mapValues, own } from "../budget/core/own";
import { callProofs, demandProof, type Call, type Party } from "../budget/service/calls";
import { DEFAULT_BUDGET, mergeBudget, type PerformanceBudget } from "../budget/core/performance-budget";
import { planCache, type CachePlan } from "../budget/caching/plan";
import type { CacheUser } from "../budget/caching/connections";
import type { DatabaseUser } from "../budget/database/mongodb";
import { planStackDatabase, type PlannedDatabase } from "./plan-database";
import { paceOf, servicePoolSize } from "../budget/service/connections";
import { MAX_SURGE, PEAK_MARGIN, planService, type ServiceInputs } from "../budget/service/plan";
import type { Balancing } from "../budget/service/demand";
import { timeoutChain, type TimeoutChain } from "../budget/timeouts/timeouts";
import { planServiceAutoscaling, serviceReaction, serviceSteering } from "./plan-autoscaling";
import { planColdCaches, type ColdCachePlan } from "./plan-cold-cache";
import { planTraffic, type PlannedTraffic } from "./plan-traffic";
import type { PlannedService } from "./planned-service";
import { chainThrough, frontChain, publicServices } from "./public-services";
import type { ServiceInput, StackInputs } from "./stack-inputs";

export type { PlannedService } from "./planned-service";
export type { ServiceInput, StackInputs } from "./stack-inputs";

/** What is planned for one cache. */
export interface PlannedCache {
  /** Services that connect to it, at their largest. */
  readonly users: readonly CacheUser[];
  readonly plan: CachePlan;
}

export interface StackPlan extends PlannedTraffic {
  /** The stack's own budget, for what belongs to no service. */
  readonly budget: PerformanceBudget;
  readonly services: Readonly<Record<string, PlannedService>>;
  readonly caches: Readonly<Record<string, PlannedCache>>;
  /** Services that query the database, at their largest. */
  readonly databaseUsers: readonly DatabaseUser[];
  /** Undefined without one. */
  readonly database: PlannedDatabase | undefined;
}

/** @throws RangeError when a number has no plan, which the checks of the stack file refuse before */
export function planStack(inputs: StackInputs): StackPlan {
  const budget = mergeBudget(DEFAULT_BUDGET, inputs.budget);
  const warm = planServices(inputs, budget);
  const users = databaseUsers(inputs, warm);
  const cold = planColdCaches(
    inputs,
    Object.entries(warm).flatMap(([name, planned]) => {
      const input = own(inputs.services, name);
      return input === undefined
        ? []
        : [{ name, input, planned, balancing: balancingOf(inputs, input, name) }];
    }),
    planStackDatabase(inputs, budget, users),
    users,
    budget,
  );
  const services = withColdCaches(warm, cold);
  return {
    budget,
    services,
    ...planTraffic(inputs, services),
    caches: mapValues(inputs.caches ?? {}, (cache, name) => {
      const clients = cacheUsers(inputs, services, name);
      return {
        users: clients,
        plan: planCache({ ...cache, cache: name, zones: inputs.cluster.zones, users: clients }),
      };
    }),
    databaseUsers: users,
    database: cold.database,
  };
}

function withColdCaches(
  services: Readonly<Record<string, PlannedService>>,
  cold: ColdCachePlan,
): Record<string, PlannedService> {
  return mapValues(services, (service, name) => {
    const part = own(cold.services, name);
    if (part === undefined) return service;
    const { numbers, proofs } = service.plan;
    return {
      ...service,
      plan: { numbers: { ...numbers, ...part.numbers }, proofs: [...proofs, ...part.proofs] },
    };
  });
}

/** What the services of a stack are planned from; of the proxy only whom it stands in front of. */
export type ServicesInputs = Omit<StackInputs, "loadBalancer"> & {
  readonly loadBalancer?: { readonly service: string } | undefined;
};

/** Adds what services promise each other. */
function withCalls(
  inputs: ServicesInputs,
  alone: Readonly<Record<string, PlannedService>>,
): Record<string, PlannedService> {
  const { cluster, services } = inputs;
  const partyOf = (name: string): Party | undefined => {
    const [input, planned] = [own(services, name), own(alone, name)];
    return input === undefined || planned === undefined
      ? undefined
      : {
          service: name,
          zones: cluster.zones,
          ...input,
          ...planned,
          balancing: balancingOf(inputs, input, name),
        };
  };
  const calls = Object.entries(services).flatMap(([name, { calls: callees }]) =>
    Object.entries(callees).flatMap(([calleeName, { callsPerRequest }]): Call[] => {
      const [caller, callee] = [partyOf(name), partyOf(calleeName)];
      return caller === undefined || callee === undefined ? [] : [{ caller, callee, callsPerRequest }];
    }),
  );
  if (calls.length === 0) return { ...alone };
  return mapValues(alone, (service, name) => {
    const incoming = calls.filter(({ callee }) => callee.service === name);
    const outgoing = calls.filter(({ caller }) => caller.service === name);
    const more = [
      ...incoming.slice(0, 1).map(({ callee }) => demandProof(callee, incoming)),
      ...outgoing.flatMap(callProofs),
    ];
    return { ...service, plan: { ...service.plan, proofs: [...service.plan.proofs, ...more] } };
  });
}

/** What all public services share: their names, and the chain in front of them. */
interface Front {
  readonly names: ReadonlySet<string>;
  readonly timeouts: TimeoutChain | undefined;
}

/** A service that only others of the cluster call drains by its own rules: no load balancer has to notice. */
function chainTo(
  inputs: ServicesInputs,
  { names, timeouts }: Front,
  name: string,
  maxRequestSeconds: number,
): TimeoutChain {
  return names.has(name) && timeouts !== undefined
    ? chainThrough(inputs, timeouts, maxRequestSeconds)
    : timeoutChain({ maxRequestSeconds, cloud: "local" });
}

type PlannedServices = Readonly<Record<string, PlannedService>>;

/** The services alone: everything else follows from them. @throws RangeError as {@link planStack} */
export function planServices(
  inputs: ServicesInputs,
  budget: PerformanceBudget = mergeBudget(DEFAULT_BUDGET, inputs.budget),
): PlannedServices {
  const front = { names: new Set(publicServices(inputs)), timeouts: frontChain(inputs) };
  return withCalls(
    inputs,
    mapValues(inputs.services, (service, name) => planned(inputs, front, budget, service, name)),
  );
}

/** Services that connect to a cache, at their largest. */
export function cacheUsers(inputs: ServicesInputs, services: PlannedServices, cache: string): CacheUser[] {
  return usersOf(inputs, services, ({ cachePools }) => own(cachePools, cache));
}

/** Services that query the database, at their largest. */
export function databaseUsers(inputs: ServicesInputs, services: PlannedServices): DatabaseUser[] {
  const queriers = usersOf(inputs, services, ({ databasePool }) => databasePool);
  return queriers.flatMap((user) => {
    const { database, demand } = own(inputs.services, user.service) ?? {};
    if (database === undefined || demand === undefined) return [];
    return { ...user, peakRps: demand.peakRps, ...database };
  });
}

function usersOf(
  inputs: ServicesInputs,
  services: PlannedServices,
  poolOf: (service: PlannedService) => number | undefined,
): CacheUser[] {
  return Object.entries(services).flatMap(([name, planned]) => {
    const poolSize = poolOf(planned) ?? 0;
    const service = own(inputs.services, name);
    if (poolSize === 0 || service === undefined) return [];
    const maxReplicas = planned.plan.numbers.max.value;
    const { processesPerPod, profile } = service;
    const pace = paceOf(planned.timeouts.drain.terminationGrace, profile);
    return { service: name, maxReplicas, maxSurge: MAX_SURGE, processesPerPod, poolSize, pace };
  });
}

/** A Service of Kubernetes chooses a pod for each connection, and knows nothing of requests. */
function balancingOf(
  { loadBalancer }: Pick<ServicesInputs, "loadBalancer">,
  service: ServiceInput,
  name: string,
): Balancing {
  const isPublic =
    loadBalancer !== undefined && (loadBalancer.service === name || service.public !== undefined);
  return service.balancing ?? (isPublic ? "least-connections" : "per-connection");
}

/** What decides whether a service has a plan; its pools and its drain do not. */
export function serviceInputs(
  inputs: Pick<ServicesInputs, "cluster" | "loadBalancer" | "autoscaling">,
  stackBudget: PerformanceBudget,
  service: ServiceInput,
  name: string,
): ServiceInputs {
  const { demand, profile, resources, processesPerPod, margin = PEAK_MARGIN, resilience } = service;
  const { zones } = inputs.cluster;
  const budget = mergeBudget(stackBudget, service.budget);
  return {
    service: name,
    demand,
    profile,
    budget,
    zones,
    resources,
    processesPerPod,
    margin,
    reaction: serviceReaction(inputs, serviceSteering(inputs, service, budget)),
    balancing: balancingOf(inputs, service, name),
    resilience,
  };
}

function planned(
  inputs: ServicesInputs,
  front: Front,
  stackBudget: PerformanceBudget,
  service: ServiceInput,
  name: string,
): PlannedService {
  const { profile, processesPerPod, maxRequestSeconds, caches, database } = service;
  const decisive = serviceInputs(inputs, stackBudget, service, name);
  const cachePools = mapValues(caches, (calls) => servicePoolSize(profile, processesPerPod, calls));
  const queries =
    database === undefined
      ? undefined
      : { callsPerRequest: database.queriesPerRequest, callSeconds: database.querySeconds };
  // Queries in flight at most, as if all of them met the same router.
  const databasePool = queries === undefined ? 0 : servicePoolSize(profile, processesPerPod, queries);
  const timeouts = chainTo(inputs, front, name, maxRequestSeconds);
  const plan = planService({
    ...decisive,
    terminationSeconds: timeouts.drain.terminationGrace,
    cachePools,
    databasePool,
  });
  return {
    budget: decisive.budget,
    timeouts,
    plan,
    autoscaling: planServiceAutoscaling(inputs, name, service, decisive.budget, plan),
    cachePools,
    databasePool,
  };
}
